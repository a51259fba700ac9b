//! What is going on: one status per stream and per output, for the live view, health and the summary.
//!
//! Counters here begin at zero with the process; the ledger's own sums are in the journal.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trailhound_journal::JournalError;
use trailhound_model::{DeliveryCounts, OutputName, RecordCounts, StreamKey, Timestamp};

use crate::health::{self, Health, HealthBook, StreamWatch};
use crate::journal_news::{self, JournalNews};
use crate::quota::{QuotaKey, QuotaStatus, QuotaView};
use crate::source::Reaction;

/// The present state of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamPhase {
    /// Nothing has been tried yet.
    #[default]
    New,
    /// Listed, and nothing was there yet.
    WaitingForFirstData,
    /// As it should be.
    Ok,
    /// Microsoft asked for fewer requests.
    Throttled,
    /// The last call failed; it is tried again.
    Retrying,
    /// Only a person can help: see the error.
    Failed(Reaction),
}

/// One stream's status.
#[derive(Clone, Debug, Default)]
pub struct StreamStatus {
    /// What state it is in.
    pub phase: StreamPhase,
    /// Blobs named by listings, each once, and those that were still to be fetched at the start.
    pub listed_blobs: u64,
    /// Blobs journalled.
    pub fetched_blobs: u64,
    /// Blobs that became gap rows.
    pub gap_blobs: u64,
    /// Blobs listed and not yet journalled.
    pub pending_blobs: u64,
    /// Fetches under way.
    pub in_flight: u64,
    /// What became of the records.
    pub records: RecordCounts,
    /// Decompressed bytes.
    pub raw_bytes: u64,
    /// Bytes over the wire, of blobs.
    pub wire_bytes: u64,
    /// Listing pages read.
    pub pages: u64,
    /// `contentCreated` of the newest journalled blob.
    pub newest_blob: Option<Timestamp>,
    /// How long after its `contentCreated` the latest blob was journalled, in milliseconds; of blobs newer than
    /// this run only.
    pub lag_millis: Option<i64>,
    /// When a call last succeeded.
    pub last_success: Option<Timestamp>,
    /// The last failure: when, what, what to do.
    pub last_error: Option<(Timestamp, String, String)>,
    /// [`crate::Goal::Once`]: everything asked for is in the journal or in a gap row.
    pub finished: bool,
    /// What its health is judged by.
    pub watch: StreamWatch,
}

/// One output's status.
#[derive(Clone, Debug, Default)]
pub struct OutputStatus {
    /// Done since the process began, by stream.
    pub counts: BTreeMap<StreamKey, DeliveryCounts>,
    /// Chunks not yet delivered.
    pub backlog_chunks: u64,
    /// When it last accepted a batch.
    pub last_success: Option<Timestamp>,
    /// The failure that holds it up now: since when, what, what to do.
    pub error: Option<(Timestamp, String, String)>,
    /// What others did last to what was delivered: when it was noticed, and what.
    pub outside_change: Option<(Timestamp, String)>,
}

/// A copy of everything at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// By stream.
    pub streams: BTreeMap<StreamKey, StreamStatus>,
    /// By output.
    pub outputs: BTreeMap<OutputName, OutputStatus>,
    /// By quota: requests against what may be sent.
    pub quotas: BTreeMap<QuotaKey, QuotaStatus>,
    /// Broken promises, with what was seen: must stay empty.
    pub alarms: Vec<String>,
    /// The journal's present failure, if any.
    pub journal_error: Option<String>,
    /// Microsoft's clock minus this machine's, in milliseconds: the middle one of what the instances measure.
    pub clock_offset_millis: Option<i64>,
}

/// Where statuses are kept. Cheap to share.
#[derive(Clone, Default)]
pub struct Board {
    present: Arc<Mutex<Snapshot>>,
    health: HealthBook,
    journal: Arc<Mutex<JournalNews>>,
    /// Asked when a copy is taken: they change with every request.
    quotas: Arc<Mutex<BTreeMap<QuotaKey, Arc<dyn QuotaView>>>>,
}

impl fmt::Debug for Board {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(out)
    }
}

/// Most alarms that are kept.
const MAX_ALARMS: usize = 100;

impl Board {
    /// An empty board.
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of the present state.
    pub fn snapshot(&self) -> Snapshot {
        let mut copy = self.lock().clone();
        let views = self.quotas.lock().unwrap_or_else(PoisonError::into_inner).clone();
        copy.quotas = views.iter().map(|(key, view)| (key.clone(), view.status())).collect();
        copy
    }

    /// Looks at the present state without a copy, all but the quotas. Nothing can be shown meanwhile: be quick.
    pub fn read<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> T {
        look(&self.lock())
    }

    /// Changes one stream's status.
    pub fn stream(&self, key: &StreamKey, change: impl FnOnce(&mut StreamStatus)) {
        let mut board = self.lock();
        let status = match board.streams.get_mut(key) {
            Some(status) => status,
            None => board.streams.entry(key.clone()).or_default(),
        };
        change(status);
        status.watch.version += 1;
    }

    /// The health of the streams, as it was judged last.
    pub fn health(&self) -> &HealthBook {
        &self.health
    }

    /// A stream's health with its words, as it was judged last; `None` while it was not judged yet.
    pub fn health_of(&self, key: &StreamKey) -> Option<Health> {
        health::health_of(self, key)
    }

    /// Looks at everything, or changes it, without a copy. Everything else waits meanwhile.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Snapshot) -> T) -> T {
        look(&mut self.lock())
    }

    /// Changes one output's status.
    pub fn output(&self, name: &OutputName, change: impl FnOnce(&mut OutputStatus)) {
        change(self.lock().outputs.entry(name.clone()).or_default());
    }

    /// Shows a quota from now on.
    pub(crate) fn watch_quota(&self, key: QuotaKey, view: Arc<dyn QuotaView>) {
        self.quotas.lock().unwrap_or_else(PoisonError::into_inner).insert(key, view);
    }

    /// How a quota stands; `None` while nobody uses it.
    pub(crate) fn quota(&self, key: &QuotaKey) -> Option<QuotaStatus> {
        let views = self.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        let view = views.get(key).cloned();
        drop(views);
        Some(view?.status())
    }

    /// A promise was broken.
    pub fn alarm(&self, what: String) {
        let mut board = self.lock();
        if board.alarms.len() < MAX_ALARMS && !board.alarms.contains(&what) {
            board.alarms.push(what);
        }
    }

    /// A change could not be made durable. Whoever meets it calls this, and it is said once for all.
    pub fn journal_failed(&self, error: &JournalError, now: Timestamp) {
        let is_news = self.journal_news().failed(error.kind, now);
        if is_news {
            journal_news::say_failed(error);
        }
        self.lock().journal_error = Some(format!("{error}; {}", error.kind.hint()));
    }

    /// A change was made durable: after a while without a failure the journal is well again.
    pub fn journal_works(&self, now: Timestamp) {
        let over = self.journal_news().works(now);
        if let Some(trouble) = over {
            journal_news::say_works(trouble, now);
            self.lock().journal_error = None;
        }
    }

    fn journal_news(&self) -> MutexGuard<'_, JournalNews> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
