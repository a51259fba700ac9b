//! Connections and the versions of the schema.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::errors::Result;
use crate::{JournalError, JournalErrorKind};

/// Step `n` (from 0) makes version `n + 1`. A released step never changes; a change is a new step.
pub(super) const MIGRATIONS: &[&str] = &[include_str!("schema_v1.sql")];

/// `TrHd`: tells our files from any other database.
const APPLICATION_ID: i32 = 0x5472_4864;
const PAGE_BYTES: u32 = 16_384;
const WRITER_CACHE_KIB: i32 = 16_384;
const READER_CACHE_KIB: i32 = 2_048;
/// The log is emptied into the file when it holds this many pages (16 MiB).
const CHECKPOINT_PAGES: u32 = 1_024;
/// What an emptied log keeps on disk, in bytes.
const IDLE_WAL_BYTES: u32 = 32 << 20;
/// Only the recovery of another process that opens the file makes us wait.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Opens for writing and brings the schema up to date.
pub(super) fn open_for_writing(database: &Path) -> Result<Connection> {
    let mut conn = Connection::open_with_flags(
        database,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(LOCK_WAIT)?;
    conn.set_prepared_statement_cache_capacity(64);
    // `FULL`: a commit returns when the log is on the disk (promise L2).
    conn.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES};
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA cache_size = -{WRITER_CACHE_KIB};
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
         PRAGMA journal_size_limit = {IDLE_WAL_BYTES};
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;"
    ))?;
    migrate(&mut conn, MIGRATIONS)?;
    Ok(conn)
}

/// Opens for reading beside a writer, of this process or another.
pub(super) fn open_for_reading(database: &Path) -> Result<Connection> {
    let conn = Connection::open_with_flags(
        database,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(LOCK_WAIT)?;
    conn.execute_batch(&format!(
        "PRAGMA query_only = ON; PRAGMA cache_size = -{READER_CACHE_KIB}; PRAGMA trusted_schema = OFF;"
    ))?;
    Ok(conn)
}

/// Refuses files that are not ours, newer, or not yet made.
pub(super) fn check_version(conn: &Connection, steps: &[&str]) -> Result<()> {
    let (owner, version) = identity(conn)?;
    if owner != APPLICATION_ID {
        return Err(JournalError::unusable("the file is not a trailhound journal"));
    }
    refuse_newer(version, steps)
}

/// Runs the steps that the file has not seen, each in a transaction of its own.
pub(super) fn migrate(conn: &mut Connection, steps: &[&str]) -> Result<()> {
    let (owner, version) = identity(conn)?;
    let empty: bool = conn.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    if owner != APPLICATION_ID && !(owner == 0 && empty) {
        return Err(JournalError::unusable("the file is not a trailhound journal"));
    }
    refuse_newer(version, steps)?;
    for (number, step) in steps.iter().enumerate().skip(version) {
        let transaction = conn.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number as i64 + 1)?;
        transaction.commit()?;
        tracing::info!(version = number + 1, "journal schema brought up to date");
    }
    Ok(())
}

fn identity(conn: &Connection) -> Result<(i32, usize)> {
    let owner = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let version =
        usize::try_from(version).map_err(|_| JournalError::damaged("the schema version is negative"))?;
    Ok((owner, version))
}

fn refuse_newer(version: usize, steps: &[&str]) -> Result<()> {
    if version > steps.len() {
        let detail = format!("its schema is version {version}, this build knows up to {}", steps.len());
        return Err(JournalError::new(JournalErrorKind::TooNew, detail));
    }
    Ok(())
}
