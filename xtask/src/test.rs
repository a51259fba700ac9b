//! `cargo xtask test`: all tests, set up by itself.

use std::process::Command;

use crate::error::ChoreError;
use crate::process;

/// The release that the repository's `.config/nextest.toml` is written for.
const NEXTEST_VERSION: &str = "0.9.143";

/// Runs the doc tests, then the workspace's tests, so that the runner's summary is what stands last. With
/// arguments it is a chosen part: they go to the runner, and the doc tests are left out.
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    if has_nextest() || install_nextest() {
        if arguments.is_empty() {
            process::run(process::cargo().args(["test", "--workspace", "--doc", "--quiet"]))?;
        }
        return process::run(nextest(arguments).args(arguments));
    }
    eprintln!("cargo-nextest could not be installed: going on with `cargo test`");
    process::run(process::cargo().args(["test", "--no-fail-fast"]).args(scope(arguments)).args(arguments))
}

/// `cargo nextest run` over what [`scope`] says.
pub(crate) fn nextest(arguments: &[String]) -> Command {
    let mut command = process::cargo();
    command.args(["nextest", "run", "--no-fail-fast"]).args(scope(arguments));
    command
}

/// The whole workspace, unless the arguments choose packages.
fn scope(arguments: &[String]) -> &'static [&'static str] {
    let chosen =
        arguments.iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package"));
    if chosen { &[] } else { &["--workspace"] }
}

fn has_nextest() -> bool {
    process::works(process::cargo().args(["nextest", "--version"]))
}

/// Unoptimised: it is built once and mostly waits.
fn install_nextest() -> bool {
    eprintln!("cargo-nextest is not installed: installing {NEXTEST_VERSION}");
    let mut install = process::cargo();
    install
        .args(["install", "cargo-nextest", "--locked", "--version", NEXTEST_VERSION])
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    process::run(&mut install).is_ok() && has_nextest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_package_replaces_the_workspace() {
        let chosen = ["-p".to_owned(), "trailhound-model".to_owned()];
        assert!(scope(&chosen).is_empty());
        assert_eq!(scope(&["some_test".to_owned()]), ["--workspace"]);
    }
}
