//! The simulator as a process, with the configuration that it prints.

use crate::support::{Running, lines_below, trailhound};

#[test]
fn what_it_prints_can_be_pasted_and_collected_from() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = "[blobs]\nblob_every_seconds = 3600\n[wire]\nlatency_ms_max = 5\nlatency_ms_min = 0\n";
    std::fs::write(folder.path().join("quiet.toml"), scenario).unwrap();
    let args =
        ["simulate", "--listen", "127.0.0.1:0", "--scenario", "quiet.toml", "--tenants", "2", "--seed", "7"];
    let mut simulator = Running::start(folder.path(), &args);
    simulator.until("it introduces itself", |child| child.stdout().contains("format = \"raw\""));
    std::fs::write(folder.path().join("trailhound.toml"), simulator.stdout()).unwrap();

    let told = trailhound(folder.path(), &["collect", "--json"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let summary: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(summary["applications"].as_array().unwrap().len(), 2);
    assert!(!lines_below(&folder.path().join("trailhound-data/records")).is_empty());

    simulator.signal("TERM");
    assert_eq!(simulator.finish().code, Some(0));
}

#[test]
fn it_refuses_addresses_that_others_can_reach_and_unknown_scenarios() {
    let folder = tempfile::tempdir().unwrap();
    let told = trailhound(folder.path(), &["simulate", "--listen", "0.0.0.0:0"]);
    assert_eq!(told.code, Some(2), "{}", told.stderr);
    let told = trailhound(folder.path(), &["simulate", "--scenario", "storm"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("calm"), "it names the known ones: {}", told.stderr);
}
