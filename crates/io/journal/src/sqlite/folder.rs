//! The data folder: made for its owner only, and held by one process.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    _lock: File,
}

impl HeldFolder {
    /// Makes the folder and the database file when absent, and takes the lock. An empty file, or a log without
    /// its file, is `Damaged`: to begin anew in its place would collect everything again without a word.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let unusable =
            |error: io::Error| JournalError::unusable(format!("the folder `{}`: {error}", folder.display()));
        make_folder(folder).map_err(unusable)?;
        let lock = open_private(&folder.join(LOCK_FILE)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let detail = format!("the folder `{}`", folder.display());
                return Err(JournalError::new(JournalErrorKind::InUse, detail));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let database = folder.join(DATABASE_FILE);
        refuse_emptied(&database).map_err(unusable)??;
        if !database.try_exists().map_err(unusable)? {
            make_database(folder, &database, unusable)?;
        }
        let file =
            open_private(&database).and_then(|file| DatabaseFile::of(database, &file)).map_err(unusable)?;
        // The names of new files are durable only when their folder is.
        File::open(folder).and_then(|handle| handle.sync_all()).map_err(unusable)?;
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
fn refuse_emptied(database: &Path) -> io::Result<Result<()>> {
    let damaged = |path: &Path, why| Err(JournalError::damaged(format!("`{}` {why}", path.display())));
    let log = wal_of(database);
    Ok(match (length(database)?, length(&log)?) {
        (Some(0), _) => damaged(database, "is empty: 0 bytes are left of it"),
        (None, Some(1..)) => damaged(database, "is gone, but its log `journal.sqlite-wal` is still there"),
        _ => Ok(()),
    })
}

/// Makes the file under another name and gives it its own when it is whole and durable.
fn make_database(
    folder: &Path,
    database: &Path,
    unusable: impl Fn(io::Error) -> JournalError + Copy,
) -> Result<()> {
    let unfinished = folder.join(UNFINISHED_FILE);
    let side_files = ["-journal", "-wal", "-shm"];
    let leftovers = side_files.map(|ending| beside(&unfinished, ending));
    // An empty log of a file that is gone.
    let stale = side_files.map(|ending| beside(database, ending));
    for path in leftovers.iter().chain(&stale).chain([&unfinished]) {
        remove_if_there(path).map_err(unusable)?;
    }
    let file = open_private(&unfinished).map_err(unusable)?;
    schema::make(&unfinished)?;
    file.sync_all().and_then(|()| fs::rename(&unfinished, database)).map_err(unusable)
}

fn length(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(file) => Ok(Some(file.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// SQLite gives its side files the mode of the database file.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
