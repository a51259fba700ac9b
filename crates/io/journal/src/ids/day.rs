//! The unit in which record ids age.

use trailhound_model::Timestamp;

const MILLIS_PER_DAY: i64 = 86_400_000;

/// UTC day of a `contentCreated`, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(pub(crate) i32);

impl Day {
    pub(crate) fn of(at: Timestamp) -> Self {
        let day = at.as_millis().div_euclid(MILLIS_PER_DAY);
        // Five million years: no date that anybody writes lies outside.
        Self(i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX }))
    }

    /// First instant of the day.
    pub(crate) fn start(self) -> Timestamp {
        Timestamp::from_millis(i64::from(self.0) * MILLIS_PER_DAY)
    }
}
