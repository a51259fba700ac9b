//! Kinds of values that several sections have.

use std::time::Duration;

use trailhound_model::Timestamp;

use super::Checker;
use crate::document::{Step, nearest};
use crate::parse::list;
use crate::{ConfigError, units};

impl Checker<'_> {
    /// A duration within limits.
    pub(super) fn duration(
        &self,
        place: &[Step],
        text: &str,
        least: Duration,
        most: Duration,
    ) -> Result<Duration, ConfigError> {
        let key = last_key(place);
        let Some(duration) = units::duration(text) else {
            let hint =
                "write a whole number with its unit: `ms`, `s`, `m`, `h` or `d`, such as `90s` or `1h30m`";
            return Err(self.error(place, format!("`{key}` is not a length of time: `{text}`"), hint));
        };
        if duration < least || duration > most {
            let limits = format!("`{key}` must be between {} and {}", words(least), words(most));
            return Err(self.error(place, limits, ""));
        }
        Ok(duration)
    }

    /// A GUID, in lower case.
    pub(super) fn guid(&self, place: &[Step], text: &str) -> Result<String, ConfigError> {
        if is_guid(text) {
            return Ok(text.to_ascii_lowercase());
        }
        let key = last_key(place);
        let hint = match key {
            "tenant_id" if text.contains('.') => {
                "a domain name does not do: Microsoft's API takes the tenant's GUID only. It is on the Overview page \
                 of Microsoft Entra ID as `Tenant ID`"
            }
            "tenant_id" => "it is on the Overview page of Microsoft Entra ID as `Tenant ID`",
            "client_id" => "it is on the Overview page of the app registration as `Application (client) ID`",
            _ => "it looks like `01234567-89ab-cdef-0123-456789abcdef`",
        };
        Err(self.error(place, format!("`{key}` is not a GUID"), hint))
    }

    /// An instant.
    pub(super) fn time(&self, place: &[Step], text: &str, example: &str) -> Result<Timestamp, ConfigError> {
        Timestamp::parse(text).map_err(|_| {
            let what = format!("`{}` is not a time: `{text}`", last_key(place));
            self.error(place, what, &format!("write it like `{example}` (UTC)"))
        })
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &self,
        place: &[Step],
        text: &str,
        known: &[(&'static str, T)],
    ) -> Result<T, ConfigError> {
        if let Some((_, value)) = known.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let hint = match nearest(text, &words) {
            Some(near) => format!("did you mean `{near}`? known are {}", list(&words)),
            None => format!("known are {}", list(&words)),
        };
        Err(self.error(place, format!("`{text}` is not a known `{}`", last_key(place)), &hint))
    }
}

/// The shape `8-4-4-4-12` of hexadecimal digits.
pub(super) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The key that a place is about.
pub(super) fn last_key(place: &[Step]) -> &'static str {
    place
        .iter()
        .rev()
        .find_map(|step| if let Step::Key(key) = step { Some(*key) } else { None })
        .unwrap_or("")
}

fn words(duration: Duration) -> String {
    match duration.as_secs() {
        0 => "`0s`".to_owned(),
        s if s % 86_400 == 0 => format!("`{}d`", s / 86_400),
        s if s % 3_600 == 0 => format!("`{}h`", s / 3_600),
        s if s % 60 == 0 => format!("`{}m`", s / 60),
        s => format!("`{s}s`"),
    }
}
