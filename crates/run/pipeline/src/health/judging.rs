//! One look at the board: judges the streams that changed or whose time has come.

use trailhound_health::{Change, HealthState, Rhythm, Words, explain, judge, signs};
use trailhound_model::{StreamKey, Timestamp, minutes, seconds};

use super::book::{Book, Entry, Health};
use super::seen::{observe, troubles};
use crate::board::{Board, Snapshot, StreamStatus};
use crate::stream::corrected;

/// What a look came to.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// What changed, with its words.
    pub(super) changes: Vec<(StreamKey, Change, Words)>,
    /// Some judgement waits for its confirmation: look again soon.
    pub(super) is_settling: bool,
}

/// Judges. Streams without an entry in the book are left out: what an earlier process knew of them is read first.
pub(super) fn look(board: &Board, local_now: Timestamp, offset_millis: Option<i64>) -> Look {
    board.with(|snapshot| {
        let mut book = board.health().lock();
        snapshot.clock_offset_millis = offset_millis;
        note_successes(&mut book, snapshot);
        book.outputs = troubles(snapshot, offset_millis);
        book.looked_at = local_now;
        let mut looked = Look::default();
        for (key, status) in &mut snapshot.streams {
            let is_due =
                |entry: &Entry| status.watch.version != entry.judged_version || entry.look_again <= local_now;
            if !book.entries.get(key).is_some_and(is_due) {
                continue;
            }
            // Out of the book while it is judged, so that the rest of the book can be read.
            let Some((own_key, mut entry)) = book.entries.remove_entry(key) else { continue };
            judge_stream(&mut book, key, status, &mut entry, local_now, &mut looked);
            book.entries.insert(own_key, entry);
        }
        looked
    })
}

/// A stream's state with its words, as of the last look; `None` before the first.
pub(crate) fn health_of(board: &Board, key: &StreamKey) -> Option<Health> {
    board.with(|snapshot| {
        let book = board.health().lock();
        let (status, entry) = (snapshot.streams.get(key)?, book.entries.get(key)?);
        let instance = book.instances.get(&key.instance).copied().unwrap_or_default();
        let seen = observe(key, status, entry, instance, &book.outputs, book.looked_at);
        let peers = book.peers(&key.stream, entry.signs);
        let (state, since) = (entry.tracker.state(), entry.tracker.since());
        let Words { cause, cure, details } = explain(state, since, &seen, peers);
        let held = judge(&seen, peers);
        let also = HealthState::ALL
            .into_iter()
            .filter(|other| *other != state && !other.is_well() && held.began(*other).is_some());
        let also = also.collect();
        Some(Health { state, severity: state.severity(), since, cause, cure, details, also, at: seen.now })
    })
}

/// When a call for each instance last succeeded, whatever the stream.
fn note_successes(book: &mut Book, board: &Snapshot) {
    for (key, status) in &board.streams {
        if let Some(facts) = book.instances.get_mut(&key.instance) {
            facts.last_success = facts.last_success.max(status.last_success);
        }
    }
}

fn judge_stream(
    book: &mut Book,
    key: &StreamKey,
    status: &mut StreamStatus,
    entry: &mut Entry,
    local_now: Timestamp,
    looked: &mut Look,
) {
    let instance = book.instances.get(&key.instance).copied().unwrap_or_default();
    let now = corrected(local_now, instance.clock_offset_millis);
    entry.judged_version = status.watch.version;
    entry.has_data |= status.newest_blob.is_some();
    learn(status, entry, now);

    let seen = observe(key, status, entry, instance, &book.outputs, local_now);
    let shown = signs(&seen);
    let peers = book.peers(&key.stream, entry.signs);
    let held = judge(&seen, peers);
    let change = entry.tracker.step(&held, now);
    let state = entry.tracker.state();
    let waits = held.first().0 != state || (state.is_well() && seen.failures.iter().any(Option::is_some));
    looked.is_settling |= waits;
    entry.look_again = local_now + if waits { seconds(15) } else { minutes(1) };

    if let Some(change) = change {
        entry.history.push(change);
        entry.must_store = true;
        looked.changes.push((key.clone(), change, explain(state, entry.tracker.since(), &seen, peers)));
    }
    book.retell(&key.stream, entry.signs, shown);
    entry.signs = shown;
}

/// Takes what arrived into the stream's rhythm. A stream that never had records has none, and costs nothing.
fn learn(status: &mut StreamStatus, entry: &mut Entry, now: Timestamp) {
    let arrivals = std::mem::take(&mut status.watch.arrivals);
    if entry.rhythm.is_none() && arrivals.is_empty() {
        return;
    }
    let rhythm = entry.rhythm.get_or_insert_with(|| Box::new(Rhythm::new(now)));
    for (hour, records) in arrivals {
        rhythm.note(hour, records, now);
    }
    if let (Some(listed), 0) = (status.watch.listed, status.pending_blobs) {
        rhythm.settle(listed, now);
    }
    if let (Some(lag), HealthState::Ok) = (status.watch.lag(), entry.tracker.state()) {
        rhythm.note_lag(lag, now);
    }
}
