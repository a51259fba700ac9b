//! `cargo xtask bench collect`: builds the product and the bench, and runs it.

use crate::error::ChoreError;
use crate::process;

/// Passes the arguments after `collect` on to the bench.
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    let Some(("collect", rest)) = arguments.split_first().map(|(name, rest)| (name.as_str(), rest)) else {
        return Err(ChoreError::Usage("there is one bench: `cargo xtask bench collect`".to_owned()));
    };
    let profile = ["--profile", "bench-quick"];
    process::run(
        process::cargo()
            .args(["build", "--package", "trailhound", "--package", "trailhound-bench"])
            .args(profile),
    )?;
    let bench = ["run", "--quiet", "--package", "trailhound-bench", "--bin", "bench-collect"];
    process::run(process::cargo().args(bench).args(profile).arg("--").args(rest))
}
