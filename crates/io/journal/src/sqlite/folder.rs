//! The data folder: made for its owner only, and held by one process.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::database_file::DatabaseFile;
use super::errors::Result;
use crate::{JournalError, JournalErrorKind};

/// Name of the database file in the data folder.
pub(super) const DATABASE_FILE: &str = "journal.sqlite";
const LOCK_FILE: &str = "lock";

/// A data folder that this process holds until it is dropped.
pub(super) struct HeldFolder {
    pub(super) database: Arc<DatabaseFile>,
    _lock: File,
}

impl HeldFolder {
    /// Makes the folder and the (empty) database file when absent, and takes the lock.
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
        let file =
            open_private(&database).and_then(|file| DatabaseFile::of(database, &file)).map_err(unusable)?;
        // The names of new files are durable only when their folder is.
        File::open(folder).and_then(|handle| handle.sync_all()).map_err(unusable)?;
        Ok(Self { database: Arc::new(file), _lock: lock })
    }
}

/// The write-ahead log beside a database file.
pub(super) fn wal_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
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
