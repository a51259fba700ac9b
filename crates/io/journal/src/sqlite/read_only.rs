//! Looking at a journal from outside, while a daemon may be writing it.

use std::path::Path;

use rusqlite::Connection;
use trailhound_env::RealStorage;
use trailhound_model::{OutputName, Span, StreamKey, Timestamp};

use super::core::stream_of;
use super::errors::Result;
use super::folder::DATABASE_FILE;
use super::rows::optional_time;
use super::schema::{MIGRATIONS, check_version, open_for_reading};
use super::{SqliteJournal, blobs, control, report};
use crate::{BlobRow, JournalError, ReaderState, StreamReport};

/// A journal opened for reading only, without the folder's lock. Calls block.
pub struct JournalReader {
    conn: Connection,
}

impl SqliteJournal {
    /// Opens the journal of `data_dir` for reading, beside a running daemon or without one. A folder or file
    /// that is absent is `Unusable`; nothing is made.
    pub fn open_read_only(data_dir: &Path) -> Result<JournalReader> {
        let database = data_dir.join(DATABASE_FILE);
        // Opened, since that is what tells whether this user may read it.
        match std::fs::File::open(&database).and_then(|file| file.metadata()) {
            Ok(file) if file.len() > 0 => {}
            Ok(_) => return Err(JournalError::unusable(format!("`{}` is empty", database.display()))),
            Err(error) => {
                let place = match error.kind() {
                    std::io::ErrorKind::NotFound => format!("no journal at `{}`", database.display()),
                    _ => format!("`{}`", database.display()),
                };
                return Err(JournalError::io(&place, &error));
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

    /// Runs `work` on one unchanging view: what it reads belongs together, whatever a daemon writes meanwhile.
    /// The journal's log cannot be emptied until it ends.
    pub fn in_one_view<T, E: From<JournalError>>(
        &self,
        work: impl FnOnce(&Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let view = self.conn.unchecked_transaction().map_err(JournalError::from)?;
        let result = work(self);
        view.finish().map_err(JournalError::from)?;
        result
    }

    /// Hands every blob of the stream that was created within the span (`None`: ever) to `take`, one at a time,
    /// in the order of their ids. An unknown stream has none.
    pub fn for_each_blob<E: From<JournalError>>(
        &self,
        key: &StreamKey,
        within: Option<Span>,
        take: impl FnMut(BlobRow) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        match stream_of(&self.conn, key)? {
            Some(stream) => blobs::for_each(&self.conn, stream, within, take),
            None => Ok(()),
        }
    }

    /// How many journalled blobs of the stream have no row any more, as the ledger keeps it. A file of version 1 has
    /// all its rows.
    pub fn retired(&self, key: &StreamKey) -> Result<u64> {
        let is_kept: bool = self.conn.query_row(
            "SELECT count(*) > 0 FROM pragma_table_info('stream') WHERE name = 'retired'",
            [],
            |row| row.get(0),
        )?;
        if !is_kept {
            return Ok(0);
        }
        let retired: i64 = self.conn.query_row(
            "SELECT coalesce(sum(retired), 0) FROM stream WHERE instance = ?1 AND name = ?2",
            [key.instance.as_str(), key.stream.as_str()],
            |row| row.get(0),
        )?;
        Ok(retired.cast_unsigned())
    }

    /// When the stream's subscription was last seen enabled, when a start of it was last sent, and when a listing or
    /// fetch of it last succeeded. An unknown stream has none of these.
    pub fn last_times(&self, key: &StreamKey) -> Result<[Option<Timestamp>; 3]> {
        let mut statement = self.conn.prepare_cached(
            "SELECT subscribed_at, start_sent_at, last_success FROM stream WHERE instance = ?1 AND name = ?2",
        )?;
        let mut rows = statement.query([key.instance.as_str(), key.stream.as_str()])?;
        let Some(row) = rows.next()? else { return Ok([None; 3]) };
        Ok([optional_time(row, 0)?, optional_time(row, 1)?, optional_time(row, 2)?])
    }

    /// A value of the control state.
    pub fn control(&self, key: &str) -> Result<Option<String>> {
        Ok(control::control(&self.conn, key)?.map(|(_, value)| value))
    }

    /// All readers with their places, sorted by name.
    pub fn readers(&self) -> Result<Vec<(OutputName, ReaderState)>> {
        report::readers(&self.conn)
    }
}
