//! What can go wrong with files, in words and with a hint.

use std::io::{Error, ErrorKind};
use std::path::Path;

use crate::OutputError;

/// An operation on a file failed. Full disks and transient faults are worth another try; what a person has to
/// change first (rights, mounts, a file where a folder should be) is not.
pub(super) fn io(doing: &str, path: &Path, error: &Error) -> OutputError {
    let (why, hint, retry) = match error.kind() {
        ErrorKind::PermissionDenied => (
            "permission denied".to_owned(),
            "give the account that runs trailhound the right to write there, or choose another `path`",
            false,
        ),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
            "no space left".to_owned(),
            "free space on that file system; delivery goes on by itself and nothing is lost meanwhile",
            true,
        ),
        ErrorKind::ReadOnlyFilesystem => (
            "the file system is read-only".to_owned(),
            "mount it writable (a container may need a volume there), or choose another `path`",
            false,
        ),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => (
            "a part of the path is a file, so its folder cannot be made".to_owned(),
            "move that file away, or choose another `path`",
            false,
        ),
        ErrorKind::IsADirectory => ("it is a folder".to_owned(), "choose a `path` that names a file", false),
        _ => (
            error.to_string().to_lowercase(),
            "look at the system's log for that file system; delivery is tried again",
            true,
        ),
    };
    OutputError { what: format!("{doing} `{}`: {why}", path.display()), hint: hint.to_owned(), retry }
}

/// A file lost bytes that a receipt promised, and delivery goes on in `next`. For the log and the record of changes.
pub(super) fn lost_bytes(
    path: &Path,
    promised_bytes: u64,
    present_bytes: Option<u64>,
    next: &Path,
) -> String {
    let (path, next) = (path.display(), next.display());
    let found = match present_bytes {
        None => format!("`{path}` was removed or moved away"),
        Some(0) => format!("`{path}` was emptied"),
        Some(_) => format!("`{path}` was cut from outside and is left as it is"),
    };
    let gone_bytes = promised_bytes - present_bytes.unwrap_or(0);
    format!(
        "{found}: {gone_bytes} bytes that were delivered to it are gone, and delivery goes on in `{next}`; trailhound \
         does not write them again: what the journal still holds could be delivered once more by hand only"
    )
}

/// A file holds bytes after the last receipt that are not delivered again: cutting them off could destroy what
/// was delivered. For the log and the record of changes.
pub(super) fn unknown_bytes(path: &Path, promised_bytes: u64, present_bytes: u64, next: &Path) -> String {
    let (path, next) = (path.display(), next.display());
    let unknown_bytes = present_bytes - promised_bytes;
    format!(
        "`{path}` holds {unknown_bytes} bytes after byte {promised_bytes} that this data folder knows nothing of: it is an \
         older copy of the one that wrote them, or somebody else writes there too; the file is left as it is, \
         and delivery goes on in `{next}`. A copied data folder needs another `path`; after a restore some \
         records come twice, once in each of the two files"
    )
}

/// Every part number of a file is taken.
pub(super) fn too_many_parts(base: &str, limit: u32) -> OutputError {
    OutputError {
        what: format!("begin a new part of `{base}`: {limit} parts exist"),
        hint: "raise `rotate_size`, put `{date}` into `path`, or move old parts away".to_owned(),
        retry: true,
    }
}

/// The template is wrong.
pub(super) fn template(path: &str, why: &str, hint: &str) -> OutputError {
    OutputError { what: format!("use the path `{path}`: {why}"), hint: hint.to_owned(), retry: false }
}

/// The stored state cannot be read.
pub(super) fn state(why: &str) -> OutputError {
    OutputError {
        what: format!("read its stored state: {why}"),
        hint: "was the data folder written by a newer version? use that version, or a new data folder"
            .to_owned(),
        retry: false,
    }
}

/// The caller broke the contract of [`crate::Output`].
pub(super) fn misuse(what: &str) -> OutputError {
    OutputError { what: what.to_owned(), hint: "this is a defect: please report it".to_owned(), retry: true }
}
