//! `docs/scenarios.md` is what the scenario files say.

use trailhound_harness::{Scenario, scenario_table};

#[test]
fn the_table_of_scenarios_is_up_to_date() {
    let folder = Scenario::folder();
    let document = folder.join("../docs/scenarios.md");
    let text = scenario_table(&Scenario::all(&folder).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&document, &text).unwrap();
    }
    let present = std::fs::read_to_string(&document).unwrap_or_default();
    assert!(present == text, "docs/scenarios.md is old: run UPDATE=1 cargo xtask test -p trailhound-harness");
}
