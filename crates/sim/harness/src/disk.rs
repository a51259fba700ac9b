//! The outputs' disk with commit points: at some of them the process dies in the middle of a write.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use trailhound_env::{Disk, DiskFile};
use trailhound_outputs::testing::SimDisk;
use trailhound_sim_microsoft::Dice;

use crate::fate::Deed;
use crate::life::Life;

/// Every changing operation of the disk inside is a commit point of this life.
#[derive(Clone)]
pub(crate) struct PointDisk {
    pub(crate) inner: SimDisk,
    pub(crate) life: Arc<Life>,
    pub(crate) dice: Arc<Mutex<Dice>>,
}

impl PointDisk {
    fn step<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.step_or(work, || {})
    }

    /// `part`: what is done of a step that fails or is cut off at its beginning.
    fn step_or<T>(&self, work: impl FnOnce() -> io::Result<T>, part: impl FnOnce()) -> io::Result<T> {
        if self.life.is_dead() {
            return Err(no_answer());
        }
        let deed = self.life.point();
        let done = match deed {
            Deed::KillBefore | Deed::FailBefore => {
                part();
                Err(no_answer())
            }
            _ => work(),
        };
        if matches!(deed, Deed::KillBefore | Deed::KillAfter) {
            self.life.end();
        }
        if deed == Deed::Go { done } else { done.and_then(|_| Err(no_answer())) }
    }

    fn below(&self, bound: usize) -> usize {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).index(bound)
    }
}

fn no_answer() -> io::Error {
    io::Error::other("the simulated disk does not answer")
}

impl Disk for PointDisk {
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let inner = self.step(|| self.inner.open_append(path))?;
        Ok(Box::new(PointFile { disk: self.clone(), inner }))
    }

    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        if self.life.is_dead() { Err(no_answer()) } else { self.inner.length(path) }
    }

    fn read(&self, path: &Path, from: u64, into: &mut [u8]) -> io::Result<usize> {
        if self.life.is_dead() { Err(no_answer()) } else { self.inner.read(path, from, into) }
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        self.step(|| self.inner.truncate(path, length))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| self.inner.remove(path))
    }
}

struct PointFile {
    disk: PointDisk,
    inner: Box<dyn DiskFile>,
}

impl DiskFile for PointFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let part = self.disk.below(bytes.len() + 1);
        let inner = std::cell::RefCell::new(&mut self.inner);
        self.disk
            .step_or(|| inner.borrow_mut().append(bytes), || drop(inner.borrow_mut().append(&bytes[..part])))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.step(|| self.inner.sync())
    }
}
