//! Where a run's process dies and its calls fail: a seeded countdown over commit points.

use std::sync::{Mutex, PoisonError};

use trailhound_sim_microsoft::Dice;

/// What becomes of one commit point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It is done and answered.
    Go,
    /// The process dies before it is done.
    KillBefore,
    /// The process dies when it is done and not yet answered.
    KillAfter,
    /// It is not done, and the answer is an error.
    FailBefore,
    /// It is done, and the answer is an error all the same.
    FailAfter,
}

/// Shared by everything in a run that has commit points.
pub(crate) struct Fate(Mutex<State>);

struct State {
    dice: Dice,
    kills_left: i64,
    errors_left: i64,
    every_points: i64,
    countdown: i64,
    errors: u64,
}

impl Fate {
    pub(crate) fn new(mut dice: Dice, kills: i64, errors: i64, every_points: i64) -> Self {
        let every_points = every_points.max(1);
        let countdown = dice.between(0, 2 * every_points);
        let state =
            State { dice, kills_left: kills, errors_left: errors, every_points, countdown, errors: 0 };
        Self(Mutex::new(state))
    }

    /// Decides about the next commit point.
    pub(crate) fn next(&self) -> Deed {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = state.kills_left + state.errors_left;
        if left <= 0 {
            return Deed::Go;
        }
        if state.countdown > 0 {
            state.countdown -= 1;
            return Deed::Go;
        }
        let longest = 2 * state.every_points;
        state.countdown = state.dice.between(0, longest);
        let is_kill = state.dice.between(0, left) < state.kills_left;
        let is_before = state.dice.below(2) == 0;
        if is_kill {
            state.kills_left -= 1;
        } else {
            state.errors_left -= 1;
            state.errors += 1;
        }
        match (is_kill, is_before) {
            (true, true) => Deed::KillBefore,
            (true, false) => Deed::KillAfter,
            (false, true) => Deed::FailBefore,
            (false, false) => Deed::FailAfter,
        }
    }

    /// How many points answered with an error.
    pub(crate) fn errors(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).errors
    }
}
