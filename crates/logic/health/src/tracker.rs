//! Keeping a judgement steady, with its beginning, over time and over restarts.

use std::time::Duration;

use trailhound_model::{Timestamp, seconds};

use crate::judge::Conditions;
use crate::state::HealthState;

/// A condition is over when it has not been seen for so long.
const WELL_AFTER: Duration = seconds(60);

/// The state of one stream as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracker {
    state: HealthState,
    since: Timestamp,
    /// Since when the state's condition has not been seen.
    absent_since: Option<Timestamp>,
}

/// A state gave way to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it was noticed.
    pub at: Timestamp,
    /// What it was.
    pub from: HealthState,
    /// Since when it was that.
    pub from_since: Timestamp,
    /// What it is.
    pub to: HealthState,
    /// Since when it is that: the beginning of the condition.
    pub since: Timestamp,
}

impl Tracker {
    /// Of a stream that nothing is known of.
    pub fn new(at: Timestamp) -> Self {
        Self { state: HealthState::New, since: at, absent_since: None }
    }

    /// As an earlier process knew it.
    pub fn restored(state: HealthState, since: Timestamp) -> Self {
        Self { state, since, absent_since: None }
    }

    /// The state.
    pub fn state(&self) -> HealthState {
        self.state
    }

    /// Since when.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Takes a judgement in. What is worse is believed at once, since its condition has waited for its own
    /// confirmation; what is better when the present condition has not been seen for a minute. `new` is no
    /// evidence: a restart does not make a stream well.
    pub fn step(&mut self, held: &Conditions, now: Timestamp) -> Option<Change> {
        let (state, began) = held.first();
        if state == self.state {
            self.absent_since = None;
            return None;
        }
        if state == HealthState::New {
            return None;
        }
        let is_worse = state < self.state || self.state.is_well();
        if !is_worse {
            let absent_since = *self.absent_since.get_or_insert(now);
            if now.since(absent_since) < WELL_AFTER {
                return None;
            }
        }
        let since = match state {
            HealthState::Ok => self.absent_since.unwrap_or(now),
            _ => began.min(now),
        };
        let change = Change { at: now, from: self.state, from_since: self.since, to: state, since };
        *self = Self { state, since, absent_since: None };
        Some(change)
    }
}
