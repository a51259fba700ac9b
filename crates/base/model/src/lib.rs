//! The nouns of Trailhound and its numbered promises.
//!
//! What it is: typed ids, instants, spans, the ledger's facts and the deltas that change them.
//! What it promises: plain values; every one can be made by hand in a test.
//! What it never does: I/O, reading a clock, drawing a random number.
//! Where to start: [`delta::Delta`], the only way in which a ledger changes.

mod blob;
mod chunk;
mod counts;
pub mod delta;
mod gap;
mod ids;
pub mod promises;
mod record;
mod span;
mod stream_facts;
mod time;

pub use blob::{Blob, PendingBlob};
pub use chunk::{CHUNK_BYTES, JournalChunk, MAX_RECORD_BYTES, NewChunk, Seq};
pub use counts::{BlobCounts, DeliveryCounts, RecordCounts, StreamCounts};
pub use delta::Delta;
pub use gap::{Gap, GapReason};
pub use ids::{ContentId, InstanceName, InvalidName, MAX_NAME_BYTES, OutputName, StreamKey, StreamName};
pub use promises::Promise;
pub use record::{ContentHash, RecordEntry, RecordId, RecordMark};
pub use span::{Span, SpanSet};
pub use stream_facts::{StreamFacts, SweepTier};
pub use time::{InvalidTimestamp, Timestamp, days, hours, minutes, seconds};
