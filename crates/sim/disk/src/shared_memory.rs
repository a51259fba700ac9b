//! The memory that connections of a write-ahead log share, and its eight locks. It does not outlive its users.
//!
//! Source: <https://www.sqlite.org/c3ref/io_methods.html>, <https://www.sqlite.org/walformat.html>.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::fault::{Answer, Fault};

const LOCKS: usize = 8;

#[derive(Default)]
pub(crate) struct SharedMemory(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    regions: Vec<Box<[AtomicU64]>>,
    locks: [Slot; LOCKS],
}

#[derive(Clone, Copy, Default)]
struct Slot {
    shared: u32,
    exclusive: bool,
}

/// One handle's share of it.
pub(crate) struct Mapped {
    memory: Arc<SharedMemory>,
    shared: u8,
    exclusive: u8,
}

impl SharedMemory {
    pub(crate) fn used_bytes(&self) -> u64 {
        self.lock().regions.iter().map(|region| size_of_val(&**region) as u64).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mapped {
    pub(crate) fn new(memory: Arc<SharedMemory>) -> Self {
        Self { memory, shared: 0, exclusive: 0 }
    }

    /// Whether region `number` is there already.
    pub(crate) fn has(&self, number: usize) -> bool {
        number < self.memory.lock().regions.len()
    }

    /// The start of region `number`, `None` when it is absent and not to be made. It stays where it is as long as
    /// anybody has the memory.
    pub(crate) fn region(&self, number: usize, region_bytes: usize, make: bool) -> Option<*const AtomicU64> {
        let mut inner = self.memory.lock();
        while make && inner.regions.len() <= number {
            inner.regions.push((0..region_bytes.div_ceil(8)).map(|_| AtomicU64::new(0)).collect());
        }
        inner.regions.get(number).map(|region| region.as_ptr())
    }

    /// Takes the locks from `first` on, shared or exclusively.
    pub(crate) fn take(&mut self, first: usize, count: usize, exclusive: bool) -> Answer<()> {
        let mask = mask(first, count)?;
        if !exclusive && self.shared & mask == mask {
            return Ok(());
        }
        let mut inner = self.memory.lock();
        let slots = &mut inner.locks[first..first + count];
        if slots.iter().any(|slot| slot.exclusive || (exclusive && slot.shared > 0)) {
            return Err(Fault::Busy);
        }
        for slot in slots {
            slot.exclusive |= exclusive;
            slot.shared += u32::from(!exclusive);
        }
        let held = if exclusive { &mut self.exclusive } else { &mut self.shared };
        *held |= mask;
        Ok(())
    }

    /// Gives back what this handle has of them.
    pub(crate) fn give_back(&mut self, first: usize, count: usize) -> Answer<()> {
        let mask = mask(first, count)?;
        let mut inner = self.memory.lock();
        for (number, slot) in inner.locks.iter_mut().enumerate() {
            let bit = mask & (1 << number);
            if self.exclusive & bit != 0 {
                slot.exclusive = false;
            }
            if self.shared & bit != 0 {
                slot.shared -= 1;
            }
        }
        self.exclusive &= !mask;
        self.shared &= !mask;
        Ok(())
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        let _ = self.give_back(0, LOCKS);
    }
}

fn mask(first: usize, count: usize) -> Answer<u8> {
    if first + count > LOCKS {
        return Err(Fault::Failing);
    }
    Ok((0..count).fold(0, |mask, n| mask | 1 << (first + n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_exclude_and_go_with_their_handle() {
        let memory = Arc::new(SharedMemory::default());
        let (mut one, mut two) = (Mapped::new(Arc::clone(&memory)), Mapped::new(Arc::clone(&memory)));
        one.take(3, 1, false).unwrap();
        two.take(3, 1, false).unwrap();
        assert_eq!(one.take(2, 3, true), Err(Fault::Busy));
        one.take(4, 4, true).unwrap();
        assert_eq!(two.take(7, 1, false), Err(Fault::Busy));
        assert_eq!(two.take(7, 2, false), Err(Fault::Failing));
        let first = one.region(1, 32_768, true).unwrap();
        drop(one);
        two.take(0, 3, true).unwrap();
        two.take(4, 4, true).unwrap();
        assert_eq!(two.region(1, 32_768, false), Some(first));
        assert_eq!((two.region(2, 32_768, false), memory.used_bytes()), (None, 65_536));
    }
}
