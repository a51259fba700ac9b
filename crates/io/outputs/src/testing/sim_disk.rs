//! A disk that loses power, tears writes and runs full: seeded, in memory.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trailhound_env::{Disk, DiskFile, Entropy, SeededEntropy};

/// Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
    entropy: Arc<SeededEntropy>,
}

struct State {
    files: BTreeMap<PathBuf, SimFile>,
    /// Counts power losses: handles from before are dead.
    epoch: u64,
    /// Operations that still succeed.
    steps_left: u64,
    capacity_bytes: u64,
    appends: u64,
    syncs: u64,
}

#[derive(Default)]
struct SimFile {
    bytes: Vec<u8>,
    /// How many of them survive a power loss for certain.
    durable: usize,
}

impl SimDisk {
    /// An empty disk without limits.
    pub fn new(seed: u64) -> Self {
        let state = State {
            files: BTreeMap::new(),
            epoch: 0,
            steps_left: u64::MAX,
            capacity_bytes: u64::MAX,
            appends: 0,
            syncs: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), entropy: Arc::new(SeededEntropy::new(seed)) }
    }

    /// After `steps` more opens, appends, syncs, cuts and removals everything fails. A failing append may have
    /// written a part of its bytes.
    pub fn fail_after(&self, steps: u64) {
        self.lock().steps_left = steps;
    }

    /// The disk is full at this many bytes over all files.
    pub fn set_capacity_bytes(&self, capacity_bytes: u64) {
        self.lock().capacity_bytes = capacity_bytes;
    }

    /// Power loss: of what was not synced a random part stays, and its end may be zeros. The disk works again.
    pub fn lose_power(&self) {
        let mut state = self.lock();
        for file in state.files.values_mut() {
            let unsynced = file.bytes.len() - file.durable;
            let kept = file.durable + self.below(unsynced + 1);
            let intact = file.durable + self.below(kept - file.durable + 1);
            file.bytes.truncate(kept);
            file.bytes[intact..].fill(0);
            file.durable = kept;
        }
        state.epoch += 1;
        state.steps_left = u64::MAX;
    }

    /// Every file with its content.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.lock().files.iter().map(|(path, file)| (path.clone(), file.bytes.clone())).collect()
    }

    /// Puts a file there, durably, as a person would.
    pub fn put(&self, path: impl Into<PathBuf>, bytes: &[u8]) {
        let file = SimFile { bytes: bytes.to_vec(), durable: bytes.len() };
        self.lock().files.insert(path.into(), file);
    }

    /// Moves a file, as log rotation does: open handles are not followed.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn move_away(&self, from: &Path, to: impl Into<PathBuf>) {
        let mut state = self.lock();
        let file = state.files.remove(from).expect("the file to move exists");
        state.files.insert(to.into(), file);
    }

    /// How many appends and syncs there were.
    pub fn writes(&self) -> (u64, u64) {
        let state = self.lock();
        (state.appends, state.syncs)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.entropy.next_u64() % bound.max(1) as u64).unwrap_or(0)
    }
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        if self.steps_left == 0 {
            return Err(io::Error::other("the device does not answer"));
        }
        self.steps_left -= 1;
        Ok(())
    }

    fn used_bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes.len() as u64).sum()
    }
}

impl Disk for SimDisk {
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock();
        state.step()?;
        state.files.entry(path.to_owned()).or_default();
        Ok(Box::new(SimHandle { disk: self.clone(), path: path.to_owned(), epoch: state.epoch }))
    }

    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        Ok(self.lock().files.get(path).map(|file| file.bytes.len() as u64))
    }

    fn read(&self, path: &Path, from: u64, into: &mut [u8]) -> io::Result<usize> {
        let state = self.lock();
        let bytes = &state.files.get(path).ok_or(ErrorKind::NotFound)?.bytes;
        let from = usize::try_from(from).map_err(io::Error::other)?.min(bytes.len());
        let length = into.len().min(bytes.len() - from);
        into[..length].copy_from_slice(&bytes[from..from + length]);
        Ok(length)
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        let mut state = self.lock();
        state.step()?;
        let file = state.files.get_mut(path).ok_or(ErrorKind::NotFound)?;
        let length = usize::try_from(length).map_err(io::Error::other)?;
        file.bytes.resize(length, 0);
        file.durable = length;
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.step()?;
        state.files.remove(path);
        Ok(())
    }
}

struct SimHandle {
    disk: SimDisk,
    path: PathBuf,
    epoch: u64,
}

impl DiskFile for SimHandle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.lock();
        let stepped = if self.epoch == state.epoch { state.step() } else { Err(ErrorKind::Other.into()) };
        let room = state.capacity_bytes.saturating_sub(state.used_bytes());
        let fitting = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let written = if stepped.is_ok() { fitting } else { self.disk.below(fitting + 1) };
        state.appends += 1;
        let file = state.files.get_mut(&self.path).ok_or(ErrorKind::NotFound)?;
        file.bytes.extend_from_slice(&bytes[..written]);
        stepped?;
        if written < bytes.len() { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.step()?;
        state.syncs += 1;
        let file = state.files.get_mut(&self.path).ok_or(ErrorKind::NotFound)?;
        file.durable = file.bytes.len();
        Ok(())
    }
}
