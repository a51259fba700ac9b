//! [`SimDisk`]: what a test holds.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trailhound_env::Storage;

use crate::machine::Machine;
use crate::state::State;
use crate::storage::SimStorage;

/// A disk in memory; clones are the same disk.
///
/// Writes, for the counters and the moments below, are all changes: of bytes, of a length, of a name. Syncs are
/// those of files and of folders.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<State>>);

impl SimDisk {
    /// An empty disk that nothing is wrong with. The seed decides what a power loss leaves.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State::new(seed))))
    }

    /// The disk as a process sees it that starts now. After a power loss or a kill it is of no more use.
    ///
    /// # Panics
    /// When SQLite takes no further VFS.
    pub fn storage(&self) -> Arc<dyn Storage> {
        let boot = self.lock().boot;
        Arc::new(SimStorage::new(Machine::new(self.clone(), boot)))
    }

    /// The machine loses power and starts again: of what was not synced any part stays. The moments below are
    /// forgotten, the capacity stays.
    pub fn power_loss(&self) {
        self.lock().lose_power();
    }

    /// The process is killed: what it wrote stays, and whoever is there is dead.
    pub fn kill(&self) {
        self.lock().end_all();
    }

    /// Power is lost at the `n`th write from now (from 1), which may be done, done in part, or not.
    pub fn power_loss_at_write(&self, n: u64) {
        let mut state = self.lock();
        state.plan.cut_at_write = Some(state.writes + n);
    }

    /// Power is lost at the `n`th sync from now (from 1), before it is done.
    pub fn power_loss_at_sync(&self, n: u64) {
        let mut state = self.lock();
        state.plan.cut_at_sync = Some(state.syncs + n);
    }

    /// After `steps` more writes and syncs the device answers nothing any more, until [`SimDisk::work_again`]. A
    /// write that fails may be done in part; what a failed sync should have written may never be durable.
    pub fn fail_after(&self, steps: u64) {
        self.fail(Some(steps), false);
    }

    /// After `steps` more writes and syncs one of them fails.
    pub fn fail_once_after(&self, steps: u64) {
        self.fail(Some(steps), true);
    }

    /// The device answers again.
    pub fn work_again(&self) {
        self.fail(None, false);
    }

    /// The disk is full at this many bytes over all files.
    pub fn set_capacity_bytes(&self, capacity_bytes: u64) {
        self.lock().plan.capacity_bytes = capacity_bytes;
    }

    /// From now on syncs are answered and not done, until a power loss or `false`.
    pub fn lie_about_syncs(&self, lies: bool) {
        self.lock().plan.lies = lies;
    }

    /// How many writes there were.
    pub fn writes(&self) -> u64 {
        self.lock().writes
    }

    /// How many syncs there were.
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// What counts against the capacity, in bytes.
    pub fn used_bytes(&self) -> u64 {
        self.lock().used_bytes()
    }

    /// Every file with its bytes as a reader sees them.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.lock();
        let named = state.names.files().filter_map(|(path, id)| Some((path, state.files.get(&id)?)));
        named.map(|(path, file)| (path.to_owned(), file.bytes().to_vec())).collect()
    }

    /// Puts a file there with its folders, durably, as if it had been there for ever.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let storage = self.storage();
        let folder = path.parent().unwrap_or(path);
        storage.make_folder(folder)?;
        storage.make_file(path)?;
        {
            let mut state = self.lock();
            let file = state.names.file(path).ok_or(io::ErrorKind::NotFound)?;
            state.write(file, 0, bytes)?;
        }
        storage.sync_file(path)?;
        storage.sync_folder(folder)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, steps_left: Option<u64>, fails_once: bool) {
        let mut state = self.lock();
        state.plan.steps_left = steps_left;
        state.plan.fails_once = fails_once;
    }
}

impl Debug for SimDisk {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("SimDisk")
            .field("boot", &state.boot)
            .field("writes", &state.writes)
            .field("syncs", &state.syncs)
            .finish_non_exhaustive()
    }
}
