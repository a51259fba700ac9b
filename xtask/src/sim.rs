//! `cargo xtask sim [N]`: the seeded crash and fault tests, with fresh seeds.
//!
//! The harness that plays whole scenarios and checks every promise comes with the next issue; until then this
//! runs the tests that take seeds: the faults in virtual time, and the kills of the real process.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::error::ChoreError;
use crate::{process, test};

/// Seeds of a run without an argument.
const DEFAULT_SEEDS: u64 = 10;

/// Most seeds of one run.
const MAX_SEEDS: u64 = 1_000;

/// The tests that take seeds.
const SEEDED: &str = "test(/faults::|kill::/)";

/// Tells the tests how many seeds to try (`TRAILHOUND_SEEDS`) and where to begin (`TRAILHOUND_SEED`).
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    let count = count(arguments)?.to_string();
    let first = first_seed().to_string();
    println!("the scenario harness comes with the next issue; running the seeded crash and fault tests");
    println!("{count} seeds from {first}; a test that fails prints its own");
    let mut runner = test::nextest(&[]);
    runner.args(["--profile", "sim", "-E", SEEDED]);
    process::run(runner.env("TRAILHOUND_SEED", first).env("TRAILHOUND_SEEDS", count))
}

fn count(arguments: &[String]) -> Result<u64, ChoreError> {
    match arguments {
        [] => Ok(DEFAULT_SEEDS),
        [count] => count.parse().ok().filter(|count| (1..=MAX_SEEDS).contains(count)).ok_or_else(|| {
            ChoreError::Usage(format!("`{count}` is not a number of seeds from 1 to {MAX_SEEDS}"))
        }),
        _ => Err(ChoreError::Usage("`sim` takes one argument, the number of seeds".to_owned())),
    }
}

/// Random, and short enough to be typed. The standard library's hasher keys are its only source of randomness.
fn first_seed() -> u64 {
    RandomState::new().hash_one(0) % 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_range_is_refused() {
        for wrong in ["0", "1001", "many"] {
            assert!(count(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
        assert_eq!(count(&["17".to_owned()]).unwrap(), 17);
    }

    #[test]
    fn each_run_begins_elsewhere() {
        let seeds: std::collections::HashSet<u64> = (0..8).map(|_| first_seed()).collect();
        assert!(seeds.len() > 1);
    }
}
