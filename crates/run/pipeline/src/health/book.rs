//! Where the judgements are kept, and how they are read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trailhound_health::{
    Change, CredentialEnd, HealthState, History, OutputTrouble, Peers, QuotaRefusal, Rhythm, Severity, Signs,
    Tracker,
};
use trailhound_model::{InstanceName, StreamKey, StreamName, Timestamp};

/// The states of all streams; [`crate::board::Board::health_of`] adds the words. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct HealthBook(Arc<Mutex<Book>>);

/// The health of one stream, with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The state.
    pub state: HealthState,
    /// How bad it is.
    pub severity: Severity,
    /// The beginning of the condition; survives restarts.
    pub since: Timestamp,
    /// What happened and where.
    pub cause: String,
    /// What to do next; empty when nothing is to be done.
    pub cure: String,
    /// What else is known, a line each.
    pub details: Vec<String>,
    /// What is wrong besides.
    pub also: Vec<HealthState>,
    /// When it was judged.
    pub at: Timestamp,
}

impl HealthBook {
    /// A stream's state and its beginning; `None` for one that was not judged yet.
    pub fn state(&self, key: &StreamKey) -> Option<(HealthState, Timestamp)> {
        self.lock().entries.get(key).map(|entry| (entry.tracker.state(), entry.tracker.since()))
    }

    /// The states of all streams that were judged.
    pub fn states(&self) -> BTreeMap<StreamKey, (HealthState, Timestamp)> {
        let book = self.lock();
        let state = |entry: &Entry| (entry.tracker.state(), entry.tracker.since());
        book.entries.iter().map(|(key, entry)| (key.clone(), state(entry))).collect()
    }

    /// What a stream's states have been in this process, oldest first; at most
    /// [`trailhound_health::MAX_CHANGES`].
    pub fn history(&self, key: &StreamKey) -> Vec<Change> {
        self.lock().entries.get(key).map_or_else(Vec::new, |entry| entry.history.changes().copied().collect())
    }

    /// How many streams are in which state, in the order of [`HealthState::ALL`].
    pub fn counts(&self) -> [u64; HealthState::ALL.len()] {
        let mut counts = [0; HealthState::ALL.len()];
        for entry in self.lock().entries.values() {
            counts[entry.tracker.state() as usize] += 1;
        }
        counts
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that one look builds on.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) entries: BTreeMap<StreamKey, Entry>,
    pub(super) instances: BTreeMap<InstanceName, InstanceFacts>,
    pub(super) outputs: Vec<OutputTrouble>,
    /// When the book was last gone through, by this machine's clock.
    pub(super) looked_at: Timestamp,
    /// The signs of all instances, by content type.
    types: BTreeMap<StreamName, Peers>,
}

/// What all streams of an instance share.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InstanceFacts {
    pub(super) credential_ends: Option<CredentialEnd>,
    pub(super) quota_refuses: Option<QuotaRefusal>,
    pub(super) clock_offset_millis: Option<i64>,
    pub(super) last_success: Option<Timestamp>,
}

/// One stream.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) tracker: Tracker,
    pub(super) history: History,
    pub(super) signs: Signs,
    /// Of streams that ever had records.
    pub(super) rhythm: Option<Box<Rhythm>>,
    /// There is a blob in the journal.
    pub(super) has_data: bool,
    /// The version of the stream's status that was judged last.
    pub(super) judged_version: u64,
    pub(super) look_again: Timestamp,
    /// The state that metrics show.
    pub(super) shown: Option<HealthState>,
    /// Control state: the version of the stored health, whether it must be written, and the rhythm's.
    pub(super) stored_version: Option<u64>,
    pub(super) must_store: bool,
    pub(super) rhythm_version: Option<u64>,
    pub(super) rhythm_stored_at: Timestamp,
}

impl Entry {
    /// Of a stream whose past is not known (yet).
    pub(super) fn new(at: Timestamp) -> Self {
        Self {
            tracker: Tracker::new(at),
            history: History::default(),
            signs: Signs::default(),
            rhythm: None,
            has_data: false,
            judged_version: 0,
            look_again: Timestamp::default(),
            shown: None,
            stored_version: None,
            must_store: false,
            rhythm_version: None,
            rhythm_stored_at: at,
        }
    }
}

impl Book {
    /// The other instances' signs for this content type.
    pub(super) fn peers(&self, stream: &StreamName, own: Signs) -> Peers {
        let all = self.types.get(stream).copied().unwrap_or_default();
        let less = |all: u32, own: bool| all.saturating_sub(u32::from(own));
        Peers {
            others: less(all.others, own.judged),
            late: less(all.late, own.late),
            quiet: less(all.quiet, own.quiet),
            failing: less(all.failing, own.failing),
        }
    }

    /// A stream's signs changed.
    pub(super) fn retell(&mut self, stream: &StreamName, old: Signs, new: Signs) {
        if old == new {
            return;
        }
        let all = self.types.entry(stream.clone()).or_default();
        let change = |all: &mut u32, old: bool, new: bool| {
            *all = (*all + u32::from(new)).saturating_sub(u32::from(old));
        };
        change(&mut all.others, old.judged, new.judged);
        change(&mut all.late, old.late, new.late);
        change(&mut all.quiet, old.quiet, new.quiet);
        change(&mut all.failing, old.failing, new.failing);
    }
}
