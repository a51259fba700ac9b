//! `cargo xtask bench NAME`: builds the product and the bench, and runs it.

use crate::error::ChoreError;
use crate::process;

/// The benches. `collect` is what the program does without a name.
const BENCHES: &[&str] = &["collect", "idle", "memory"];

/// Passes the arguments after the name on to the bench.
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    let named = arguments.split_first().filter(|(name, _)| BENCHES.contains(&name.as_str()));
    let Some((name, rest)) = named else {
        let known = BENCHES.join("`, `");
        return Err(ChoreError::Usage(format!("name a bench after `cargo xtask bench`: `{known}`")));
    };
    let role = (name != "collect").then_some(name);
    let profile = ["--profile", "bench-quick"];
    process::run(
        process::cargo()
            .args(["build", "--package", "trailhound", "--package", "trailhound-bench"])
            .args(profile),
    )?;
    let bench = ["run", "--quiet", "--package", "trailhound-bench", "--bin", "bench-collect"];
    process::run(process::cargo().args(bench).args(profile).arg("--").args(role).args(rest))
}
