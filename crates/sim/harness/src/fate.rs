//! Where a run's process dies and its calls fail: a seeded countdown over commit points.

use std::sync::{Mutex, PoisonError};

use trailhound_sim_microsoft::Dice;

use crate::scenario::{Amount, Crashes};

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
    /// The machine loses power in one of the next steps of the journal's disk.
    LosePowerSoon(Moment),
}

/// A step of the journal's disk, counted from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    AtWrite(u64),
    AtSync(u64),
}

/// Longest way to a loss of power, in writes or syncs: a commit takes some of each.
const LONGEST_WAY: i64 = 12;

/// Shared by everything in a run that has commit points.
pub(crate) struct Fate(Mutex<State>);

struct State {
    dice: Dice,
    kills_left: i64,
    errors_left: i64,
    power_losses_left: i64,
    /// One was dealt and has not come yet: the next would take its place.
    power_ends_soon: bool,
    every_points: i64,
    countdown: i64,
    /// The one death of a run that goes through all points: at which of them, and whether before it is done.
    only: Option<(u64, bool)>,
    errors: u64,
    points: u64,
}

impl Fate {
    pub(crate) fn new(mut dice: Dice, plan: &Crashes, seed: u64) -> Self {
        let mut draw = |amount: Option<Amount>, otherwise| amount.map_or(otherwise, |a| a.draw(&mut dice));
        let (kills_left, errors_left) = (draw(plan.kills, 0), draw(plan.errors, 0));
        let power_losses_left = draw(plan.power_losses, 0);
        let every_points = draw(plan.every_points, 60).max(1);
        let countdown = dice.between(0, 2 * every_points);
        Self(Mutex::new(State {
            dice,
            kills_left,
            errors_left,
            power_losses_left,
            power_ends_soon: false,
            every_points,
            countdown,
            only: plan.each_of_points.map(|points| ((seed / 2) % points, seed.is_multiple_of(2))),
            errors: 0,
            points: 0,
        }))
    }

    /// Decides about the next commit point.
    pub(crate) fn next(&self) -> Deed {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.points += 1;
        if let Some((number, is_before)) = state.only {
            return match (state.points == number + 1, is_before) {
                (false, _) => Deed::Go,
                (true, true) => Deed::KillBefore,
                (true, false) => Deed::KillAfter,
            };
        }
        let power_losses_left = if state.power_ends_soon { 0 } else { state.power_losses_left };
        let left = state.kills_left + state.errors_left + power_losses_left;
        if left <= 0 {
            return Deed::Go;
        }
        if state.countdown > 0 {
            state.countdown -= 1;
            return Deed::Go;
        }
        let longest = 2 * state.every_points;
        state.countdown = state.dice.between(0, longest);
        let which = state.dice.between(0, left);
        if which >= state.kills_left + state.errors_left {
            state.power_losses_left -= 1;
            state.power_ends_soon = true;
            let steps = state.dice.between(1, LONGEST_WAY).unsigned_abs();
            let at_write = state.dice.below(2) == 0;
            return Deed::LosePowerSoon(if at_write {
                Moment::AtWrite(steps)
            } else {
                Moment::AtSync(steps)
            });
        }
        let is_kill = which < state.kills_left;
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

    /// How many points there were.
    pub(crate) fn points(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).points
    }

    /// The machine has lost power.
    pub(crate) fn power_is_lost(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).power_ends_soon = false;
    }

    /// How many points answered with an error.
    pub(crate) fn errors(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).errors
    }
}
