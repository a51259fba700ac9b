//! VFS names for machines, used again when their machine is gone.
//!
//! SQLite keeps pointers to a VFS for as long as any connection of it lives, so a VFS is never freed. There are as
//! many as machines at one time.

use std::ffi::{CString, c_int, c_void};
use std::fmt::{self, Debug, Formatter};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use rusqlite::ffi::{SQLITE_OK, sqlite3_file, sqlite3_vfs, sqlite3_vfs_register};

use super::{handle, system};
use crate::machine::Machine;

/// Longest path, in bytes.
pub(super) const MAX_PATH_BYTES: usize = 512;

static FREE: Mutex<Vec<&'static Slot>> = Mutex::new(Vec::new());
static MADE: Mutex<u32> = Mutex::new(0);

/// What stands behind one VFS name, for ever.
pub(super) struct Slot {
    name: String,
    machine: Mutex<Option<Machine>>,
}

/// A VFS name that means one machine until this is dropped.
pub(crate) struct Lease(&'static Slot);

impl Lease {
    /// # Panics
    /// When SQLite takes no further VFS.
    pub(crate) fn take(machine: Machine) -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let slot = free.unwrap_or_else(register_another);
        *slot.machine.lock().unwrap_or_else(PoisonError::into_inner) = Some(machine);
        Self(slot)
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        *self.0.machine.lock().unwrap_or_else(PoisonError::into_inner) = None;
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
    }
}

impl Debug for Lease {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.0.name).finish()
    }
}

impl Slot {
    pub(super) fn machine(&self) -> Option<Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn register_another() -> &'static Slot {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    *made += 1;
    let name = format!("trailhound-sim-{made}");
    let c_name = CString::new(name.as_str()).expect("a name without zero bytes").into_raw();
    let slot: &'static Slot = Box::leak(Box::new(Slot { name, machine: Mutex::new(None) }));
    let vfs = Box::into_raw(Box::new(sqlite3_vfs {
        iVersion: 1,
        szOsFile: c_int::try_from(size_of::<handle::Handle>()).expect("a few words"),
        mxPathname: c_int::try_from(MAX_PATH_BYTES).expect("a few hundred"),
        pNext: ptr::null_mut(),
        zName: c_name,
        pAppData: ptr::from_ref(slot).cast_mut().cast::<c_void>(),
        xOpen: Some(system::open),
        xDelete: Some(system::delete),
        xAccess: Some(system::access),
        xFullPathname: Some(system::full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(system::randomness),
        xSleep: Some(system::sleep),
        xCurrentTime: Some(system::current_time),
        xGetLastError: None,
        xCurrentTimeInt64: None,
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }));
    // SAFETY: `vfs`, its name and its slot are never freed, and its functions are those of a VFS of version 1.
    let code = unsafe { sqlite3_vfs_register(vfs, 0) };
    assert_eq!(code, SQLITE_OK, "SQLite takes no further VFS");
    slot
}

/// A handle begins as what SQLite expects at its place.
const _: () = assert!(std::mem::offset_of!(handle::Handle, base) == 0 && size_of::<sqlite3_file>() > 0);
