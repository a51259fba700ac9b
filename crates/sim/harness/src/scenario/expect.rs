//! What must be true at the end of a scenario, besides the promises that hold in all of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use trailhound_health::HealthState;
use trailhound_model::GapReason;

use super::value::Length;
use crate::counters::COUNTERS;

/// `[expect]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// What became visible longer ago than this (and than the re-sweep that must find it) is delivered, or in a
    /// gap row.
    pub due: Length,
    /// Reasons of gap rows, in the words of the ledger: each of these, and no other.
    pub gaps: Vec<String>,
    /// Reasons of gap rows that there may be besides.
    pub gaps_allowed: Vec<String>,
    /// States that a stream must have shown at some time, in the words of health.
    pub health_seen: Vec<String>,
    /// States in which streams may be at the end.
    pub health_at_end: Vec<String>,
    /// Texts that must stand in the log.
    pub log_contains: Vec<String>,
    /// Texts that make a line of level ERROR an expected one; any other fails the run.
    pub log_errors: Vec<String>,
    /// Texts of the failures that a single collection must tell; none: it must succeed.
    pub failures: Vec<String>,
    /// From a record's becoming visible to the receiver's having it, for what was published while it ran.
    pub max_lag: Option<Length>,
    /// Counters, see [`COUNTERS`], that must have reached a number.
    pub at_least: BTreeMap<String, u64>,
    /// Counters that must not exceed a number.
    pub at_most: BTreeMap<String, u64>,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            due: Length::minutes(15),
            gaps: Vec::new(),
            gaps_allowed: Vec::new(),
            health_seen: Vec::new(),
            health_at_end: Vec::new(),
            log_contains: Vec::new(),
            log_errors: Vec::new(),
            failures: Vec::new(),
            max_lag: None,
            at_least: BTreeMap::new(),
            at_most: BTreeMap::new(),
        }
    }
}

impl Expect {
    pub(super) fn check(&self) -> Result<(), String> {
        for counter in self.at_least.keys().chain(self.at_most.keys()) {
            if !COUNTERS.iter().any(|(name, _)| name == counter) {
                return Err(format!("there is no counter `{counter}`"));
            }
        }
        for reason in self.gaps.iter().chain(&self.gaps_allowed) {
            if GapReason::from_parts(reason, "").is_none() {
                return Err(format!("there is no gap reason `{reason}`"));
            }
        }
        for word in self.health_seen.iter().chain(&self.health_at_end) {
            if !HealthState::ALL.iter().any(|state| state.word() == word) {
                return Err(format!("there is no state of health `{word}`"));
            }
        }
        Ok(())
    }
}
