//! A stream's health as the journal's control state keeps it: written on each change, read at a restart and by
//! `trailhound state show`.

use trailhound_health::HealthState;
use trailhound_model::{StreamKey, Timestamp};

/// First line of the form.
const VERSION: &str = "health1";

/// The control key of a stream's health.
pub fn stored_key(key: &StreamKey) -> String {
    format!("health/{key}")
}

/// The control key of a stream's rhythm.
pub(super) fn rhythm_key(key: &StreamKey) -> String {
    format!("rhythm/{key}")
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHealth {
    /// The state.
    pub state: HealthState,
    /// The beginning of the condition.
    pub since: Timestamp,
    /// When it was written.
    pub at: Timestamp,
    /// What happened, as of `at`.
    pub cause: String,
    /// What to do.
    pub cure: String,
}

impl StoredHealth {
    /// Six lines.
    pub fn to_text(&self) -> String {
        let (cause, cure) = (one_line(&self.cause), one_line(&self.cure));
        format!("{VERSION}\n{}\n{}\n{}\n{cause}\n{cure}", self.state, self.since, self.at)
    }

    /// The inverse; `None` for what is not in that form.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        if lines.next()? != VERSION {
            return None;
        }
        let state = HealthState::from_word(lines.next()?)?;
        let since = Timestamp::parse(lines.next()?).ok()?;
        let at = Timestamp::parse(lines.next()?).ok()?;
        let (cause, cure) = (lines.next()?.to_owned(), lines.next()?.to_owned());
        Some(Self { state, since, at, cause, cure })
    }
}

/// A server's words may hold line breaks.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_other_forms_are_refused() {
        let stored = StoredHealth {
            state: HealthState::OutputDown,
            since: Timestamp::from_millis(1_795_190_400_000),
            at: Timestamp::from_millis(1_795_190_700_000),
            cause: "no room\r\nat all".to_owned(),
            cure: String::new(),
        };
        let read = StoredHealth::from_text(&stored.to_text()).unwrap();
        assert_eq!(read, StoredHealth { cause: "no room  at all".to_owned(), ..stored });
        assert_eq!(StoredHealth::from_text("health2\nok\n"), None);
        assert_eq!(StoredHealth::from_text(""), None);
    }
}
