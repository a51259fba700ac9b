//! `cargo xtask sim`: the scenarios of `scenarios/` with many seeds.
//!
//! The harness does the work; this builds it, as quick as the benchmarks, and passes the arguments on.

use crate::error::ChoreError;
use crate::process;

const USAGE: &str =
    "`sim` takes [--seeds N] [--scenario NAME].. [--seed S] [--first-seed S] [--jobs N] [--minutes N]";

/// Builds the harness and plays scenarios; without arguments each of them with some fresh seeds.
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    if let [first, ..] = arguments
        && !first.starts_with("--")
    {
        return Err(ChoreError::Usage(USAGE.to_owned()));
    }
    let harness = ["run", "--quiet", "--package", "trailhound-harness", "--bin", "trailhound-sim-run"];
    let profile = ["--profile", "bench-quick", "--"];
    process::run(process::cargo().args(harness).args(profile).args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_word_is_refused_with_the_usage() {
        let error = run(&["1000".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("--seeds N"), "{error}");
    }
}
