//! Whether the database file that is open is still the one that its path names.
//!
//! SQLite goes on happily in a file without a name: what it acknowledges then is lost with the process, and the
//! lock on the folder holds nobody off.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trailhound_env::{FileIdentity, Storage};

use super::errors::Result;
use crate::{JournalError, JournalErrorKind};

/// The database's path on its storage, and which file stood there when it was opened.
pub(super) struct DatabaseFile {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    identity: FileIdentity,
}

impl DatabaseFile {
    /// The file that the path names now.
    pub(super) fn at(storage: Arc<dyn Storage>, path: PathBuf) -> io::Result<Self> {
        let facts = storage.facts(&path)?.ok_or(ErrorKind::NotFound)?;
        Ok(Self { storage, path, identity: facts.identity })
    }

    pub(super) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// `Lost` when the file was removed or replaced. One look at the folder, about a microsecond.
    pub(super) fn check(&self) -> Result<()> {
        let present = self
            .storage
            .facts(&self.path)
            .map_err(|error| JournalError::unusable(format!("`{}`: {error}", self.path.display())))?;
        if present.is_some_and(|present| present.identity == self.identity) {
            return Ok(());
        }
        let detail = format!("`{}` was removed or replaced while it was open", self.path.display());
        Err(JournalError::new(JournalErrorKind::Lost, detail))
    }
}
