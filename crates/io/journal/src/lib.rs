//! The journal: the one durable thing. Records, ledger deltas, readers' receipts, control state.
//!
//! What it promises: L2 (what it acknowledged is on disk), L4 (repeating changes nothing), exact
//! de-duplication by record id within one stream for at least 14 days of blob age.
//! Memory (M1): at most 64 MiB waiting for the writer, 16 MiB of page cache, `cache_bytes` of decoded chunks, what
//! the reads under way return; for `ids_in_memory` record ids 40 bytes each, up to 140 more while files are made of
//! them; 2.3 bytes for each id in files.
//! What it never does: decide what to fetch or where to deliver; speak to a network.
//! Where to start: [`Journal`], then `sqlite/`.

mod contract;
mod error;
mod ids;
mod sqlite;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use contract::{
    Answer, Applied, BlobChoice, BlobCommit, BlobPlace, BlobRow, Committed, Journal, MAX_BLOB_ROWS,
    MAX_REPORTED_GAPS, ReaderState, Receipt, Recount, StreamId, StreamReport, StreamSums,
};
pub use error::{JournalError, JournalErrorKind};
pub use sqlite::{JournalConfig, JournalReader, MIN_DEDUP_HORIZON, Mode, SqliteJournal};
