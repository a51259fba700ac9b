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

#[test]
fn the_process_may_die_at_every_commit_point_of_a_run() {
    let all = Scenario::all(&Scenario::folder()).unwrap();
    let scenario = all.into_iter().find(|scenario| scenario.name == "each-commit-point").unwrap();
    let points = play(&scenario, 0).counters.get("points");
    let campaign = Campaign::of_seeds(vec![scenario], 0, 2 * (points + 1));
    let cores = std::thread::available_parallelism().unwrap().get();
    let (rows, failed) = campaign.run(cores, None, |_, _, _| {});
    assert!(rows[0].runs > 200, "{points} points");
    assert!(failed.is_empty(), "{failed:#?}");
}
