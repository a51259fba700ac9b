//! `cargo xtask sim [N]`: the seeded crash and fault tests, with fresh seeds.
//!
//! The harness that plays whole scenarios and checks every promise comes with the next issue; until then this
//! runs the tests that take a seed, which are the ones named `seeded` or in a module `kill` or `sigkill`.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::error::ChoreError;
use crate::{process, test};

/// Seeds of a run without an argument.
const DEFAULT_SEEDS: usize = 10;

/// Most seeds of one run.
const MAX_SEEDS: usize = 1_000;

/// Names the seeds in `TRAILHOUND_SEEDS`, separated by commas, so that a failure can be replayed.
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    let seeds = seeds(arguments)?;
    println!("the scenario harness comes with the next issue; running the seeded crash and fault tests");
    println!("to repeat this run: TRAILHOUND_SEEDS={seeds} cargo xtask test -E '{SEEDED}'");
    process::run(test::nextest(&[]).args(["-E", SEEDED]).env("TRAILHOUND_SEEDS", seeds))
}

const SEEDED: &str = "test(/seeded|sigkill|kill::/)";

/// `17,4,…`, as many as asked for.
fn seeds(arguments: &[String]) -> Result<String, ChoreError> {
    let count = match arguments {
        [] => DEFAULT_SEEDS,
        [count] => count.parse().ok().filter(|count| (1..=MAX_SEEDS).contains(count)).ok_or_else(|| {
            ChoreError::Usage(format!("`{count}` is not a number of seeds from 1 to {MAX_SEEDS}"))
        })?,
        _ => return Err(ChoreError::Usage("`sim` takes one argument, the number of seeds".to_owned())),
    };
    // The standard library's hasher keys are its only source of randomness.
    let random = RandomState::new();
    let seeds: Vec<String> = (0..count).map(|index| (random.hash_one(index) >> 16).to_string()).collect();
    Ok(seeds.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_seeds_as_asked_for_and_never_the_same() {
        let two = || seeds(&["2".to_owned()]).unwrap();
        let numbers: Vec<u64> = two().split(',').map(|seed| seed.parse().unwrap()).collect();
        assert_eq!(numbers.len(), 2);
        assert_ne!(two(), two());
    }

    #[test]
    fn a_number_out_of_range_is_refused() {
        for wrong in ["0", "1001", "many"] {
            assert!(seeds(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
