//! Synthetic worlds: each breaks one rule.

use serde_json::json;

use super::check;
use crate::metadata::Metadata;

/// A workspace of `(folder, name)` members and outside packages, with `(from, to, kind)` arrows by name.
fn world(members: &[(&str, &str)], outside: &[&str], arrows: &[(&str, &str, &str)]) -> Metadata {
    let mut packages: Vec<_> = members
        .iter()
        .map(|(folder, name)| {
            json!({ "id": name, "name": name, "manifest_path": format!("/w/{folder}/Cargo.toml") })
        })
        .collect();
    packages.extend(
        outside.iter().map(|name| json!({ "id": name, "name": name, "manifest_path": "/r/Cargo.toml" })),
    );
    let everyone = members.iter().map(|(_, name)| *name).chain(outside.iter().copied());
    let nodes: Vec<_> = everyone
        .map(|name| {
            let deps: Vec<_> = arrows
                .iter()
                .filter(|(from, _, _)| *from == name)
                .map(|(_, to, kind)| {
                    let kind = if kind.is_empty() { json!(null) } else { json!(kind) };
                    json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] })
                })
                .collect();
            json!({ "id": name, "deps": deps })
        })
        .collect();
    let members: Vec<_> = members.iter().map(|(_, name)| name).collect();
    let whole = json!({
        "packages": packages, "workspace_members": members, "workspace_root": "/w",
        "resolve": { "nodes": nodes },
    });
    Metadata::parse(&whole.to_string()).unwrap()
}

const MEMBERS: &[(&str, &str)] = &[
    ("crates/base/model", "model"),
    ("crates/base/env", "trailhound-env"),
    ("crates/logic/ledger", "ledger"),
    ("crates/logic/detect", "detect"),
    ("crates/io/journal", "journal"),
    ("crates/io/microsoft", "microsoft"),
    ("crates/run/pipeline", "pipeline"),
    ("crates/face/cli", "cli"),
    ("crates/face/console", "console"),
    ("crates/sim/microsoft", "simulator"),
    ("crates/sim/harness", "harness"),
    ("xtask", "xtask"),
    ("bench", "bench"),
];

fn violations(arrows: &[(&str, &str, &str)]) -> Vec<String> {
    check(&world(MEMBERS, &["tokio", "serde"], arrows))
}

#[test]
fn the_arrows_of_the_plan_are_well() {
    let plan = [
        ("trailhound-env", "model", ""),
        ("ledger", "model", ""),
        ("detect", "ledger", ""),
        ("journal", "model", ""),
        ("journal", "tokio", ""),
        ("pipeline", "journal", ""),
        ("pipeline", "ledger", ""),
        ("pipeline", "simulator", "dev"),
        ("microsoft", "simulator", "dev"),
        ("simulator", "model", ""),
        ("simulator", "microsoft", "dev"),
        ("cli", "pipeline", ""),
        ("cli", "console", ""),
        ("cli", "simulator", ""),
        ("harness", "cli", ""),
        ("bench", "simulator", ""),
    ];
    assert_eq!(violations(&plan), Vec::<String>::new());
}

#[test]
fn each_forbidden_arrow_is_one_line_that_names_both_ends() {
    let forbidden = [
        ("journal", "microsoft", ""),
        ("journal", "ledger", ""),
        ("ledger", "journal", ""),
        ("ledger", "journal", "dev"),
        ("model", "ledger", "build"),
        ("pipeline", "cli", ""),
        ("pipeline", "simulator", ""),
        ("console", "simulator", ""),
        ("simulator", "microsoft", ""),
        ("cli", "xtask", ""),
    ];
    for arrow in forbidden {
        let found = violations(&[arrow]);
        assert_eq!(found.len(), 1, "{arrow:?}: {found:?}");
        let (from, to) = (folder(arrow.0), folder(arrow.1));
        assert!(found[0].starts_with(&format!("{from} imports {to}: ")), "{found:?}");
    }
}

#[test]
fn a_runtime_deep_below_logic_is_found_with_the_way_to_it() {
    let found = violations(&[("ledger", "serde", ""), ("serde", "tokio", "")]);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("ledger → serde → tokio"), "{found:?}");
}

#[test]
fn a_runtime_for_the_tests_of_logic_is_well() {
    assert!(violations(&[("ledger", "tokio", "dev")]).is_empty());
}

#[test]
fn logic_may_not_take_its_environment() {
    let found = violations(&[("ledger", "trailhound-env", "")]);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("crates/logic/ledger is built on `trailhound-env`"), "{found:?}");
}

#[test]
fn a_crate_outside_the_layers_is_found() {
    let found = check(&world(&[("crates/misc/stuff", "stuff"), ("tools/x", "x")], &[], &[]));
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|line| line.contains("is in no layer")));
}

#[test]
fn the_standard_librarys_ways_outside_are_found_except_in_comments() {
    assert_eq!(super::rules::way_outside("use std::fs::File;"), Some("std::fs"));
    assert_eq!(super::rules::way_outside("// never std::fs"), None);
}

fn folder(name: &str) -> &'static str {
    MEMBERS.iter().find(|(_, known)| *known == name).unwrap().0
}
