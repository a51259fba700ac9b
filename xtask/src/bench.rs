//! `cargo xtask bench NAME`: builds the product and the bench, and runs it.

use crate::error::ChoreError;
use crate::process;

/// The benches. `collect` is what the program does without a name.
const BENCHES: &[&str] = &["collect", "idle", "ids", "memory"];
/// In virtual time, so without the program: the requests against quotas that nobody told the product.
const GOVERNOR: &str = "governor";

/// Passes the arguments after the name on to the bench.
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    if arguments.first().is_some_and(|name| name == GOVERNOR) {
        return governor();
    }
    let named = arguments.split_first().filter(|(name, _)| BENCHES.contains(&name.as_str()));
    let Some((name, rest)) = named else {
        let known = BENCHES.join("`, `");
        let what = format!("name a bench after `cargo xtask bench`: `{known}`, `{GOVERNOR}`");
        return Err(ChoreError::Usage(what));
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

/// The table is a test like its smaller sister, so that both try the same.
fn governor() -> Result<(), ChoreError> {
    let test = ["test", "--profile", "bench-quick", "--package", "trailhound-pipeline", "--test", "it"];
    let table = ["--", "--ignored", "--exact", "governed::the_table", "--nocapture"];
    process::run(process::cargo().args(test).args(table))
}
