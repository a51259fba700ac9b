//! Times and numbers as people read them at night.

use std::time::Duration;

use trailhound_model::Timestamp;

/// `2026-11-20 16:00 UTC`.
pub(super) fn minute(at: Timestamp) -> String {
    let text = at.to_seconds_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// The two largest units: `40 s`, `12 min`, `3 h 05 min`, `6 d 3 h`.
pub fn length(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// `12 min ago`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    format!("{} ago", length(now.since(at)))
}

/// `1 blob`, `2 blobs`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
