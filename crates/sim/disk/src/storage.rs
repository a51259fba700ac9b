//! The disk as [`trailhound_env::Storage`].

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trailhound_env::{FileFacts, FileIdentity, HeldLock, Storage, WholeFiles};

use crate::fault::Fault;
use crate::machine::Machine;
use crate::names::Entry;
use crate::vfs::Lease;
use crate::whole_files::SimWholeFiles;

#[derive(Debug)]
pub(crate) struct SimStorage {
    machine: Machine,
    vfs: Lease,
}

impl SimStorage {
    pub(crate) fn new(machine: Machine) -> Self {
        Self { vfs: Lease::take(machine.clone()), machine }
    }
}

impl Storage for SimStorage {
    fn database_vfs(&self) -> Option<&str> {
        Some(self.vfs.name())
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.machine.state()?;
        for folder in folder.ancestors().collect::<Vec<_>>().into_iter().rev() {
            match state.names.get(folder) {
                Some(Entry::Folder) => {}
                Some(Entry::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                None => state.change(|state| state.names.add(folder, Entry::Folder))?,
            }
            if let Some(parent) = folder.parent().filter(|_| state.names.is_pending(folder)) {
                state.sync_folder(parent)?;
            }
        }
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn HeldLock>>> {
        self.make_file(path)?;
        let mut state = self.machine.state()?;
        if !state.held.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(SimLock { machine: self.machine.clone(), path: path.to_owned() })))
    }

    fn make_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.machine.state()?;
        if state.names.file(path).is_none() {
            state.make_file(path)?;
        }
        Ok(())
    }

    fn facts(&self, path: &Path) -> io::Result<Option<FileFacts>> {
        let mut state = self.machine.state()?;
        let Some(id) = state.names.file(path) else { return Ok(None) };
        let length_bytes = state.file(id)?.bytes().len() as u64;
        Ok(Some(FileFacts { length_bytes, identity: FileIdentity(0, id) }))
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.machine.state()?;
        let file = state.names.file(path).ok_or(Fault::Absent)?;
        Ok(state.sync_file(file)?)
    }

    fn rewrite(&self, path: &Path) -> io::Result<()> {
        let mut state = self.machine.state()?;
        let Some(id) = state.names.file(path) else { return Ok(()) };
        let bytes = state.file(id)?.bytes().to_vec();
        state.write(id, 0, &bytes)?;
        Ok(state.sync_file(id)?)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Ok(self.machine.state()?.change(|state| state.names.rename(from, to))?)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match self.machine.remove(path) {
            Err(fault) if fault != Fault::Absent => Err(fault.into()),
            _ => Ok(()),
        }
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        Ok(self.machine.state()?.sync_folder(folder)?)
    }

    fn whole_files(&self, folder: &Path) -> io::Result<Arc<dyn WholeFiles>> {
        self.make_folder(folder)?;
        Ok(Arc::new(SimWholeFiles::new(self.machine.clone(), folder)))
    }
}

struct SimLock {
    machine: Machine,
    path: PathBuf,
}

impl HeldLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        if let Ok(mut state) = self.machine.alive() {
            state.held.remove(&self.path);
        }
    }
}
