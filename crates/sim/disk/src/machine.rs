//! The disk between two power losses, and a file that somebody opened then.

use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};

use crate::SimDisk;
use crate::fault::{Answer, Fault};
use crate::file::SimFile;
use crate::locks::{HandleId, Level};
use crate::names::FileId;
use crate::shared_memory::{Mapped, SharedMemory};
use crate::state::State;

/// Whoever starts between two power losses sees the disk through one of these. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    disk: SimDisk,
    boot: u64,
}

/// How SQLite opens a file.
pub(crate) struct Opening<'a> {
    /// Without a path: a file that nobody else sees and that goes when it is closed.
    pub(crate) path: Option<&'a Path>,
    pub(crate) make: bool,
    pub(crate) must_be_new: bool,
    /// A journal or log: with its first sync its name is durable too.
    pub(crate) sync_its_name: bool,
}

/// An open file.
pub(crate) struct OpenFile {
    machine: Machine,
    file: FileId,
    handle: HandleId,
    level: Level,
    memory: Option<Mapped>,
    folder_to_sync: Option<PathBuf>,
}

impl Machine {
    pub(crate) fn new(disk: SimDisk, boot: u64) -> Self {
        Self { disk, boot }
    }

    /// The disk, when this machine still lives and the device answers.
    pub(crate) fn state(&self) -> Answer<MutexGuard<'_, State>> {
        let state = self.alive()?;
        state.answers()?;
        Ok(state)
    }

    /// The disk, when this machine still lives.
    pub(crate) fn alive(&self) -> Answer<MutexGuard<'_, State>> {
        let state = self.disk.lock();
        if state.boot == self.boot { Ok(state) } else { Err(Fault::Dead) }
    }

    pub(crate) fn open(&self, opening: &Opening<'_>) -> Answer<OpenFile> {
        let mut state = self.state()?;
        let file = file_to_open(&mut state, opening)?;
        state.file(file)?.open_handles += 1;
        let handle = state.new_id();
        let parent = opening.path.and_then(Path::parent).filter(|_| opening.sync_its_name);
        Ok(OpenFile {
            machine: self.clone(),
            file,
            handle,
            level: Level::None,
            memory: None,
            folder_to_sync: parent.map(Path::to_owned),
        })
    }

    /// Removes the name; `Absent` when there is none.
    pub(crate) fn remove(&self, path: &Path) -> Answer<()> {
        let mut state = self.state()?;
        if state.names.file(path).is_none() {
            return Err(Fault::Absent);
        }
        state.change(|state| state.names.remove(path))
    }
}

fn file_to_open(state: &mut State, opening: &Opening<'_>) -> Answer<FileId> {
    let Some(path) = opening.path else {
        let file = state.new_id();
        state.files.insert(file, SimFile::default());
        return Ok(file);
    };
    match state.names.file(path) {
        Some(_) if opening.must_be_new => Err(Fault::Taken),
        Some(file) => Ok(file),
        None if opening.make => state.make_file(path),
        None => Err(Fault::Absent),
    }
}

impl OpenFile {
    /// Fills `bytes` from `offset` on; returns how many there were.
    pub(crate) fn read(&self, offset: usize, bytes: &mut [u8]) -> Answer<usize> {
        let mut state = self.machine.state()?;
        let rest = state.file(self.file)?.bytes().get(offset..).unwrap_or_default();
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) -> Answer<()> {
        self.machine.state()?.write(self.file, offset, bytes)
    }

    pub(crate) fn set_length(&self, length: usize) -> Answer<()> {
        self.machine.state()?.change(|state| {
            state.file(self.file)?.set_length(length);
            Ok(())
        })
    }

    pub(crate) fn sync(&mut self) -> Answer<()> {
        let mut state = self.machine.state()?;
        state.sync_file(self.file)?;
        if let Some(folder) = self.folder_to_sync.take() {
            state.sync_folder(&folder)?;
        }
        Ok(())
    }

    pub(crate) fn length(&self) -> Answer<usize> {
        Ok(self.machine.state()?.file(self.file)?.bytes().len())
    }

    pub(crate) fn raise_lock(&mut self, wanted: Level) -> Answer<()> {
        self.machine.state()?.file(self.file)?.locks.raise(self.handle, &mut self.level, wanted)
    }

    /// Locks of a dead machine are gone already.
    pub(crate) fn lower_lock(&mut self, wanted: Level) {
        if let Ok(mut state) = self.machine.alive()
            && let Ok(file) = state.file(self.file)
        {
            file.locks.lower(self.handle, &mut self.level, wanted);
        }
    }

    pub(crate) fn is_reserved(&self) -> Answer<bool> {
        Ok(self.machine.state()?.file(self.file)?.locks.is_reserved())
    }

    /// The shared memory; `Full` when the disk has no room for a new region of it.
    pub(crate) fn map(&mut self, region: usize, region_bytes: usize, make: bool) -> Answer<&Mapped> {
        let mut state = self.machine.state()?;
        let room = state.room_bytes();
        let file = state.file(self.file)?;
        let mapped = self.memory.get_or_insert_with(|| {
            let memory = file.memory.upgrade().unwrap_or_else(|| Arc::new(SharedMemory::default()));
            file.memory = Arc::downgrade(&memory);
            Mapped::new(memory)
        });
        if make && !mapped.has(region) && room < region_bytes as u64 {
            return Err(Fault::Full);
        }
        Ok(mapped)
    }

    /// Takes locks in the shared memory.
    pub(crate) fn take_memory_locks(&mut self, first: usize, count: usize, exclusive: bool) -> Answer<()> {
        let _alive = self.machine.state()?;
        self.memory.as_mut().ok_or(Fault::Failing)?.take(first, count, exclusive)
    }

    /// Gives them back; always works.
    pub(crate) fn give_back_memory_locks(&mut self, first: usize, count: usize) -> Answer<()> {
        self.memory.as_mut().map_or(Ok(()), |memory| memory.give_back(first, count))
    }

    pub(crate) fn unmap(&mut self) {
        self.memory = None;
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        self.unmap();
        self.lower_lock(Level::None);
        if let Ok(mut state) = self.machine.alive() {
            if let Ok(file) = state.file(self.file) {
                file.open_handles -= 1;
            }
            state.forget_unnamed();
        }
    }
}
