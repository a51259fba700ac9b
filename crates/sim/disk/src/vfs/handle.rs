//! The part of a VFS that knows open files.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{Ordering, fence};
use std::{ptr, slice};

use rusqlite::ffi::{
    SQLITE_IOCAP_POWERSAFE_OVERWRITE, SQLITE_IOERR_CHECKRESERVEDLOCK, SQLITE_IOERR_FSTAT, SQLITE_IOERR_FSYNC,
    SQLITE_IOERR_LOCK, SQLITE_IOERR_READ, SQLITE_IOERR_SHMLOCK, SQLITE_IOERR_SHMMAP, SQLITE_IOERR_SHMSIZE,
    SQLITE_IOERR_SHORT_READ, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_WRITE, SQLITE_LOCK_EXCLUSIVE,
    SQLITE_LOCK_NONE, SQLITE_LOCK_PENDING, SQLITE_LOCK_RESERVED, SQLITE_LOCK_SHARED, SQLITE_NOTFOUND,
    SQLITE_OK, SQLITE_SHM_EXCLUSIVE, SQLITE_SHM_UNLOCK, sqlite3_file, sqlite3_int64, sqlite3_io_methods,
};

use super::codes::code;
use crate::fault::{Answer, Fault};
use crate::locks::Level;
use crate::machine::OpenFile;

/// The sector size that SQLite's own VFS for Unix tells.
const SECTOR_BYTES: c_int = 4_096;

/// What stands in the memory that SQLite keeps for an open file.
#[repr(C)]
pub(super) struct Handle {
    pub(super) base: sqlite3_file,
    open: *mut OpenFile,
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(map_memory),
    xShmLock: Some(lock_memory),
    xShmBarrier: Some(memory_barrier),
    xShmUnmap: Some(unmap_memory),
    xFetch: None,
    xUnfetch: None,
};

impl Handle {
    /// Makes SQLite's memory a handle; without an open file one that SQLite does not close.
    ///
    /// # Safety
    /// `at` has room for a handle, aligned, and holds nothing that must be dropped.
    pub(super) unsafe fn place(at: *mut sqlite3_file, open: Option<OpenFile>) {
        let methods = if open.is_some() { ptr::from_ref(&METHODS) } else { ptr::null() };
        let open = open.map_or(ptr::null_mut(), |open| Box::into_raw(Box::new(open)));
        let handle = Self { base: sqlite3_file { pMethods: methods }, open };
        // SAFETY: the caller gives room for it.
        unsafe { at.cast::<Self>().write(handle) };
    }
}

/// # Safety
/// `file` was placed by [`Handle::place`] with an open file and is not closed; SQLite uses it in one call at a time.
unsafe fn open_file<'a>(file: *mut sqlite3_file) -> &'a mut OpenFile {
    // SAFETY: placed by `Handle::place`.
    let open = unsafe { (*file.cast::<Handle>()).open };
    // SAFETY: made by `Box::into_raw` there, and freed by `close` only.
    unsafe { &mut *open }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: placed by `Handle::place`.
    let open = unsafe { (*file.cast::<Handle>()).open };
    // SAFETY: made by `Box::into_raw`; SQLite does not use the handle any more.
    drop(unsafe { Box::from_raw(open) });
    SQLITE_OK
}

/// What is missing at the end is zeros.
unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    out: *mut c_void,
    count: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let (Ok(count), Ok(offset)) = (usize::try_from(count), usize::try_from(offset)) else {
        return SQLITE_IOERR_READ;
    };
    // SAFETY: SQLite gives room for `count` bytes.
    let bytes = unsafe { slice::from_raw_parts_mut(out.cast::<u8>(), count) };
    // SAFETY: a handle of ours that is open.
    match unsafe { open_file(file) }.read(offset, bytes) {
        Ok(read) if read == count => SQLITE_OK,
        Ok(read) => {
            bytes[read..].fill(0);
            SQLITE_IOERR_SHORT_READ
        }
        Err(_) => SQLITE_IOERR_READ,
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    count: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let (Ok(count), Ok(offset)) = (usize::try_from(count), usize::try_from(offset)) else {
        return SQLITE_IOERR_WRITE;
    };
    // SAFETY: SQLite gives `count` bytes.
    let bytes = unsafe { slice::from_raw_parts(from.cast::<u8>(), count) };
    // SAFETY: a handle of ours that is open.
    code(unsafe { open_file(file) }.write(offset, bytes), SQLITE_IOERR_WRITE)
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: sqlite3_int64) -> c_int {
    let Ok(length) = usize::try_from(length) else { return SQLITE_IOERR_TRUNCATE };
    // SAFETY: a handle of ours that is open.
    code(unsafe { open_file(file) }.set_length(length), SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: a handle of ours that is open.
    code(unsafe { open_file(file) }.sync(), SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, out: *mut sqlite3_int64) -> c_int {
    // SAFETY: a handle of ours that is open.
    let length = unsafe { open_file(file) }.length();
    let Some(length) = length.ok().and_then(|length| sqlite3_int64::try_from(length).ok()) else {
        return SQLITE_IOERR_FSTAT;
    };
    // SAFETY: SQLite's variable for the answer.
    unsafe { *out = length };
    SQLITE_OK
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: a handle of ours that is open.
    let open = unsafe { open_file(file) };
    code(level(wanted).and_then(|wanted| open.raise_lock(wanted)), SQLITE_IOERR_LOCK)
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: a handle of ours that is open.
    let open = unsafe { open_file(file) };
    code(level(wanted).map(|wanted| open.lower_lock(wanted)), SQLITE_IOERR_LOCK)
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: a handle of ours that is open.
    let Ok(reserved) = unsafe { open_file(file) }.is_reserved() else {
        return SQLITE_IOERR_CHECKRESERVEDLOCK;
    };
    // SAFETY: SQLite's variable for the answer.
    unsafe { *out = c_int::from(reserved) };
    SQLITE_OK
}

/// All hints may be ignored.
unsafe extern "C" fn file_control(_: *mut sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut sqlite3_file) -> c_int {
    SECTOR_BYTES
}

/// What SQLite's own VFS for Unix says of a disk.
unsafe extern "C" fn device_characteristics(_: *mut sqlite3_file) -> c_int {
    SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn map_memory(
    file: *mut sqlite3_file,
    region: c_int,
    region_bytes: c_int,
    make: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let (Ok(region), Ok(region_bytes)) = (usize::try_from(region), usize::try_from(region_bytes)) else {
        return SQLITE_IOERR_SHMMAP;
    };
    // SAFETY: a handle of ours that is open.
    let open = unsafe { open_file(file) };
    let (start, answer) = match open.map(region, region_bytes, make != 0) {
        Ok(mapped) => (mapped.region(region, region_bytes, make != 0), SQLITE_OK),
        Err(Fault::Full) => (None, SQLITE_IOERR_SHMSIZE),
        Err(_) => (None, SQLITE_IOERR_SHMMAP),
    };
    let start = start.map_or(ptr::null_mut(), |start| start.cast_mut().cast::<c_void>());
    // SAFETY: SQLite's variable for the answer.
    unsafe { *out = start };
    answer
}

unsafe extern "C" fn lock_memory(file: *mut sqlite3_file, first: c_int, count: c_int, flags: c_int) -> c_int {
    let (Ok(first), Ok(count)) = (usize::try_from(first), usize::try_from(count)) else {
        return SQLITE_IOERR_SHMLOCK;
    };
    // SAFETY: a handle of ours that is open.
    let open = unsafe { open_file(file) };
    let done = if flags & SQLITE_SHM_UNLOCK != 0 {
        open.give_back_memory_locks(first, count)
    } else {
        open.take_memory_locks(first, count, flags & SQLITE_SHM_EXCLUSIVE != 0)
    };
    code(done, SQLITE_IOERR_SHMLOCK)
}

unsafe extern "C" fn memory_barrier(_: *mut sqlite3_file) {
    fence(Ordering::SeqCst);
}

unsafe extern "C" fn unmap_memory(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: a handle of ours that is open.
    unsafe { open_file(file) }.unmap();
    SQLITE_OK
}

fn level(number: c_int) -> Answer<Level> {
    match number {
        SQLITE_LOCK_NONE => Ok(Level::None),
        SQLITE_LOCK_SHARED => Ok(Level::Shared),
        SQLITE_LOCK_RESERVED => Ok(Level::Reserved),
        SQLITE_LOCK_PENDING => Ok(Level::Pending),
        SQLITE_LOCK_EXCLUSIVE => Ok(Level::Exclusive),
        _ => Err(Fault::Failing),
    }
}
