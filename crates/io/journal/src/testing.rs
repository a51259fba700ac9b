//! For tests and benches of other crates: data folders as older releases left them, and the duplicate index alone.

use std::path::Path;

use rusqlite::Connection;

use crate::{JournalError, SqliteJournal};

#[cfg(feature = "testing")]
pub use crate::sqlite::IdIndex;

/// Turns a closed journal back into one of schema version 1, as its release would have left it.
///
/// So a test for upgrades runs the product for a while, closes it, calls this and starts it again. `Refused` when
/// version 1 could not have made the same: record ids were moved to files already, or blob rows have retired.
pub fn downgrade_to_version_1(data_dir: &Path) -> Result<(), JournalError> {
    SqliteJournal::open_read_only(data_dir)?;
    let conn = Connection::open(data_dir.join("journal.sqlite"))?;
    let since: i64 = conn.query_row(
        "SELECT (SELECT count(*) FROM id_run) + (SELECT coalesce(sum(retired), 0) FROM stream)
         + (SELECT value FROM meta WHERE name = 'sealed_to')",
        [],
        |row| row.get(0),
    )?;
    if since > 0 {
        return Err(JournalError::refused("version 1 has neither files of record ids nor retired blobs"));
    }
    conn.execute_batch(
        "BEGIN;
         DROP TABLE id_run;
         DROP INDEX blob_journalled;
         DELETE FROM meta WHERE name IN ('sealed_to', 'emptied_to');
         ALTER TABLE stream DROP COLUMN retired;
         PRAGMA user_version = 1;
         COMMIT;",
    )?;
    if data_dir.join("ids").is_dir() {
        std::fs::remove_dir_all(data_dir.join("ids"))
            .map_err(|error| JournalError::unusable(format!("the folder `ids`: {error}")))?;
    }
    Ok(())
}
