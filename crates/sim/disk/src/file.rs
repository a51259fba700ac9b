//! One file: what a reader sees, what is durable, and the changes between the two.

use std::sync::Weak;

use crate::dice::Dice;
use crate::locks::DatabaseLocks;
use crate::shared_memory::SharedMemory;

/// A power loss keeps or loses a write by pieces of one of these sizes, in bytes.
const SECTOR_BYTES: [usize; 2] = [512, 4_096];
/// Of the pieces that are kept, so many of 100 are cut off in their middle.
const TORN_PERCENT: usize = 4;
/// A file that had grown is so often as long as before, with zeros where bytes were lost.
const ZEROS_PERCENT: usize = 25;
/// After a failed sync so many of 100 changes will never be durable, whatever is synced later.
const GONE_AFTER_FAILED_SYNC_PERCENT: usize = 50;

#[derive(Default)]
pub(crate) struct SimFile {
    bytes: Vec<u8>,
    undurable: Undurable,
    pub(crate) open_handles: u32,
    pub(crate) locks: DatabaseLocks,
    pub(crate) memory: Weak<SharedMemory>,
}

/// What a power loss may take. Appending costs no copy, a sync costs nothing: nearly all that SQLite does.
enum Undurable {
    /// Every change since the last sync, oldest first: what is durable comes from taking them back.
    Changes(Vec<TakeBack>),
    /// A sync failed: what is durable, and what a later sync makes so, oldest first. Without changes the file may
    /// differ all the same.
    Unsure { durable: Vec<u8>, pending: Vec<Change> },
}

/// A change that was made, with what it needs to be taken back.
enum TakeBack {
    Write { offset: usize, length: usize, before: Vec<u8>, length_before: usize },
    SetLength { length: usize, cut_off: Vec<u8>, length_before: usize },
}

enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    SetLength(usize),
}

impl SimFile {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is durable already and is written again, as a start does with the whole file, costs no copies.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let there = || self.bytes.get(offset..).and_then(|rest| rest.get(..bytes.len()));
        match &mut self.undurable {
            Undurable::Changes(made) if made.is_empty() && there() == Some(bytes) => return,
            Undurable::Changes(made) => {
                let overwritten = self.bytes.get(offset..).unwrap_or_default();
                let before = overwritten[..overwritten.len().min(bytes.len())].to_vec();
                let length_before = self.bytes.len();
                made.push(TakeBack::Write { offset, length: bytes.len(), before, length_before });
            }
            Undurable::Unsure { pending, .. } => {
                pending.push(Change::Write { offset, bytes: bytes.to_vec() });
            }
        }
        write_at(&mut self.bytes, offset, bytes);
    }

    pub(crate) fn set_length(&mut self, length: usize) {
        match &mut self.undurable {
            Undurable::Changes(made) => {
                let cut_off = self.bytes.get(length..).unwrap_or_default().to_vec();
                made.push(TakeBack::SetLength { length, cut_off, length_before: self.bytes.len() });
            }
            Undurable::Unsure { pending, .. } => pending.push(Change::SetLength(length)),
        }
        resize(&mut self.bytes, length);
    }

    pub(crate) fn sync(&mut self) {
        match &mut self.undurable {
            Undurable::Changes(made) => made.clear(),
            Undurable::Unsure { durable, pending } => {
                pending.drain(..).for_each(|change| change.apply(durable));
            }
        }
    }

    /// The system forgets which of the changes it still has to write: they stay visible until a power loss.
    pub(crate) fn fail_to_sync(&mut self, dice: &Dice) {
        let visible = self.bytes.clone();
        let (durable, mut pending) = self.take_back();
        pending.retain(|_| !dice.happens(GONE_AFTER_FAILED_SYNC_PERCENT));
        self.undurable = Undurable::Unsure { durable, pending };
        self.bytes = visible;
    }

    /// Every piece of every pending change happens or not; nobody holds the file any more.
    pub(crate) fn lose_power(&mut self, dice: &Dice) {
        let sector_bytes = SECTOR_BYTES[dice.below(SECTOR_BYTES.len())];
        let kept_percent = [0, 20, 50, 80, 100][dice.below(5)];
        let visible_length = self.bytes.len();
        let (mut bytes, pending) = self.take_back();
        for change in &pending {
            match change {
                Change::Write { offset, bytes: written } => {
                    for (start, piece) in sectors(*offset, written, sector_bytes) {
                        if dice.happens(kept_percent) {
                            let torn = dice.happens(TORN_PERCENT);
                            let kept = if torn { dice.below(piece.len()) } else { piece.len() };
                            write_at(&mut bytes, start, &piece[..kept]);
                        }
                    }
                }
                Change::SetLength(_) if dice.happens(kept_percent) => change.apply(&mut bytes),
                Change::SetLength(_) => {}
            }
        }
        if bytes.len() < visible_length && dice.happens(ZEROS_PERCENT) {
            resize(&mut bytes, visible_length);
        }
        *self = Self { bytes, ..Self::default() };
    }

    /// Nobody holds the file any more; what was written stays as it is.
    pub(crate) fn let_go(&mut self) {
        self.open_handles = 0;
        self.locks = DatabaseLocks::default();
        self.memory = Weak::new();
    }

    /// What is durable, and the changes since, oldest first. Leaves nothing.
    fn take_back(&mut self) -> (Vec<u8>, Vec<Change>) {
        let mut bytes = std::mem::take(&mut self.bytes);
        match std::mem::take(&mut self.undurable) {
            Undurable::Changes(made) => {
                let mut changes: Vec<Change> =
                    made.into_iter().rev().map(|change| change.take_back(&mut bytes)).collect();
                changes.reverse();
                (bytes, changes)
            }
            Undurable::Unsure { durable, pending } => (durable, pending),
        }
    }
}

impl Default for Undurable {
    fn default() -> Self {
        Self::Changes(Vec::new())
    }
}

impl TakeBack {
    /// Makes the bytes as they were before the change, and tells the change.
    fn take_back(self, bytes: &mut Vec<u8>) -> Change {
        match self {
            Self::Write { offset, length, before, length_before } => {
                let written = bytes[offset..offset + length].to_vec();
                bytes[offset..offset + before.len()].copy_from_slice(&before);
                bytes.truncate(length_before);
                Change::Write { offset, bytes: written }
            }
            Self::SetLength { length, cut_off, length_before } => {
                bytes.extend_from_slice(&cut_off);
                bytes.truncate(length_before);
                Change::SetLength(length)
            }
        }
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes: written } => write_at(bytes, *offset, written),
            Self::SetLength(length) => resize(bytes, *length),
        }
    }
}

/// A write in pieces that end where sectors end, each with its place in the file.
fn sectors(offset: usize, bytes: &[u8], sector_bytes: usize) -> impl Iterator<Item = (usize, &[u8])> {
    let first = (sector_bytes - offset % sector_bytes).min(bytes.len());
    let (head, rest) = bytes.split_at(first);
    let pieces = std::iter::once(head).chain(rest.chunks(sector_bytes));
    pieces.scan(offset, |at, piece| {
        let start = *at;
        *at += piece.len();
        Some((start, piece))
    })
}

fn write_at(bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
    if bytes.len() < offset {
        resize(bytes, offset);
    }
    let (inside, beyond) = written.split_at(written.len().min(bytes.len() - offset));
    bytes[offset..offset + inside.len()].copy_from_slice(inside);
    bytes.extend_from_slice(beyond);
}

/// As `Vec::resize` with zeros, which is slow in a build for tests.
fn resize(bytes: &mut Vec<u8>, length: usize) {
    const ZEROS: [u8; 4_096] = [0; 4_096];
    bytes.truncate(length);
    while bytes.len() < length {
        bytes.extend_from_slice(&ZEROS[..ZEROS.len().min(length - bytes.len())]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(seed: u64, prepare: impl Fn(&mut SimFile)) -> Vec<u8> {
        let mut file = SimFile::default();
        prepare(&mut file);
        file.lose_power(&Dice::new(seed));
        file.bytes().to_vec()
    }

    #[test]
    fn what_is_synced_stays_and_the_rest_comes_in_every_mixture() {
        let (mut none, mut all, mut torn, mut later_only) = (0, 0, 0, 0);
        for seed in 0..500 {
            let bytes = lost(seed, |file| {
                file.write(0, &[1; 700]);
                file.sync();
                file.write(100, &[2; 10_000]);
                file.write(20_000, &[3; 5]);
            });
            assert_eq!(bytes[..100], [1; 100], "seed {seed}");
            let kept = |place: usize, what: u8| bytes.get(place) == Some(&what);
            let (first, last, after) = (kept(100, 2), kept(10_099, 2), kept(20_000, 3));
            none += u32::from(bytes == [1; 700]);
            all += u32::from(bytes.len() == 20_005 && bytes[100..10_100] == [2; 10_000] && after);
            torn += u32::from(first != last);
            later_only += u32::from(after && !first);
        }
        assert!(none > 20 && all > 20 && torn > 100 && later_only > 25, "{none} {all} {torn} {later_only}");
    }

    #[test]
    fn what_is_durable_is_what_was_there_at_the_last_sync() {
        for seed in 0..300 {
            let dice = Dice::new(seed);
            let (mut file, mut at_last_sync) = (SimFile::default(), Vec::new());
            let mut visible = Vec::new();
            for step in 0..40_u8 {
                match dice.below(8) {
                    0 => {
                        file.sync();
                        at_last_sync.clone_from(&visible);
                    }
                    1 => {
                        let length = dice.below(300);
                        file.set_length(length);
                        visible.resize(length, 0);
                    }
                    _ => {
                        let (offset, length) = (dice.below(300), dice.below(60));
                        file.write(offset, &vec![step; length]);
                        if length > 0 {
                            write_at(&mut visible, offset, &vec![step; length]);
                        }
                    }
                }
                assert_eq!(file.bytes, visible, "seed {seed}, step {step}");
            }
            let (mut durable, changes) = file.take_back();
            assert_eq!(durable, at_last_sync, "seed {seed}");
            for change in &changes {
                change.apply(&mut durable);
            }
            assert_eq!(durable, visible, "seed {seed}");
        }
    }

    #[test]
    fn a_failed_sync_makes_a_later_one_worth_less() {
        let losses = (0..100).filter(|&seed| {
            let bytes = lost(seed, |file| {
                file.write(0, b"x");
                file.fail_to_sync(&Dice::new(seed));
                assert_eq!(file.bytes(), b"x");
                file.sync();
            });
            bytes != b"x"
        });
        assert!((20..80).contains(&losses.count()));
    }

    #[test]
    fn writing_again_heals_after_a_failed_sync_and_costs_nothing_otherwise() {
        for seed in 0..50 {
            let bytes = lost(seed, |file| {
                file.write(0, b"x");
                file.fail_to_sync(&Dice::new(seed));
                file.sync();
                file.write(0, b"x");
                file.sync();
            });
            assert_eq!(bytes, b"x", "seed {seed}");
        }
        let mut file = SimFile::default();
        file.write(0, b"x");
        file.sync();
        file.write(0, b"x");
        assert!(matches!(&file.undurable, Undurable::Changes(made) if made.is_empty()));
        file.write(0, b"xy");
        assert!(matches!(&file.undurable, Undurable::Changes(made) if made.len() == 1));
    }
}
