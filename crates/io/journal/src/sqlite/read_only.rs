//! Looking at a journal from outside, while a daemon may be writing it.

use std::path::Path;

use rusqlite::Connection;
use trailhound_env::RealStorage;
use trailhound_model::OutputName;

use super::errors::Result;
use super::folder::DATABASE_FILE;
use super::schema::{MIGRATIONS, check_version, open_for_reading};
use super::{SqliteJournal, report};
use crate::{JournalError, ReaderState, StreamReport};

/// A journal opened for reading only, without the folder's lock. Calls block.
pub struct JournalReader {
    conn: Connection,
}

impl SqliteJournal {
    /// Opens the journal of `data_dir` for reading, beside a running daemon or without one. A folder or file
    /// that is absent is `Unusable`; nothing is made.
    pub fn open_read_only(data_dir: &Path) -> Result<JournalReader> {
        let database = data_dir.join(DATABASE_FILE);
        match std::fs::metadata(&database) {
            Ok(file) if file.len() > 0 => {}
            Ok(_) => return Err(JournalError::unusable(format!("`{}` is empty", database.display()))),
            Err(error) => {
                let detail = format!("no journal at `{}`: {error}", database.display());
                return Err(JournalError::unusable(detail));
            }
        }
        let conn = open_for_reading(&RealStorage, &database)?;
        check_version(&conn, MIGRATIONS)?;
        Ok(JournalReader { conn })
    }
}

impl JournalReader {
    /// All streams, sorted by key, with their sums, coverage and gaps.
    pub fn report(&self) -> Result<Vec<StreamReport>> {
        report::report(&self.conn)
    }

    /// All readers with their places, sorted by name.
    pub fn readers(&self) -> Result<Vec<(OutputName, ReaderState)>> {
        report::readers(&self.conn)
    }
}
