//! The help texts, as people read them.

use crate::support::trailhound;

fn help(args: &[&str]) -> String {
    let told = trailhound(tempfile::tempdir().unwrap().path(), args);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    told.stdout
}

#[test]
fn every_command_tells_what_it_takes() {
    insta::assert_snapshot!("help", help(&["--help"]));
    for command in
        ["demo", "run", "collect", "check", "prove", "app", "state", "simulate", "config", "completions"]
    {
        insta::assert_snapshot!(format!("help_{command}"), help(&[command, "--help"]));
    }
    for command in ["retry", "rewind"] {
        insta::assert_snapshot!(format!("help_app_{command}"), help(&["app", command, "--help"]));
    }
}

#[test]
fn the_version_is_told() {
    assert_eq!(help(&["--version"]), format!("trailhound {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_are_made_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(help(&["completions", shell]).contains("trailhound"), "{shell}");
    }
}

#[test]
fn the_sample_is_a_configuration_and_the_schema_is_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trailhound.toml"), help(&["config", "example"])).unwrap();
    let told = trailhound(folder.path(), &["config", "validate"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stdout.contains("trailhound.toml can be used"), "{}", told.stdout);

    let schema: serde_json::Value = serde_json::from_str(&help(&["config", "schema"])).unwrap();
    assert_eq!(schema["title"], "trailhound.toml");
}

#[test]
fn a_command_that_does_not_exist_is_wrong_usage() {
    let told = trailhound(tempfile::tempdir().unwrap().path(), &["incidents", "list"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("unrecognized subcommand 'incidents'"), "{}", told.stderr);
}
