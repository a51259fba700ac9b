//! The writing side: the one write connection and what is derived from the file.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};
use tokio::sync::watch;
use trailhound_env::{Clock, WholeFiles};
use trailhound_model::{JournalChunk, Seq, StreamKey};

use super::chunk_cache::ChunkCache;
use super::database_file::DatabaseFile;
use super::errors::Result;
use super::folder::wal_of;
use super::id_runs::IdWorks;
use super::{record_index, schema};
use crate::ids::{Day, DuplicateIndex, UndoMark};
use crate::{JournalError, StreamId};

/// The log is cut back when it is longer than this, in bytes: a long reader can hold up the ordinary way.
const WAL_LIMIT_BYTES: u64 = 128 << 20;
/// How long the writer waits for another process that holds the file.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// What both sides see.
pub(super) struct Shared {
    pub(super) cache: Mutex<ChunkCache>,
    pub(super) newest: watch::Sender<Seq>,
}

/// The write connection, the duplicate index, and what the running transaction will publish.
pub(super) struct Core {
    pub(super) conn: Connection,
    pub(super) index: DuplicateIndex,
    pub(super) ids: IdWorks,
    pub(super) retention: Duration,
    pub(super) dedup_horizon: Duration,
    /// Position of the newest chunk, with those of the running transaction.
    pub(super) newest: Seq,
    /// Chunks of the running transaction, for the cache.
    pub(super) fresh: Vec<JournalChunk>,
    /// Days that may leave the index when the running transaction is committed.
    pub(super) evict_before: Option<Day>,
    /// Files of record ids that go when the running transaction is committed.
    pub(super) dropped_runs: Vec<u64>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) file: Arc<DatabaseFile>,
    shared: Arc<Shared>,
    wal: PathBuf,
}

/// What one operation must leave behind when it fails.
pub(super) struct Before {
    index: UndoMark,
    fresh: usize,
    newest: Seq,
    evict: Option<Day>,
    dropped_runs: usize,
}

/// What [`Core::open`] needs to know.
pub(super) struct CoreSettings<'a> {
    pub(super) database: &'a Arc<DatabaseFile>,
    pub(super) retention: Duration,
    pub(super) dedup_horizon: Duration,
    pub(super) integrity_check: bool,
    pub(super) id_files: Arc<dyn WholeFiles>,
    /// Ids in memory that make it time for a file.
    pub(super) hot_ids: usize,
    /// Files are made beside the commits, by a thread.
    pub(super) in_background: bool,
}

impl Core {
    /// Opens, checks, discards what an unfinished fetch left, and fills the duplicate index.
    pub(super) fn open(
        settings: &CoreSettings<'_>,
        shared: Arc<Shared>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let conn = schema::open_for_writing(settings.database.storage(), settings.database.path())?;
        if meta(&conn, "clean")? == 0 && settings.integrity_check {
            quick_check(&conn)?;
        }
        set_meta(&conn, "clean", 0)?;
        discard_staged(&conn)?;
        let newest: i64 = conn.query_row("SELECT coalesce(max(seq), 0) FROM chunk", [], |row| row.get(0))?;
        // All chunk rows may be gone by age; the numbering goes on all the same.
        let ever: i64 =
            conn.query_row("SELECT coalesce(max(seq), 0) FROM sqlite_sequence", [], |r| r.get(0))?;
        let newest = Seq(newest.max(ever).cast_unsigned());
        shared.newest.send_replace(newest);
        let ids = IdWorks::open(&conn, Arc::clone(&settings.id_files), settings.in_background)?;
        let mut core = Self {
            conn,
            index: DuplicateIndex::new(settings.hot_ids),
            ids,
            retention: settings.retention,
            dedup_horizon: settings.dedup_horizon,
            newest,
            fresh: Vec::new(),
            evict_before: None,
            dropped_runs: Vec::new(),
            file: Arc::clone(settings.database),
            shared,
            clock,
            wal: wal_of(settings.database.path()),
        };
        core.fill_index()?;
        Ok(core)
    }

    /// Where to come back to with [`Core::roll_back_to`].
    pub(super) fn before(&self) -> Before {
        Before {
            index: self.index.undo_mark(),
            fresh: self.fresh.len(),
            newest: self.newest,
            evict: self.evict_before,
            dropped_runs: self.dropped_runs.len(),
        }
    }

    /// Takes back what was derived since; the rows are SQLite's to roll back.
    pub(super) fn roll_back_to(&mut self, before: &Before) {
        self.index.roll_back_to(before.index);
        self.fresh.truncate(before.fresh);
        self.newest = before.newest;
        self.evict_before = before.evict;
        self.dropped_runs.truncate(before.dropped_runs);
    }

    /// After the commit: readers may know.
    pub(super) fn publish(&mut self) {
        self.index.accept();
        if let Some(day) = self.evict_before.take() {
            self.index.evict(day);
        }
        self.dropped_runs.drain(..).for_each(|number| self.ids.workshop.discard(number));
        self.shared.cache.lock().unwrap_or_else(PoisonError::into_inner).add(self.fresh.drain(..));
        let newest = self.newest;
        self.shared.newest.send_if_modified(|told| std::mem::replace(told, newest) != newest);
    }

    /// Cuts the log back when a slow reader made it long. Never waits, never fails a call.
    pub(super) fn tend_log(&self) {
        let log = self.file.storage().facts(&self.wal);
        if log.is_ok_and(|log| log.is_some_and(|log| log.length_bytes > WAL_LIMIT_BYTES)) {
            let _ = self.conn.busy_timeout(Duration::ZERO);
            self.cut_log();
            let _ = self.conn.busy_timeout(LOCK_WAIT);
        }
    }

    /// Marks the file as closed in good order.
    pub(super) fn close(&mut self) {
        self.close_ids();
        if let Err(error) = self.file.check() {
            tracing::error!(%error, hint = error.kind.hint(), "the journal could not be closed in good order");
            // At its end SQLite would remove the log by name, which may be the log of another file by now.
            let _ = self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            return;
        }
        if let Err(error) = set_meta(&self.conn, "clean", 1) {
            tracing::warn!(%error, "the journal could not be marked as closed; the next start checks it");
        }
        self.cut_log();
    }

    fn cut_log(&self) {
        if let Err(error) = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            tracing::debug!(%error, "the journal's log was not emptied");
        }
    }
}

/// Unpacks a record index after comparing its checksum.
pub(super) fn checked_index(
    packed: &[u8],
    checksum: i64,
    raw_bytes: i64,
) -> Option<Vec<(trailhound_model::RecordEntry, trailhound_model::RecordMark)>> {
    let raw_bytes = usize::try_from(raw_bytes).ok()?;
    if super::codec::checksum(packed) != checksum {
        return None;
    }
    record_index::unpack(packed, raw_bytes)
}

/// The failure when [`checked_index`] finds nothing whole.
pub(super) fn damaged_index(seq: i64) -> JournalError {
    JournalError::damaged(format!("the record index of chunk {seq} does not match its checksum"))
}

/// One of the numbers in `meta`.
pub(super) fn meta(conn: &Connection, name: &str) -> Result<i64> {
    Ok(conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?.query_row([name], |row| row.get(0))?)
}

/// Sets one of the numbers in `meta`.
pub(super) fn set_meta(conn: &Connection, name: &str, value: i64) -> Result<()> {
    conn.prepare_cached("UPDATE meta SET value = ?2 WHERE name = ?1")?.execute(params![name, value])?;
    Ok(())
}

/// The stream's number, if it is registered.
pub(super) fn stream_of(conn: &Connection, key: &StreamKey) -> Result<Option<StreamId>> {
    let mut statement = conn.prepare_cached("SELECT id FROM stream WHERE instance = ?1 AND name = ?2")?;
    let mut rows = statement.query([key.instance.as_str(), key.stream.as_str()])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?.map(StreamId))
}

fn quick_check(conn: &Connection) -> Result<()> {
    let words: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if words == "ok" { Ok(()) } else { Err(JournalError::damaged(words)) }
}

/// A fetch that did not end begins anew, so its staged chunks are of no use.
fn discard_staged(conn: &Connection) -> Result<()> {
    conn.execute_batch(
        "BEGIN IMMEDIATE;
         DELETE FROM payload WHERE id IN (SELECT payload FROM staged);
         DELETE FROM staged;
         COMMIT;",
    )?;
    Ok(())
}
