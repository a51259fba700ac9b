//! Connections and the versions of the schema.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use trailhound_env::Storage;

use super::errors::Result;
use crate::{JournalError, JournalErrorKind};

/// Step `n` (from 0) makes version `n + 1`. A released step never changes; a change is a new step.
pub(super) const MIGRATIONS: &[&str] = &[include_str!("schema_v1.sql"), include_str!("schema_v2.sql")];

/// `TrHd`: tells our files from any other database.
const APPLICATION_ID: i32 = 0x5472_4864;
/// Usual page of a new file.
pub(super) const PAGE_BYTES: u32 = 16_384;
const WRITER_CACHE_KIB: i32 = 16_384;
const READER_CACHE_KIB: i32 = 2_048;
/// The log is emptied into the file when it holds this many pages (16 MiB).
const CHECKPOINT_PAGES: u32 = 1_024;
/// What an emptied log keeps on disk, in bytes.
const IDLE_WAL_BYTES: u32 = 32 << 20;
/// Only the recovery of another process that opens the file makes us wait.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Fills an empty file with the newest schema, durably and without side files.
pub(super) fn make(storage: &dyn Storage, database: &Path, page_bytes: u32) -> Result<()> {
    let mut conn = connect(storage, database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.execute_batch(&format!(
        "PRAGMA page_size = {page_bytes}; PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
    ))?;
    migrate(&mut conn, MIGRATIONS)?;
    conn.close().map_err(|(_, error)| error.into())
}

/// Opens for writing and brings the schema up to date.
pub(super) fn open_for_writing(storage: &dyn Storage, database: &Path) -> Result<Connection> {
    let mut conn = connect(storage, database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.busy_timeout(LOCK_WAIT)?;
    conn.set_prepared_statement_cache_capacity(64);
    // `FULL`: a commit returns when the log is on the disk (promise L2).
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA cache_size = -{WRITER_CACHE_KIB};
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
         PRAGMA journal_size_limit = {IDLE_WAL_BYTES};
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;"
    ))?;
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        return Err(JournalError::unusable("the file system cannot hold a write-ahead log"));
    }
    migrate(&mut conn, MIGRATIONS)?;
    Ok(conn)
}

/// Opens for reading beside a writer, of this process or another.
pub(super) fn open_for_reading(storage: &dyn Storage, database: &Path) -> Result<Connection> {
    let conn = connect(storage, database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
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
        if !empty {
            tracing::info!(version = number + 1, "journal schema brought up to date");
        }
    }
    Ok(())
}

fn connect(storage: &dyn Storage, database: &Path, flags: OpenFlags) -> Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = match storage.database_vfs() {
        Some(vfs) => Connection::open_with_flags_and_vfs(database, flags, vfs)?,
        None => Connection::open_with_flags(database, flags)?,
    };
    // A plan is made once. Without this a statement whose index has a condition is planned anew at each execution.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as released version 1 leaves it.
    fn version_1() -> Connection {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, &MIGRATIONS[..1]).unwrap();
        conn.execute_batch(
            "INSERT INTO stream (instance, name, listed, journalled) VALUES ('contoso', 'Audit.General', 1, 1);
             INSERT INTO blob (stream, content_id, state, created, expires, uri, found_at, next_try)
             VALUES (1, 'b', 1, 5, 9, '', 6, 6);",
        )
        .unwrap();
        conn
    }

    #[test]
    fn a_file_of_version_1_is_brought_up_to_date_and_keeps_its_rows() {
        let mut conn = version_1();
        migrate(&mut conn, MIGRATIONS).unwrap();
        check_version(&conn, MIGRATIONS).unwrap();
        let report = crate::sqlite::report::report(&conn).unwrap();
        assert_eq!(
            (report[0].key.to_string().as_str(), report[0].counts.blobs.journalled),
            ("contoso/Audit.General", 1)
        );
        assert_eq!(crate::sqlite::core::meta(&conn, "sealed_to").unwrap(), 0);
        let recounted = crate::sqlite::load::recount(&conn, crate::StreamId(1)).unwrap();
        assert_eq!(recounted, report[0].counts.blobs);
    }

    /// Tables and their columns, indexes, numbers in `meta`.
    fn shape(conn: &Connection) -> Vec<String> {
        let sql = "SELECT s.name || ' ' || coalesce(group_concat(c.name || ' ' || c.type || ' ' || c.\"notnull\"), '')
             FROM sqlite_schema s LEFT JOIN pragma_table_info(s.name) c GROUP BY s.name
             UNION ALL SELECT name || ' = ' || value FROM meta ORDER BY 1";
        let mut statement = conn.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test]
    fn the_way_back_for_tests_gives_a_file_of_version_1() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("journal.sqlite");
        std::fs::write(&file, "").unwrap();
        make(&trailhound_env::RealStorage, &file, PAGE_BYTES).unwrap();
        crate::testing::downgrade_to_version_1(folder.path()).unwrap();
        let mut conn = Connection::open(&file).unwrap();
        assert_eq!(identity(&conn).unwrap(), (APPLICATION_ID, 1));
        let mut made_by_1 = Connection::open_in_memory().unwrap();
        migrate(&mut made_by_1, &MIGRATIONS[..1]).unwrap();
        assert_eq!(shape(&conn), shape(&made_by_1));
        migrate(&mut conn, MIGRATIONS).unwrap();
        conn.execute("INSERT INTO id_run VALUES (1, 1, 1, 1)", []).unwrap();
        crate::testing::downgrade_to_version_1(folder.path()).unwrap_err();
    }

    #[test]
    fn each_step_runs_once_and_a_failing_one_leaves_the_version_before() {
        let mut conn = version_1();
        let steps = [MIGRATIONS[0], "ALTER TABLE reader ADD COLUMN paused INTEGER NOT NULL DEFAULT 0"];
        migrate(&mut conn, &steps).unwrap();
        migrate(&mut conn, &steps).unwrap();
        assert_eq!(identity(&conn).unwrap(), (APPLICATION_ID, 2));
        let broken = [steps[0], steps[1], "CREATE TABLE half (x); SELECT no_such_column FROM reader"];
        migrate(&mut conn, &broken).unwrap_err();
        assert_eq!(identity(&conn).unwrap().1, 2);
        conn.execute("INSERT INTO half VALUES (1)", []).unwrap_err();
        let older_build = migrate(&mut conn, &steps[..1]).unwrap_err();
        assert_eq!(older_build.kind, JournalErrorKind::TooNew);
    }
}
