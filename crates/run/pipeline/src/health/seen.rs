//! From the board to an observation.

use trailhound_health::{Observation, OutputTrouble};
use trailhound_model::{StreamKey, Timestamp};

use super::book::{Entry, InstanceFacts};
use crate::board::{Snapshot, StreamStatus};
use crate::stream::corrected;

/// What is known of a stream now.
pub(super) fn observe<'a>(
    key: &'a StreamKey,
    status: &'a StreamStatus,
    entry: &Entry,
    instance: InstanceFacts,
    outputs: &'a [OutputTrouble],
    local_now: Timestamp,
) -> Observation<'a> {
    let watch = &status.watch;
    let now = corrected(local_now, instance.clock_offset_millis);
    let rhythm = entry.rhythm.as_deref();
    Observation {
        watched_since: watch.since.unwrap_or(now),
        last_success: status.last_success,
        instance_success: instance.last_success,
        poll_every: watch.poll_every,
        failures: watch.failures.each_ref().map(Option::as_deref),
        subscribed_at: watch.subscribed_at,
        horizon: watch.horizon,
        listed: watch.listed,
        pages: status.pages,
        newest_blob: status.newest_blob,
        has_data: entry.has_data,
        pending_blobs: status.pending_blobs,
        lag: watch.lag(),
        usual_lag: rhythm.and_then(trailhound_health::Rhythm::usual_lag),
        last_throttled: watch.last_throttled,
        quota_refuses: instance.quota_refuses,
        quarantine: watch.quarantine(now),
        credential_ends: instance.credential_ends,
        outputs,
        quiet: rhythm.zip(watch.listed).and_then(|(rhythm, listed)| rhythm.quiet(listed, now)),
        ..Observation::of_new(&key.instance, &key.stream, now)
    }
}

/// The outputs that fail, their times by Microsoft's clock as everything else.
pub(super) fn troubles(board: &Snapshot, offset_millis: Option<i64>) -> Vec<OutputTrouble> {
    let failing =
        board.outputs.iter().filter_map(|(name, status)| Some((name, status, status.error.as_ref()?)));
    failing
        .map(|(name, status, (since, what, hint))| OutputTrouble {
            name: name.clone(),
            since: corrected(*since, offset_millis),
            what: what.clone(),
            hint: hint.clone(),
            backlog_chunks: status.backlog_chunks,
            last_success: status.last_success.map(|at| corrected(at, offset_millis)),
        })
        .collect()
}
