//! A stream's week: how many records an hour of it usually brings, and whether it is quieter than that.
//!
//! Hours are those of `contentCreated`, so that time in which the collector did not run counts as what it turns
//! out to have held. An hour enters the norm three days later, when it is listed and fetched; nights, weekends and
//! quiet streams are ordinary by themselves.

mod text;

use std::collections::VecDeque;
use std::time::Duration;

use trailhound_model::{Span, Timestamp, hours, minutes};

/// Weeks of an hour before it counts as known.
pub const MIN_WEEKS: u8 = 2;

const HOURS_OF_WEEK: usize = 168;
const HOUR_MILLIS: i64 = 3_600_000;
/// Most hours that wait to enter the norm: a little more than Microsoft keeps.
const MAX_RECENT_HOURS: usize = 192;
/// An hour enters the norm so long after its end; a weekend fits in, so that what was quiet before it still is.
const SETTLED_AFTER: Duration = hours(72);
/// An hour is looked at so long after its end: for the records that come a little late.
const LOOKED_AT_AFTER: Duration = minutes(30);
/// Weight of the latest week, once there are more than four.
const NEWEST_WEIGHT: f32 = 0.25;
/// Fewest records that must be expected before their absence says anything.
const MIN_EXPECTED: f32 = 60.0;
/// An hour with fewer expected records is not looked at by itself.
const MIN_EXPECTED_OF_HOUR: f32 = 10.0;
/// Quiet: less than this share of what is expected, in all,
const QUIET_SHARE: f32 = 0.05;
/// and in each hour.
const QUIET_SHARE_OF_HOUR: f32 = 0.2;
/// Hours with expected records that must be quiet.
const MIN_QUIET_HOURS: u32 = 2;
/// The lag's norm is moved at most this often,
const LAG_EVERY: Duration = minutes(10);
/// and by at most this factor.
const LAG_STEP: f32 = 1.2;

/// Fewer records than usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quiet {
    /// The first quiet hour's beginning.
    pub since: Timestamp,
    /// End of the last hour that was looked at.
    pub until: Timestamp,
    /// Records that these hours usually bring.
    pub expected: u64,
    /// Records that they brought.
    pub seen: u64,
}

/// The norm of one stream: at most about 2 kB.
#[derive(Clone, Debug, PartialEq)]
pub struct Rhythm {
    /// Usual records, by hour of the week (hour 0 is where the epoch's Thursday began).
    mean: Box<[f32; HOURS_OF_WEEK]>,
    /// How many weeks went into it.
    weeks: Box<[u8; HOURS_OF_WEEK]>,
    /// Records of the hours from `first_hour` on.
    recent: VecDeque<u32>,
    /// Hours since the epoch. Earlier ones are decided.
    first_hour: i64,
    usual_lag_seconds: Option<f32>,
    lag_noted: Timestamp,
}

impl Rhythm {
    /// Of a stream whose first records are noted now.
    pub fn new(now: Timestamp) -> Self {
        Self {
            mean: Box::new([0.0; HOURS_OF_WEEK]),
            weeks: Box::new([0; HOURS_OF_WEEK]),
            recent: VecDeque::new(),
            first_hour: hour_of(now) - MAX_RECENT_HOURS as i64,
            usual_lag_seconds: None,
            lag_noted: Timestamp::default(),
        }
    }

    /// Records of a blob created then were journalled. What lies in the future, or is decided, is left out.
    pub fn note(&mut self, created: Timestamp, records: u32, now: Timestamp) {
        self.reach(hour_of(now));
        let place = usize::try_from(hour_of(created) - self.first_hour).ok();
        if let Some(count) = place.and_then(|place| self.recent.get_mut(place)) {
            *count = count.saturating_add(records);
        }
    }

    /// Lets hours that are old enough and wholly listed enter the norm. To be called when nothing is pending.
    pub fn settle(&mut self, listed: Span, now: Timestamp) {
        self.reach(hour_of(now));
        let end = (now - SETTLED_AFTER).min(listed.to);
        while start_of(self.first_hour + 1) <= end {
            let Some(records) = self.recent.pop_front() else { break };
            if listed.from <= start_of(self.first_hour) {
                self.learn(slot_of(self.first_hour), records as f32);
            }
            self.first_hour += 1;
        }
    }

    /// Whether the latest hours of what was listed are far quieter than usual; `None` too while not enough is
    /// known.
    pub fn quiet(&self, listed: Span, now: Timestamp) -> Option<Quiet> {
        let last = hour_of((now - LOOKED_AT_AFTER).min(listed.to)) - 1;
        let (mut expected, mut seen, mut quiet_hours) = (0.0_f32, 0.0_f32, 0);
        let mut found = None;
        for hour in (self.first_hour..=last).rev() {
            let slot = slot_of(hour);
            let records = usize::try_from(hour - self.first_hour).ok().and_then(|at| self.recent.get(at));
            let (Some(records), true) = (records, self.weeks[slot] >= MIN_WEEKS) else { break };
            if start_of(hour) < listed.from {
                break;
            }
            let (records, usual) = (*records as f32, self.mean[slot]);
            if usual >= MIN_EXPECTED_OF_HOUR {
                if records > usual * QUIET_SHARE_OF_HOUR {
                    break;
                }
                quiet_hours += 1;
            }
            (expected, seen) = (expected + usual, seen + records);
            if seen > expected * QUIET_SHARE {
                break;
            }
            if expected >= MIN_EXPECTED && quiet_hours >= MIN_QUIET_HOURS && usual >= MIN_EXPECTED_OF_HOUR {
                found = Some(Quiet {
                    since: start_of(hour),
                    until: start_of(last + 1),
                    expected: whole(expected),
                    seen: whole(seen),
                });
            }
        }
        found
    }

    /// A blob's lag, while all is well: the norm moves towards it slowly.
    pub fn note_lag(&mut self, lag: Duration, now: Timestamp) {
        if now.since(self.lag_noted) < LAG_EVERY {
            return;
        }
        self.lag_noted = now;
        let seconds = lag.as_secs_f32().max(1.0);
        let moved =
            self.usual_lag_seconds.map_or(seconds, |usual| seconds.clamp(usual / LAG_STEP, usual * LAG_STEP));
        self.usual_lag_seconds = Some(moved);
    }

    /// From `contentCreated` to being listed, as it usually is.
    pub fn usual_lag(&self) -> Option<Duration> {
        self.usual_lag_seconds.map(Duration::from_secs_f32)
    }

    fn learn(&mut self, slot: usize, records: f32) {
        let (weeks, mean) = (self.weeks[slot], &mut self.mean[slot]);
        // One flood shall not make the ordinary week after it look silent.
        let tame = if weeks >= MIN_WEEKS { records.min(*mean * 3.0 + 50.0) } else { records };
        let weight = (1.0 / (f32::from(weeks) + 1.0)).max(NEWEST_WEIGHT);
        *mean += weight * (tame - *mean);
        self.weeks[slot] = weeks.saturating_add(1);
    }

    /// Makes room up to and with an hour; the oldest go undecided when there are too many.
    fn reach(&mut self, hour: i64) {
        let wanted = usize::try_from(hour - self.first_hour + 1).unwrap_or(0);
        let excess = wanted.saturating_sub(MAX_RECENT_HOURS);
        if excess >= self.recent.len() && excess > 0 {
            self.recent.clear();
        } else {
            self.recent.drain(..excess);
        }
        self.first_hour += excess as i64;
        let length = wanted - excess;
        if self.recent.len() < length {
            self.recent.resize(length, 0);
        }
    }
}

fn hour_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(HOUR_MILLIS)
}

fn start_of(hour: i64) -> Timestamp {
    Timestamp::from_millis(hour * HOUR_MILLIS)
}

fn slot_of(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(HOURS_OF_WEEK as i64)).unwrap_or(0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sums of counts: never negative, and a cast saturates"
)]
fn whole(records: f32) -> u64 {
    records.round() as u64
}
