//! `cargo xtask layers`: the folder is the layer, and arrows only point down.
//!
//! `face → run → {logic, io} → base`. Nothing but `face/cli` and tests sees `sim`.

mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::error::ChoreError;
use crate::metadata::Metadata;
use crate::{process, tidy};

/// Checks the arrows of `cargo metadata`, what the logic crates are built of, and what their source names.
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    if !arguments.is_empty() {
        return Err(ChoreError::Usage("`layers` takes no arguments".to_owned()));
    }
    let metadata = Metadata::of_workspace()?;
    let mut violations = check(&metadata);
    violations.extend(logic_sources()?);
    for violation in &violations {
        println!("{violation}");
    }
    if violations.is_empty() {
        println!(
            "layers: {} crates, {} arrows, all well",
            metadata.member_folders().len(),
            metadata.arrows().len()
        );
        return Ok(());
    }
    Err(ChoreError::Found(format!("{} arrows break the layers", violations.len())))
}

/// One line per violation, with what to do.
fn check(metadata: &Metadata) -> Vec<String> {
    let folders = metadata.member_folders();
    let mut violations: Vec<String> =
        folders.values().filter_map(|folder| rules::misplaced(folder)).collect();
    for arrow in metadata.arrows() {
        if let (Some(from), Some(to)) = (folders.get(arrow.from.as_str()), folders.get(arrow.to.as_str())) {
            violations.extend(rules::forbidden(from, to, arrow.dev_only));
        }
    }
    violations.extend(impure(metadata, &folders));
    violations
}

/// Logic crates with a runtime, a network or a database anywhere in what they are built of.
fn impure(metadata: &Metadata, folders: &BTreeMap<&str, &str>) -> Vec<String> {
    let mut violations = Vec::new();
    for (id, folder) in folders.iter().filter(|(_, folder)| folder.starts_with("crates/logic/")) {
        let tree = metadata.tree(id);
        for banned in rules::BANNED_IN_LOGIC {
            if let Some(chain) = tree.get(banned) {
                violations.push(format!(
                    "{folder} is built on `{banned}` ({}): logic is pure; take facts as arguments and leave I/O to \
                     an `io` crate",
                    chain.join(" → ")
                ));
            }
        }
    }
    violations
}

/// The standard library's own ways to the outside, which `cargo metadata` cannot see.
fn logic_sources() -> Result<Vec<String>, ChoreError> {
    let mut violations = Vec::new();
    for file in tidy::rust_files(&process::workspace_root().join("crates/logic"))? {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(way) = rules::way_outside(line) {
                violations.push(format!(
                    "{}:{} names `{way}`: logic is pure; pass in what it needs to know",
                    file.path,
                    index + 1
                ));
            }
        }
    }
    Ok(violations)
}
