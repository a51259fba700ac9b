//! The data folder: made for its owner only, and held by one process.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trailhound_env::{HeldLock, Storage};

use super::database_file::DatabaseFile;
use super::errors::Result;
use super::schema;
use crate::{JournalError, JournalErrorKind};

/// Name of the database file in the data folder.
pub(super) const DATABASE_FILE: &str = "journal.sqlite";
/// A database file until its schema is in it. What a crash leaves of it is made anew.
const UNFINISHED_FILE: &str = "journal.sqlite.new";
const LOCK_FILE: &str = "lock";

/// A data folder that this process holds until it is dropped.
pub(super) struct HeldFolder {
    pub(super) database: Arc<DatabaseFile>,
    _lock: Box<dyn HeldLock>,
}

impl HeldFolder {
    /// Makes the folder and the database file when absent, and takes the lock. An empty file, or a log without
    /// its file, is `Damaged`: to begin anew in its place would collect everything again without a word.
    pub(super) fn take(storage: Arc<dyn Storage>, folder: &Path, page_bytes: u32) -> Result<Self> {
        let unusable =
            |error: io::Error| JournalError::io(&format!("the folder `{}`", folder.display()), &error);
        storage.make_folder(folder).map_err(unusable)?;
        let Some(lock) = storage.lock(&folder.join(LOCK_FILE)).map_err(unusable)? else {
            let detail = format!("the folder `{}`", folder.display());
            return Err(JournalError::new(JournalErrorKind::InUse, detail));
        };
        let database = folder.join(DATABASE_FILE);
        refuse_emptied(&*storage, &database).map_err(unusable)??;
        if length(&*storage, &database).map_err(unusable)?.is_none() {
            make_database(&*storage, folder, &database, page_bytes, unusable)?;
        }
        // Fails when this user may not write it.
        storage.make_file(&database).map_err(unusable)?;
        // What a process that ended badly could not sync stands in its log as if it were durable.
        storage.rewrite(&wal_of(&database)).map_err(unusable)?;
        // The names of new files are durable only when their folder is.
        storage.sync_folder(folder).map_err(unusable)?;
        let file = DatabaseFile::at(storage, database).map_err(unusable)?;
        Ok(Self { database: Arc::new(file), _lock: lock })
    }
}

/// The write-ahead log beside a database file.
pub(super) fn wal_of(database: &Path) -> PathBuf {
    beside(database, "-wal")
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A file that this program made is never empty: it gets its name with the schema in it.
fn refuse_emptied(storage: &dyn Storage, database: &Path) -> io::Result<Result<()>> {
    let damaged = |path: &Path, why| Err(JournalError::damaged(format!("`{}` {why}", path.display())));
    let log = wal_of(database);
    Ok(match (length(storage, database)?, length(storage, &log)?) {
        (Some(0), _) => damaged(database, "is empty: 0 bytes are left of it"),
        (None, Some(1..)) => damaged(database, "is gone, but its log `journal.sqlite-wal` is still there"),
        _ => Ok(()),
    })
}

/// Makes the file under another name and gives it its own when it is whole and durable.
fn make_database(
    storage: &dyn Storage,
    folder: &Path,
    database: &Path,
    page_bytes: u32,
    unusable: impl Fn(io::Error) -> JournalError + Copy,
) -> Result<()> {
    let unfinished = folder.join(UNFINISHED_FILE);
    let side_files = ["-journal", "-wal", "-shm"];
    let leftovers = side_files.map(|ending| beside(&unfinished, ending));
    // An empty log of a file that is gone.
    let stale = side_files.map(|ending| beside(database, ending));
    for path in leftovers.iter().chain(&stale).chain([&unfinished]) {
        storage.remove(path).map_err(unusable)?;
    }
    storage.make_file(&unfinished).map_err(unusable)?;
    schema::make(storage, &unfinished, page_bytes)?;
    storage.sync_file(&unfinished).and_then(|()| storage.rename(&unfinished, database)).map_err(unusable)
}

fn length(storage: &dyn Storage, path: &Path) -> io::Result<Option<u64>> {
    Ok(storage.facts(path)?.map(|facts| facts.length_bytes))
}
