//! Observations by hand.

use trailhound_health::{FailureKind, Observation, OutputTrouble, Streak};
use trailhound_model::{InstanceName, OutputName, Span, StreamName, Timestamp, hours, minutes};

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T03:00:00Z").unwrap()
}

pub(crate) fn contoso() -> InstanceName {
    InstanceName::new("contoso").unwrap()
}

pub(crate) fn exchange() -> StreamName {
    StreamName::new("Audit.Exchange").unwrap()
}

/// A stream that has worked for a day, with content.
pub(crate) fn working<'a>(instance: &'a InstanceName, stream: &'a StreamName) -> Observation<'a> {
    let now = now();
    Observation {
        watched_since: now - hours(24),
        last_success: Some(now - minutes(1)),
        instance_success: Some(now - minutes(1)),
        subscribed_at: Some(now - minutes(20)),
        horizon: Some(now - hours(24 * 8)),
        listed: Some(Span { from: now - hours(24 * 8), to: now - minutes(1) }),
        pages: 1_440,
        newest_blob: Some(now - minutes(9)),
        lag: Some(minutes(2)),
        usual_lag: Some(minutes(2)),
        ..Observation::of_new(instance, stream, now)
    }
}

/// So many failures, one a minute, until a minute ago.
pub(crate) fn streak(kind: FailureKind, times: u32, code: &str, what: &str, hint: &str) -> Streak {
    let first = now() - minutes(u64::from(times));
    let mut streak = Streak::first(first, kind, code, what, hint);
    for n in 1..times {
        streak.again(first + minutes(u64::from(n)), kind, code, what, hint);
    }
    streak
}

pub(crate) fn siem_is_down() -> OutputTrouble {
    OutputTrouble {
        name: OutputName::new("siem").unwrap(),
        since: now() - minutes(47),
        what: "write `/var/log/m365/contoso.ndjson`: no space left on device".to_owned(),
        hint: "make room on the disk".to_owned(),
        backlog_chunks: 1_204,
        last_success: Some(now() - minutes(48)),
    }
}
