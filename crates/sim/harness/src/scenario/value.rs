//! Lengths of time and numbers that a seed may choose within a range.

use std::time::Duration;

use serde::Deserialize;
use toml::Value;
use trailhound_sim_microsoft::Dice;

/// A length of time: `"90m"`, or drawn anew for every seed: `{ between = ["1h", "3h"] }`. Units: `s m h d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Length {
    from: Duration,
    to: Duration,
}

/// A whole number, or a range of them: `{ between = [1, 9] }`, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Amount {
    from: i64,
    to: i64,
}

impl Length {
    pub(crate) const fn minutes(minutes: u64) -> Self {
        let length = Duration::from_secs(60 * minutes);
        Self { from: length, to: length }
    }

    /// The length under this seed.
    pub fn draw(&self, dice: &mut Dice) -> Duration {
        let millis = |length: Duration| i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        let drawn = dice.between(millis(self.from), millis(self.to).saturating_add(1));
        Duration::from_millis(drawn.unsigned_abs())
    }

    /// The longest that it can be.
    pub fn longest(&self) -> Duration {
        self.to
    }
}

impl Amount {
    /// The number under this seed.
    pub fn draw(&self, dice: &mut Dice) -> i64 {
        dice.between(self.from, self.to.saturating_add(1))
    }
}

impl TryFrom<Value> for Length {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let read = |value: &Value| {
            value.as_str().and_then(duration).ok_or(format!("`{value}` is no length such as \"90m\""))
        };
        match range(&value)? {
            Some((from, to)) => Ok(Self { from: read(from)?, to: read(to)? }),
            None => read(&value).map(|length| Self { from: length, to: length }),
        }
    }
}

impl TryFrom<Value> for Amount {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let read = |value: &Value| value.as_integer().ok_or(format!("`{value}` is no whole number"));
        match range(&value)? {
            Some((from, to)) => Ok(Self { from: read(from)?, to: read(to)? }),
            None => read(&value).map(|number| Self { from: number, to: number }),
        }
    }
}

/// The ends of `{ between = [a, b] }`; `None` for anything but a table.
pub(super) fn range(value: &Value) -> Result<Option<(&Value, &Value)>, String> {
    let Some(table) = value.as_table() else { return Ok(None) };
    match (table.len(), table.get("between").and_then(Value::as_array).map(Vec::as_slice)) {
        (1, Some([from, to])) => Ok(Some((from, to))),
        _ => Err(format!("`{table}` is no range such as {{ between = [1, 2] }}")),
    }
}

/// Reads `90s`, `15m`, `6h`, `9d`, `250ms`.
pub fn duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number * 60)),
        "h" => Some(Duration::from_secs(number * 3_600)),
        "d" => Some(Duration::from_secs(number * 86_400)),
        _ => None,
    }
}
