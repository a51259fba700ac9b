//! The disk as [`trailhound_env::WholeFiles`].

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trailhound_env::{NewFile, WholeFile, WholeFiles};

use crate::fault::Fault;
use crate::machine::{Machine, OpenFile, Opening};

pub(crate) struct SimWholeFiles {
    machine: Machine,
    folder: PathBuf,
}

impl SimWholeFiles {
    /// In a folder that is there.
    pub(crate) fn new(machine: Machine, folder: &Path) -> Self {
        Self { machine, folder: folder.to_owned() }
    }

    fn open_as(&self, name: &str, new: bool) -> io::Result<OpenFile> {
        let path = self.folder.join(name);
        let opening = Opening { path: Some(&path), make: new, must_be_new: new, sync_its_name: new };
        Ok(self.machine.open(&opening)?)
    }
}

impl WholeFiles for SimWholeFiles {
    fn create(&self, name: &str) -> io::Result<Box<dyn NewFile>> {
        Ok(Box::new(Growing { file: self.open_as(name, true)?, length_bytes: 0 }))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn WholeFile>> {
        Ok(Arc::new(Finished(self.open_as(name, false)?)))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match self.machine.remove(&self.folder.join(name)) {
            Err(fault) if fault != Fault::Absent => Err(fault.into()),
            _ => Ok(()),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.machine.state()?;
        let inside = state.names.files().filter(|(path, _)| path.parent() == Some(&self.folder));
        let names = inside.filter_map(|(path, _)| path.file_name()?.to_str().map(str::to_owned));
        Ok(names.collect())
    }
}

struct Growing {
    file: OpenFile,
    length_bytes: usize,
}

impl NewFile for Growing {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write(self.length_bytes, bytes)?;
        self.length_bytes += bytes.len();
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        Ok(self.file.sync()?)
    }
}

struct Finished(OpenFile);

impl WholeFile for Finished {
    fn len_bytes(&self) -> io::Result<u64> {
        Ok(self.0.length()? as u64)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let whole = self.0.read(offset, buffer)? == buffer.len();
        if whole { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }
}
