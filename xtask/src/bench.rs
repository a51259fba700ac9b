//! `cargo xtask bench NAME`: builds the product and the bench, and runs it.

use crate::error::ChoreError;
use crate::process;

/// The benches. `collect` is what the program does without a name.
const BENCHES: &[&str] = &["collect", "idle", "ids", "memory"];
/// In virtual time, so without the program: the requests against quotas that nobody told the product, and an hour of a
/// thousand tenants. Each is a test like its smaller sister, so that both try the same.
const VIRTUAL: &[(&str, &str)] =
    &[("governor", "governed::the_table"), ("fleet", "fleet::a_thousand_tenants_keep_up_for_an_hour")];

/// Passes the arguments after the name on to the bench.
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    let virtual_test = VIRTUAL.iter().find(|(name, _)| arguments.first().is_some_and(|asked| asked == name));
    if let Some((_, test)) = virtual_test {
        return in_virtual_time(test);
    }
    let named = arguments.split_first().filter(|(name, _)| BENCHES.contains(&name.as_str()));
    let Some((name, rest)) = named else {
        let known: Vec<&str> = BENCHES.iter().copied().chain(VIRTUAL.iter().map(|(name, _)| *name)).collect();
        let what = format!("name a bench after `cargo xtask bench`: `{}`", known.join("`, `"));
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

fn in_virtual_time(test: &str) -> Result<(), ChoreError> {
    let build = ["test", "--profile", "bench-quick", "--package", "trailhound-pipeline", "--test", "it"];
    let only = ["--", "--ignored", "--exact", test, "--nocapture"];
    process::run(process::cargo().args(build).args(only))
}
