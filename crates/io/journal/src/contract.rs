//! The journal as a contract: what the pipeline may ask of it, whatever engine stores it.
//!
//! Two engines fit: SQLite on one machine, and (later) a replicated log per stream with *expected version* on
//! append. So every call names what it builds on, and none needs a lock across calls.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use tokio::sync::watch;
use trailhound_model::{
    Blob, BlobCounts, ContentId, DeliveryCounts, Delta, Gap, JournalChunk, NewChunk, OutputName, PendingBlob,
    RecordCounts, Seq, Span, StreamCounts, StreamFacts, StreamKey, Timestamp,
};

use crate::JournalError;

/// The answer to a journal call.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, JournalError>>;

/// A stream's number in this journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u32);

/// What a group of deltas changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Of the blobs in `Delta::Found`: those that this journal had not seen before. After a call whose end was
    /// unknown (`Failed`) a repetition finds nothing new: load the facts again.
    pub new_blobs: Vec<Blob>,
    /// Of the blobs in `Delta::Reopened`: those that left a gap row by it, as they are pending now.
    pub reopened: Vec<PendingBlob>,
}

/// Where a blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobPlace {
    /// Listed, and neither of the others yet.
    Pending,
    /// Its records are in the journal, or were until every output had them.
    Journalled,
    /// In a gap row.
    Gap,
}

/// All that the journal knows of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRow {
    /// As listed; without its address once it is journalled.
    pub blob: Blob,
    /// Where it is.
    pub place: BlobPlace,
    /// When a listing first named it.
    pub found_at: Timestamp,
    /// Failed fetches.
    pub attempts: u32,
    /// What the last failure said.
    pub last_error: String,
    /// What became of its records; zero unless journalled.
    pub counts: RecordCounts,
    /// Decompressed bytes; 0 unless journalled.
    pub bytes: u64,
    /// The position of its last chunk and when that was committed; `None` for a blob without records, and when
    /// the chunk's row has been dropped by age.
    pub chunk: Option<(Seq, Timestamp)>,
    /// Its gap row.
    pub gap: Option<Gap>,
}

/// Which blobs [`Journal::blobs`] tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobChoice {
    /// Those in gap rows, in the order of their ids, beginning after this one.
    GivenUp {
        /// The last one of the page before.
        after: Option<ContentId>,
    },
    /// These, as far as they are known, in the order asked for; at most [`MAX_BLOB_ROWS`].
    These(Vec<ContentId>),
}

/// Most rows of one answer of [`Journal::blobs`].
pub const MAX_BLOB_ROWS: usize = 1_000;

/// A blob whose body was read to its end.
#[derive(Clone, Debug)]
pub struct BlobCommit {
    /// Whose.
    pub stream: StreamId,
    /// Which.
    pub content_id: ContentId,
    /// Its `contentCreated`: the age by which remembered record ids are forgotten.
    pub created: Timestamp,
    /// The chunks that were not staged, in order, after the staged ones. Empty for a blob without records.
    pub chunks: Vec<NewChunk>,
    /// How many chunks were staged before with [`Journal::stage`]; 0 for all but large blobs.
    pub staged_chunks: u32,
    /// Now.
    pub at: Timestamp,
}

/// What committing a blob did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// What became of its records.
    pub counts: RecordCounts,
    /// Decompressed bytes.
    pub bytes: u64,
    /// The blob was in the journal already and nothing changed (promise L4); `counts` are those of then.
    pub repeated: bool,
}

/// A reader's place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReaderState {
    /// Everything up to and with this is accepted by the receiver.
    pub position: Seq,
    /// What the output wants to find again after a restart; its own format.
    pub output_state: Option<String>,
}

/// Proof that a receiver accepted (commit point 2).
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Whose reader.
    pub reader: OutputName,
    /// Everything up to and with this was accepted. Never goes back; may stay (then only the state moves).
    pub position: Seq,
    /// Stored beside it.
    pub output_state: Option<String>,
    /// What was done since the previous receipt, by stream.
    pub counts: Vec<(StreamKey, DeliveryCounts)>,
    /// Now.
    pub at: Timestamp,
}

/// What was found of one stream, for `prove`, the health page and metrics.
#[derive(Clone, Debug)]
pub struct StreamReport {
    /// The stream.
    pub key: StreamKey,
    /// Sums.
    pub counts: StreamCounts,
    /// From when on it is to be covered.
    pub horizon: Option<Timestamp>,
    /// Spans listed to their last page, merged.
    pub covered: Vec<Span>,
    /// Gap rows, oldest span first, at most [`MAX_REPORTED_GAPS`].
    pub gaps: Vec<Gap>,
    /// Pending blobs that failed at least once: id, attempts, last error. At most [`MAX_REPORTED_GAPS`].
    pub failing: Vec<(ContentId, u32, String)>,
    /// `contentCreated` of the newest journalled blob.
    pub newest_blob: Option<Timestamp>,
    /// When a blob was last journalled.
    pub last_journalled_at: Option<Timestamp>,
    /// Per reader: its sums for this stream.
    pub deliveries: Vec<(OutputName, DeliveryCounts)>,
}

/// The sums of one stream alone: what promise L5 is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSums {
    /// The stream.
    pub key: StreamKey,
    /// Sums.
    pub counts: StreamCounts,
    /// Per reader that ever did something with this stream: its sums for it.
    pub deliveries: Vec<(OutputName, DeliveryCounts)>,
}

/// Blob sums of one stream twice: equal, or promise L5 is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recount {
    /// The stream.
    pub stream: StreamId,
    /// Its name.
    pub key: StreamKey,
    /// As kept with every change.
    pub kept: BlobCounts,
    /// As [`Journal::recount`] counts.
    pub counted: BlobCounts,
}

/// Rows in a report's lists; the counts are exact all the same.
pub const MAX_REPORTED_GAPS: usize = 100_000;

/// The one durable thing.
pub trait Journal: Send + Sync + 'static {
    /// The stream's number; made when it is new.
    fn register(&self, key: &StreamKey) -> Answer<'_, StreamId>;

    /// Registers many streams in one durable step; their numbers in the same order.
    fn register_many(&self, keys: Vec<StreamKey>) -> Answer<'_, Vec<StreamId>>;

    /// The stream's ledger as far as the planner needs it.
    fn load(&self, stream: StreamId) -> Answer<'_, StreamFacts>;

    /// The ledgers of many streams, in the same order. Ask for some thousand at a time.
    fn load_many(&self, streams: Vec<StreamId>) -> Answer<'_, Vec<StreamFacts>>;

    /// Makes ledger deltas durable, all or none. `Delta::Journalled` is not taken here: see `commit_blob`.
    ///
    /// What is decided by the journal alone: `Found`, `Listed` and a journalled blob are the successes of
    /// `StreamFacts::last_success`; `Failed` counts when its `next_try` is later than the known one; a gap of a
    /// journalled blob is ignored, of an unknown blob refused; a reopened blob begins without attempts.
    fn record(&self, stream: StreamId, deltas: Vec<Delta>) -> Answer<'_, Applied>;

    /// Deltas of many streams in one durable step, all or none; what each changed, in the same order. For
    /// what happens everywhere at once and is small, such as empty listings.
    fn record_many(&self, deltas: Vec<(StreamId, Vec<Delta>)>) -> Answer<'_, Vec<Applied>>;

    /// Sets a chunk of a large blob aside, durably but unseen by readers, until its blob is committed.
    /// `number` counts from 0; staging number 0 discards what an earlier attempt left, and so does a restart.
    fn stage(&self, stream: StreamId, content_id: &ContentId, number: u32, chunk: NewChunk)
    -> Answer<'_, ()>;

    /// Commit point 1: records and `Delta::Journalled` in one durable step, duplicates marked. A blob in a gap
    /// row leaves it; one that no listing named is counted as listed.
    fn commit_blob(&self, blob: BlobCommit) -> Answer<'_, Committed>;

    /// Where the reader stands. A new reader begins at the oldest chunk still held.
    fn open_reader(&self, reader: &OutputName) -> Answer<'_, ReaderState>;

    /// All readers, by name.
    fn readers(&self) -> Answer<'_, Vec<(OutputName, ReaderState)>>;

    /// Removes a reader, so that the journal no longer keeps payload for it.
    fn drop_reader(&self, reader: &OutputName) -> Answer<'_, ()>;

    /// Chunks after `after`, oldest first, until `max_bytes` of raw bytes are reached; at least one if any.
    fn read(&self, after: Seq, max_bytes: usize) -> Answer<'_, Vec<JournalChunk>>;

    /// Commit point 2. Refused when the position lies behind the stored one or beyond the newest chunk. With
    /// the stored position itself only the state moves and the counts are ignored: so repeating is safe.
    fn receipt(&self, receipt: Receipt) -> Answer<'_, ()>;

    /// The position of the newest committed chunk, as it moves.
    fn newest(&self) -> watch::Receiver<Seq>;

    /// Drops payload that every reader has and that is older than the configured retention, record ids of blobs
    /// created before the duplicate horizon, and the rows of such blobs that are journalled and cannot be listed
    /// again (the sums keep them). A call does a bounded part (256 payloads, 64 MiB, 2,048 blob rows), so that no
    /// commit waits long. Returns dropped payload rows and, of what else is dropped, the rows of each kind of which
    /// more may be left: call again until it is 0.
    fn forget(&self, now: Timestamp) -> Answer<'_, u64>;

    /// Reports on all streams, sorted by key.
    fn report(&self) -> Answer<'_, Vec<StreamReport>>;

    /// Blobs created after `after` that are in a gap row because they failed too often, by stream. At most
    /// [`MAX_REPORTED_GAPS`] of them, the newest first.
    fn poisoned(&self, after: Timestamp) -> Answer<'_, BTreeMap<StreamId, Vec<ContentId>>>;

    /// The sums of all streams as of one instant, sorted by key: cheap enough for every minute.
    fn sums(&self) -> Answer<'_, Vec<StreamSums>>;

    /// Blob sums of one stream, counted afresh from the rows (not from kept totals): the check of L5. Of blobs
    /// whose rows have retired their number alone is kept, and added.
    fn recount(&self, stream: StreamId) -> Answer<'_, BlobCounts>;

    /// The kept sums of up to `streams` streams after this one, in the order of their numbers, each with a fresh
    /// count of the same instant. Fewer than asked for: these were the last.
    fn recount_next(&self, after: Option<StreamId>, streams: usize) -> Answer<'_, Vec<Recount>>;

    /// Single blobs of a stream, a page at a time.
    fn blobs(&self, stream: StreamId, choice: BlobChoice) -> Answer<'_, Vec<BlobRow>>;

    /// Control state: a value and its version; `None` when there is none.
    fn control(&self, key: &str) -> Answer<'_, Option<(u64, String)>>;

    /// Compare-and-set: `expected` is the version read (`None`: must not exist). `false` when it has moved.
    fn set_control(&self, key: &str, expected: Option<u64>, value: &str) -> Answer<'_, bool>;
}
