//! The part of a VFS that knows paths.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::time::Duration;
use std::{ptr, slice};

use rusqlite::ffi::{
    SQLITE_ACCESS_EXISTS, SQLITE_CANTOPEN, SQLITE_IOERR_ACCESS, SQLITE_IOERR_DELETE,
    SQLITE_IOERR_DELETE_NOENT, SQLITE_IOERR_DIR_FSYNC, SQLITE_OK, SQLITE_OPEN_CREATE, SQLITE_OPEN_EXCLUSIVE,
    SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_SUPER_JOURNAL, SQLITE_OPEN_WAL, sqlite3_file, sqlite3_vfs,
};

use super::codes::code;
use super::handle::Handle;
use super::lease::{MAX_PATH_BYTES, Slot};
use crate::fault::{Answer, Fault};
use crate::machine::{Machine, Opening};

/// A day in 2026, as SQLite counts: nothing that is tested depends on it.
const JULIAN_DAY: f64 = 2_461_367.0;

pub(super) unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a name that lives as long as the file, or null.
    let path = unsafe { path(name) };
    let journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    let opening = Opening {
        path,
        make: flags & SQLITE_OPEN_CREATE != 0,
        must_be_new: flags & SQLITE_OPEN_EXCLUSIVE != 0,
        sync_its_name: flags & SQLITE_OPEN_CREATE != 0 && flags & journals != 0,
    };
    // SAFETY: `vfs` is one that `lease.rs` registered.
    let opened = unsafe { machine(vfs) }.and_then(|machine| machine.open(&opening));
    let (result, open) = match opened {
        Ok(open) => (SQLITE_OK, Some(open)),
        Err(Fault::Full) => (rusqlite::ffi::SQLITE_FULL, None),
        Err(_) => (SQLITE_CANTOPEN, None),
    };
    // SAFETY: SQLite gives `szOsFile` bytes for the handle, suitably aligned and not in use.
    unsafe { Handle::place(file, open) };
    if !out_flags.is_null() {
        // SAFETY: not null, so it is SQLite's variable for the answer.
        unsafe { *out_flags = flags };
    }
    result
}

pub(super) unsafe extern "C" fn delete(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite passes a name that lives as long as this call; `vfs` is ours.
    let (Some(path), Ok(machine)) = (unsafe { path(name) }, unsafe { machine(vfs) }) else {
        return SQLITE_IOERR_DELETE;
    };
    match machine.remove(path) {
        Ok(()) => {}
        Err(Fault::Absent) => return SQLITE_IOERR_DELETE_NOENT,
        Err(fault) => return code(Err(fault), SQLITE_IOERR_DELETE),
    }
    match path.parent().filter(|_| sync_folder != 0) {
        Some(folder) => {
            let synced = machine.state().and_then(|mut state| state.sync_folder(folder));
            code(synced, SQLITE_IOERR_DIR_FSYNC)
        }
        None => SQLITE_OK,
    }
}

/// An empty file is not there, as in SQLite's own VFS.
pub(super) unsafe extern "C" fn access(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a name that lives as long as this call; `vfs` is ours.
    let (Some(path), Ok(machine)) = (unsafe { path(name) }, unsafe { machine(vfs) }) else {
        return SQLITE_IOERR_ACCESS;
    };
    let there = machine.state().map(|mut state| {
        let file = state.names.file(path).and_then(|file| state.file(file).ok());
        file.is_some_and(|file| flags != SQLITE_ACCESS_EXISTS || !file.bytes().is_empty())
    });
    let Ok(there) = there else { return SQLITE_IOERR_ACCESS };
    // SAFETY: SQLite's variable for the answer.
    unsafe { *out = c_int::from(there) };
    SQLITE_OK
}

pub(super) unsafe extern "C" fn full_pathname(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    room_bytes: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: a C string that lives as long as this call.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if bytes.len() > usize::try_from(room_bytes).unwrap_or(0).min(MAX_PATH_BYTES) {
        return SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has room for `room_bytes`, and `name` is another place.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast::<c_char>(), out, bytes.len()) };
    SQLITE_OK
}

pub(super) unsafe extern "C" fn randomness(vfs: *mut sqlite3_vfs, count: c_int, out: *mut c_char) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: `out` has room for `count` bytes, which any value may be.
    let bytes = unsafe { slice::from_raw_parts_mut(out.cast::<u8>(), count) };
    // SAFETY: `vfs` is ours.
    if let Ok(machine) = unsafe { machine(vfs) }
        && let Ok(state) = machine.state()
    {
        state.dice.fill(bytes);
    }
    c_int::try_from(count).unwrap_or(0)
}

/// Only somebody who waits for another thread's lock sleeps.
pub(super) unsafe extern "C" fn sleep(_: *mut sqlite3_vfs, microseconds: c_int) -> c_int {
    std::thread::sleep(Duration::from_micros(u64::try_from(microseconds).unwrap_or(0)));
    microseconds
}

pub(super) unsafe extern "C" fn current_time(_: *mut sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: SQLite's variable for the answer.
    unsafe { *out = JULIAN_DAY };
    SQLITE_OK
}

/// The machine behind a VFS; `Dead` when its storage is gone.
///
/// # Safety
/// `vfs` was registered by `lease.rs`.
unsafe fn machine(vfs: *mut sqlite3_vfs) -> Answer<Machine> {
    // SAFETY: SQLite passes a VFS that is registered, and these are never freed.
    let data: *mut c_void = unsafe { (*vfs).pAppData };
    // SAFETY: `lease.rs` put a slot there that is never freed.
    let slot = unsafe { &*data.cast::<Slot>() };
    slot.machine().ok_or(Fault::Dead)
}

/// # Safety
/// `name` is null or a C string that lives as long as the answer is used.
unsafe fn path<'a>(name: *const c_char) -> Option<&'a Path> {
    if name.is_null() {
        return None;
    }
    // SAFETY: not null, so a C string.
    let name = unsafe { CStr::from_ptr(name) };
    name.to_str().ok().map(Path::new)
}
