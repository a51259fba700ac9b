//! Which record ids were seen, with which contents: exact de-duplication within one stream.
//!
//! A set of (stream, day of the blob's `contentCreated`, id, content). The newest are in a table in memory, derived
//! from the record indexes of the journal's chunks; older ones in immutable sorted files, *runs*, one day each, that
//! the database names. Every run has an approximate filter in memory, so that an id that is new costs no read; what a
//! filter lets through is compared byte by byte, so no answer depends on it.
//!
//! Where to start: [`DuplicateIndex::mark_records`]; then `run.rs` (a file and a look-up in it), `task.rs` (how runs
//! come to be). Which runs count is the database's to say: `sqlite/id_runs.rs`.

mod choose;
mod day;
mod filter;
mod hot;
mod index;
mod merge;
mod run;
mod run_format;
mod run_writer;
mod seen;
mod task;
#[cfg(test)]
mod tests;

pub(crate) use day::Day;
pub(crate) use hot::UndoMark;
pub(crate) use index::DuplicateIndex;
pub(crate) use run::{Run, RunFacts};
pub(crate) use run_format::number_of;
pub(crate) use task::{Made, Task, Workshop};

pub(crate) type Result<T> = std::result::Result<T, crate::JournalError>;
