//! Whether the database file that is open is still the one that its path names.
//!
//! SQLite goes on happily in a file without a name: what it acknowledges then is lost with the process, and the
//! lock on the folder holds nobody off.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::errors::Result;
use crate::{JournalError, JournalErrorKind};

/// The database's path, and which file stood there when it was opened.
pub(super) struct DatabaseFile {
    path: PathBuf,
    identity: Identity,
}

impl DatabaseFile {
    pub(super) fn of(path: PathBuf, open: &File) -> io::Result<Self> {
        let identity = identity(&open.metadata()?);
        Ok(Self { path, identity })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// `Lost` when the file was removed or replaced. One look at the folder, about a microsecond.
    pub(super) fn check(&self) -> Result<()> {
        let gone = match fs::metadata(&self.path) {
            Ok(present) => identity(&present) != self.identity,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => true,
            Err(error) => {
                return Err(JournalError::unusable(format!("`{}`: {error}", self.path.display())));
            }
        };
        if gone {
            let detail = format!("`{}` was removed or replaced while it was open", self.path.display());
            return Err(JournalError::new(JournalErrorKind::Lost, detail));
        }
        Ok(())
    }
}

/// Device and inode. An inode is not given away while the file is open.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(file: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

/// Elsewhere an open file cannot be removed or replaced.
#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {}
