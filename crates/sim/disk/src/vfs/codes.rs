//! What a fault is in SQLite's words. The same that its own VFS for Unix answers.

use std::ffi::c_int;

use rusqlite::ffi::{SQLITE_BUSY, SQLITE_FULL, SQLITE_OK};

use crate::fault::{Answer, Fault};

/// A result code: `otherwise` for what has no code of its own.
pub(super) fn code(answer: Answer<()>, otherwise: c_int) -> c_int {
    match answer {
        Ok(()) => SQLITE_OK,
        Err(Fault::Full) => SQLITE_FULL,
        Err(Fault::Busy) => SQLITE_BUSY,
        Err(Fault::Dead | Fault::Failing | Fault::Absent | Fault::Taken) => otherwise,
    }
}
