//! Many scenarios, many seeds, over worker threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use trailhound_env::{Clock, SystemClock};

use crate::play::{Outcome, play};
use crate::scenario::Scenario;

/// What to play.
pub struct Campaign {
    scenarios: Vec<Scenario>,
    /// Scenario by index, and seed.
    runs: Vec<(usize, u64)>,
}

/// Runs of one scenario.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Its name.
    pub scenario: String,
    /// Runs.
    pub runs: u64,
    /// Of these: with a violation.
    pub failures: u64,
    /// Wall time of all runs.
    pub wall: Duration,
    /// Of the longest one.
    pub longest: Duration,
    /// Records published in them.
    pub records: u64,
    /// Virtual time of all runs.
    pub virtual_time: Duration,
}

/// A failed run.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Which scenario.
    pub scenario: String,
    /// With which seed.
    pub seed: u64,
    /// What was not as it must be.
    pub violations: Vec<String>,
}

impl Failed {
    /// The command that plays it again.
    pub fn replay(&self) -> String {
        format!("cargo xtask sim --scenario {} --seed {}", self.scenario, self.seed)
    }
}

impl Campaign {
    /// Each scenario with as many seeds (fewer where it says so), the scenarios by turns: what is broken
    /// everywhere shows early.
    pub fn of_seeds(scenarios: Vec<Scenario>, first_seed: u64, seeds: u64) -> Self {
        let mut runs = Vec::new();
        for nth in 0..seeds {
            for (at, scenario) in scenarios.iter().enumerate() {
                if scenario.seeds_max.is_none_or(|most| nth < most) {
                    runs.push((at, first_seed.wrapping_add(nth)));
                }
            }
        }
        Self { scenarios, runs }
    }

    /// Each scenario with the seeds that it keeps, and with the given ones.
    pub fn of_kept_seeds(scenarios: Vec<Scenario>, also: &[u64]) -> Self {
        let mut runs = Vec::new();
        for (at, scenario) in scenarios.iter().enumerate().filter(|(_, scenario)| !scenario.campaign_only) {
            let kept = scenario.kept.iter().map(|kept| kept.seed);
            // Heavy ones are played with fresh seeds in campaigns alone.
            let also = if scenario.seeds_max.is_none() { also } else { &[] };
            runs.extend(kept.chain(also.iter().copied()).map(|seed| (at, seed)));
        }
        Self { scenarios, runs }
    }

    /// How many runs it has.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Plays everything on `jobs` threads; after `at_most` no further run is begun, and those under way end.
    /// The rows tell how many were made. `progress` is told of each run: those done, all, and the failure if it
    /// is one.
    pub fn run(
        &self,
        jobs: usize,
        at_most: Option<Duration>,
        mut progress: impl FnMut(usize, usize, Option<&Failed>),
    ) -> (Vec<Row>, Vec<Failed>) {
        let runs = &self.runs;
        let clock = SystemClock::default();
        let in_time = || at_most.is_none_or(|most| clock.monotonic() < most);
        let next = AtomicUsize::new(0);
        let mut rows: Vec<Row> = self
            .scenarios
            .iter()
            .map(|scenario| Row { scenario: scenario.name.clone(), ..Row::default() })
            .collect();
        let mut failed = Vec::new();
        std::thread::scope(|scope| {
            let (done, results) = mpsc::channel();
            for _ in 0..jobs.max(1) {
                let (done, next, in_time) = (done.clone(), &next, &in_time);
                scope.spawn(move || {
                    while in_time()
                        && let Some((at, seed)) = runs.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let (outcome, wall) = timed(&self.scenarios[*at], *seed);
                        if done.send((*at, *seed, outcome, wall)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(done);
            for (count, (at, seed, outcome, wall)) in results.into_iter().enumerate() {
                rows[at].add(&outcome, wall);
                let failure = (!outcome.violations.is_empty()).then(|| Failed {
                    scenario: self.scenarios[at].name.clone(),
                    seed,
                    violations: outcome.violations,
                });
                progress(count + 1, runs.len(), failure.as_ref());
                failed.extend(failure);
            }
        });
        (rows, failed)
    }
}

impl Row {
    fn add(&mut self, outcome: &Outcome, wall: Duration) {
        self.runs += 1;
        self.failures += u64::from(!outcome.violations.is_empty());
        self.wall += wall;
        self.longest = self.longest.max(wall);
        self.records += outcome.counters.get("records");
        self.virtual_time += outcome.virtual_time;
    }
}

/// A panic of the harness, or of the product outside its tasks, is a failed run like any other.
fn timed(scenario: &Scenario, seed: u64) -> (Outcome, Duration) {
    let clock = SystemClock::default();
    let played = catch_unwind(AssertUnwindSafe(|| play(scenario, seed)));
    let outcome = played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let violations = vec![format!("panic: {}", text.unwrap_or_default())];
        Outcome { violations, ..Outcome::default() }
    });
    (outcome, clock.monotonic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_without_time_begins_nothing_and_says_so() {
        let all = Scenario::all(&Scenario::folder()).unwrap();
        let campaign = Campaign::of_seeds(all.into_iter().take(2).collect(), 1, 3);
        let (rows, failed) = campaign.run(2, Some(Duration::ZERO), |_, _, _| {});
        assert_eq!((campaign.runs(), rows.iter().map(|row| row.runs).sum::<u64>()), (6, 0));
        assert!(failed.is_empty());
    }
}
