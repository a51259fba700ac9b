//! The table of scenarios for people: `docs/scenarios.md` is generated from the scenario files.

use std::fmt::Write;

use crate::counters::COUNTERS;
use crate::scenario::{Mode, Scenario};

/// The whole document.
pub fn scenario_table(scenarios: &[Scenario]) -> String {
    let mut text = String::from(HEAD);
    for (at, scenario) in scenarios.iter().enumerate() {
        let mode = match scenario.mode {
            Mode::Once => "once",
            Mode::Follow => "follow",
        };
        let seeds: Vec<String> = scenario.kept.iter().map(|kept| kept.seed.to_string()).collect();
        let most = scenario.seeds_max.map_or_else(String::new, |most| most.to_string());
        let _ = writeln!(
            text,
            "| {} | [`{name}`](../scenarios/{name}.toml) | {} | {mode} | {} | {most} |",
            at + 1,
            scenario.proves,
            seeds.join(", "),
            name = scenario.name,
        );
    }
    text.push_str(COUNTERS_HEAD);
    for (name, what) in COUNTERS {
        let _ = writeln!(text, "| `{name}` | {what} |");
    }
    text
}

const HEAD: &str = "\
# Scenarios

Generated from `scenarios/*.toml`; `UPDATE=1 cargo xtask test -p trailhound-harness` writes it anew.

A scenario is a world (the simulated Microsoft, a receiver, two disks, a clock) with the whole product in it, and what
must be true at the end. A run is a scenario and a seed: the seed moves the records, the rates within their ranges, the
moments of events and the points of crashes. `cargo xtask sim --seeds 1000` plays all of them; a failure prints the
command that plays it again.

In every run the oracle checks, for each output: what was published is delivered, or in a gap row whose reason fits, or
not yet due; no record is there twice; no gap row stands for what could be had; the sums of the ledger balance and agree
with a count afresh; no receipt without an accepting answer; no token went to a foreign host; two start requests of a
stream are a quarter of an hour apart; no alarm, no panic, no unexpected line of level ERROR.

A heavy scenario is played with fewer seeds in a campaign: the last column says with how many at most.

| # | Scenario | Proves | Mode | Kept seeds | Most seeds |
|--:|---|---|---|---|--:|
";

const COUNTERS_HEAD: &str = "
## Counters

What `expect.at_least` and `expect.at_most` can name.

| Counter | What it counts |
|---|---|
";
