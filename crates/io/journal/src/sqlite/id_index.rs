//! The duplicate index alone.

use std::sync::Arc;

use trailhound_env::Clock;
use trailhound_model::{RecordEntry, RecordMark, Timestamp};

use crate::ids::Day;
use crate::{JournalConfig, JournalError, Mode, SqliteJournal, StreamId};

/// The duplicate index of a data folder as the journal uses it, without records: for benches, which could not store
/// 100 million of them. Everything runs in the caller. Ids that were not sealed are gone with it.
pub struct IdIndex(SqliteJournal);

impl IdIndex {
    /// Opens the folder in [`Mode::Inline`], whatever the settings say.
    pub fn open(config: JournalConfig, clock: Arc<dyn Clock>) -> Result<Self, JournalError> {
        Ok(Self(SqliteJournal::open(JournalConfig { mode: Mode::Inline, ..config }, clock)?))
    }

    /// Decides about records of one blob and remembers them, as a committed blob's are; makes files when due.
    pub fn mark(
        &self,
        stream: StreamId,
        created: Timestamp,
        entries: &[RecordEntry],
    ) -> Result<Vec<RecordMark>, JournalError> {
        self.0.with_core(|core| {
            let marks = core.index.mark_records(stream.0, Day::of(created), entries);
            core.publish();
            core.tend_ids();
            marks
        })
    }

    /// Puts all ids into files.
    pub fn seal(&self) {
        self.0.with_core(|core| {
            core.index.set_hot_ids(1);
            core.tend_ids();
        });
    }

    /// Remembered ids, and the files that most of them are in.
    pub fn size(&self) -> (u64, usize) {
        self.0.with_core(|core| (core.index.len(), core.index.files()))
    }
}
