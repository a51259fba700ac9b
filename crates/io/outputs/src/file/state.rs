//! The stored state: compact JSON with a version. Every version ever released is read.

use serde::{Deserialize, Serialize};
use trailhound_model::Timestamp;

use super::errors;
use super::files::{Files, Tracked};
use crate::OutputError;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct StateV1 {
    v: u32,
    files: Vec<FileV1>,
}

#[derive(Serialize, Deserialize)]
struct FileV1 {
    /// Path of part 0.
    base: String,
    part: u32,
    /// Bytes of this part that are promised by the receipt.
    len: u64,
    /// Since when this part is written, in ms since 1970.
    since: i64,
    /// Last written, in ms since 1970.
    used: i64,
    /// This output made the file, and it was absent before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    made: bool,
}

#[derive(Deserialize)]
struct AnyVersion {
    v: u32,
}

/// Reads a state of any version.
pub(super) fn read(text: &str) -> Result<Files, OutputError> {
    let unreadable = |error: serde_json::Error| errors::state(&error.to_string());
    let AnyVersion { v } = serde_json::from_str(text).map_err(unreadable)?;
    if v != VERSION {
        return Err(errors::state(&format!("its version is {v}, and this program knows up to {VERSION}")));
    }
    let state: StateV1 = serde_json::from_str(text).map_err(unreadable)?;
    Ok(Files::from_tracked(state.files.into_iter().map(|file| {
        let mut tracked = Tracked::at(file.part, file.len, Timestamp::from_millis(file.since));
        tracked.used = Timestamp::from_millis(file.used);
        tracked.made = file.made;
        (file.base, tracked)
    })))
}

/// Writes the newest version.
pub(super) fn write(files: &Files) -> String {
    let files = files.iter().map(|(base, tracked)| FileV1 {
        base: base.to_owned(),
        part: tracked.part,
        len: tracked.length,
        since: tracked.since.as_millis(),
        used: tracked.used.as_millis(),
        made: tracked.made,
    });
    serde_json::to_string(&StateV1 { v: VERSION, files: files.collect() })
        .expect("plain fields are always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_every_version_is_read() {
        let text = include_str!("state_v1.json").trim_end();
        let files = read(text).unwrap();
        assert_eq!(files.iter().count(), 2);
        assert_eq!(write(&files), text);
    }

    #[test]
    fn a_newer_or_broken_state_is_refused() {
        let error = read(r#"{"v":2,"shape":"unknown"}"#).err().unwrap();
        assert_eq!(error.what, "read its stored state: its version is 2, and this program knows up to 1");
        assert!(!error.retry);
        assert!(read("{").is_err());
    }
}
