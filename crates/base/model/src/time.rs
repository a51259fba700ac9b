//! Instants in UTC with millisecond precision: what Microsoft's API speaks.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// An instant: whole milliseconds since 1970-01-01T00:00:00Z. May be negative.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// The text is not an instant in any form that Microsoft or RFC 3339 uses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time such as `2026-11-20T16:00:00Z`")]
pub struct InvalidTimestamp(pub String);

impl Timestamp {
    /// The instant `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Parses RFC 3339; a missing zone means UTC, a bare date means its midnight. Fractions below a
    /// millisecond are cut off.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        static PARSER: DateTimeParser = DateTimeParser::new();
        let invalid = || InvalidTimestamp(text.to_owned());
        if let Ok(instant) = PARSER.parse_timestamp(text) {
            return Ok(Self(instant.as_millisecond()));
        }
        let civil = PARSER.parse_datetime(text).map_err(|_| invalid())?;
        let zoned = civil.to_zoned(TimeZone::UTC).map_err(|_| invalid())?;
        Ok(Self(zoned.timestamp().as_millisecond()))
    }

    /// `YYYY-MM-DD` of the UTC day.
    pub fn utc_date(self) -> String {
        self.to_string()[..10].to_owned()
    }

    /// `YYYY-MM-DDTHH:MM:SS`, without a zone: the form Microsoft documents for `startTime`/`endTime`.
    pub fn to_seconds_string(self) -> String {
        self.to_string()[..19].to_owned()
    }

    /// Time from `earlier` to `self`; zero when `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The latest multiple of `step` (counted from the epoch) that is not after `self`.
    pub fn floor_to(self, step: Duration) -> Self {
        let step = duration_millis(step).max(1);
        Self(self.0.div_euclid(step) * step)
    }
}

fn duration_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(duration_millis(rhs)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(duration_millis(rhs)))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 with `Z`, always with three fraction digits: `2026-11-20T16:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        write!(f, "{instant:.3}")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A duration of `n` seconds.
pub const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A duration of `n` minutes.
pub const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// A duration of `n` hours.
pub const fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3_600)
}

/// A duration of `n` days of 24 hours.
pub const fn days(n: u64) -> Duration {
    Duration::from_secs(n * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_microsoft_uses_are_read() {
        let expected = Timestamp::from_millis(1_593_655_581_634);
        assert_eq!(Timestamp::parse("2020-07-02T02:06:21.634Z"), Ok(expected));
        assert_eq!(Timestamp::parse("2020-07-02T02:06:21.634"), Ok(expected));
        assert_eq!(Timestamp::parse("2020-07-02T04:06:21.6349+02:00"), Ok(expected));
        assert_eq!(Timestamp::parse("2020-07-02").unwrap().to_string(), "2020-07-02T00:00:00.000Z");
        assert!(Timestamp::parse("yesterday").is_err());
    }

    #[test]
    fn printing_and_reading_agree() {
        let at = Timestamp::from_millis(1_795_190_400_007);
        assert_eq!(Timestamp::parse(&at.to_string()), Ok(at));
        assert_eq!(at.to_seconds_string().len(), 19);
        assert_eq!(at.floor_to(minutes(10)).as_millis() % 600_000, 0);
    }
}
