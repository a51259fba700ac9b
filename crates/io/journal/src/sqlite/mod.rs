//! The journal in one SQLite file.
//!
//! Where to start: [`SqliteJournal::open`]; then `group.rs` (how a commit becomes durable), `commit.rs`
//! (commit point 1), `readers.rs` (commit point 2), `ledger.rs` (deltas as rows), `id_runs.rs` (files of
//! record ids).

mod blob_rows;
mod blobs;
mod chunk_cache;
mod codec;
mod commit;
mod control;
mod core;
mod database_file;
mod engine;
mod errors;
mod folder;
mod forget;
mod group;
#[cfg(feature = "testing")]
mod id_index;
mod id_runs;
mod journal;
mod ledger;
mod load;
mod read;
mod read_only;
mod readers;
mod record_index;
mod report;
mod rows;
mod schema;
mod staging;
#[cfg(test)]
mod upgrade_tests;

#[cfg(feature = "testing")]
pub use id_index::IdIndex;
pub use journal::{JournalConfig, MIN_DEDUP_HORIZON, Mode, SqliteJournal};
pub use read_only::JournalReader;
