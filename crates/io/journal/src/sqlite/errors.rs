//! What SQLite's failures mean to a caller.
//!
//! Source: <https://www.sqlite.org/rescode.html>.

use std::io::{self, ErrorKind};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use crate::{JournalError, JournalErrorKind};

pub(super) type Result<T> = std::result::Result<T, JournalError>;

impl JournalError {
    pub(crate) fn new(kind: JournalErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    pub(crate) fn refused(detail: impl Into<String>) -> Self {
        Self::new(JournalErrorKind::Refused, detail)
    }

    pub(crate) fn damaged(detail: impl Into<String>) -> Self {
        Self::new(JournalErrorKind::Damaged, detail)
    }

    pub(crate) fn unusable(detail: impl Into<String>) -> Self {
        Self::new(JournalErrorKind::Unusable, detail)
    }

    /// A file operation on the folder or a file in it, before anything was done.
    pub(crate) fn io(place: &str, error: &io::Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::PermissionDenied => JournalErrorKind::Denied,
            ErrorKind::ReadOnlyFilesystem => JournalErrorKind::ReadOnly,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => JournalErrorKind::Full,
            _ => JournalErrorKind::Unusable,
        };
        Self::new(kind, format!("{place}: {error}"))
    }

    pub(crate) fn failed(detail: impl Into<String>) -> Self {
        Self::new(JournalErrorKind::Failed, detail)
    }
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(kind_of(&error), error.to_string())
    }
}

fn kind_of(error: &rusqlite::Error) -> JournalErrorKind {
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        return match error {
            // A column of another type than this build ever writes.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..) => JournalErrorKind::Damaged,
            _ => JournalErrorKind::Failed,
        };
    };
    match failure.code {
        ErrorCode::DiskFull => JournalErrorKind::Full,
        // The shared-memory file could not grow: no room either.
        _ if failure.extended_code == SQLITE_IOERR_SHMSIZE => JournalErrorKind::Full,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => JournalErrorKind::Damaged,
        ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
            JournalErrorKind::Unusable
        }
        _ => JournalErrorKind::Failed,
    }
}
