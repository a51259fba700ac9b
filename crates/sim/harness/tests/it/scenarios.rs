//! Every scenario of the repository, with the seeds that it keeps and with fresh ones.

use std::hash::BuildHasher;

use trailhound_harness::{Campaign, Scenario, play};

/// As many fresh seeds as `TRAILHOUND_SEEDS` says, from `TRAILHOUND_SEED` on. None by default: whether a change goes in
/// must not hang on a throw of dice; campaigns (`cargo xtask sim`) throw them.
fn fresh_seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let random = || std::hash::RandomState::new().hash_one(0) % 1_000_000_000;
    let first = number("TRAILHOUND_SEED").unwrap_or_else(random);
    (0..number("TRAILHOUND_SEEDS").unwrap_or(0)).map(|n| first + n).collect()
}

#[test]
fn every_scenario_holds_under_its_kept_seeds() {
    let seeds = fresh_seeds();
    println!("fresh seeds: {seeds:?}");
    let campaign = Campaign::of_kept_seeds(Scenario::all(&Scenario::folder()).unwrap(), &seeds);
    let cores = std::thread::available_parallelism().unwrap().get();
    let (rows, failed) = campaign.run(cores, None, |_, _, _| {});
    for failure in &failed {
        println!("FAILED {} with seed {}: {:#?}", failure.scenario, failure.seed, failure.violations);
        println!("replay: {}", failure.replay());
    }
    for row in &rows {
        let mean = row.wall.as_millis() / u128::from(row.runs.max(1));
        println!("{:<34} {} runs, {mean} ms each", row.scenario, row.runs);
    }
    assert!(failed.is_empty(), "{} of {} runs failed", failed.len(), campaign.runs());
}

#[test]
fn a_run_can_be_played_again() {
    let all = Scenario::all(&Scenario::folder()).unwrap();
    for name in ["paging", "kill-at-commit-points"] {
        let scenario = all.iter().find(|scenario| scenario.name == name).unwrap();
        let (one, two) = (play(scenario, 5), play(scenario, 5));
        assert_eq!(one.log, two.log, "{name}");
        assert_eq!(
            one.counters.iter().collect::<Vec<_>>(),
            two.counters.iter().collect::<Vec<_>>(),
            "{name}"
        );
    }
}
