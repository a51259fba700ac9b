//! The demonstration without a terminal.

use crate::support::{lines_below, trailhound};

#[test]
fn it_shows_work_ends_by_itself_and_leaves_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let told = trailhound(
        folder.path(),
        &["demo", "--for", "6s", "--tenants", "1", "--data", "demo", "--no-browser"],
    );
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stdout.contains(" records/s"), "{}", told.stdout);
    assert!(told.stdout.contains("trailhound prove --config "), "{}", told.stdout);
    assert!(!lines_below(&folder.path().join("demo/records")).is_empty());

    let proof = trailhound(folder.path(), &["prove", "--json", "--config", "demo/trailhound.toml"]);
    let proof: serde_json::Value = serde_json::from_str(&proof.stdout).unwrap();
    assert_eq!(proof["balanced"], true);
}
