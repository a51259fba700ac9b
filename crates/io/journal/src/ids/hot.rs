//! The newest ids, in one table, with the way back of what is not committed yet.

use hashbrown::HashTable;

use super::day::Day;
use super::seen::{Found, Seen};

/// Entries for which the history keeps its room between groups (32 bytes each).
const UNDO_KEPT: usize = 65_536;

/// A place in the history of changes, to come back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UndoMark(usize);

/// An id and the day under which it is remembered. 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) seen: Seen,
    pub(super) day: Day,
}

/// Ids in no order; found by (stream, id).
#[derive(Default)]
pub(crate) struct Table(HashTable<Kept>);

impl Table {
    /// Adds to `found` what is remembered of the record, but for days before `hidden_before`.
    pub(super) fn look_up(
        &self,
        seen: &Seen,
        hash: u64,
        day: Day,
        hidden_before: Option<Day>,
        found: &mut Found,
    ) {
        for kept in self.0.iter_hash(hash).filter(|kept| kept.seen.has_id_of(seen)) {
            if hidden_before.is_none_or(|first| kept.day >= first) {
                found.add(kept.seen == *seen, kept.day == day);
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The table with its history.
#[derive(Default)]
pub(super) struct Hot {
    table: Table,
    undo: Vec<Kept>,
}

impl Hot {
    pub(super) fn look_up(&self, seen: &Seen, hash: u64, day: Day, found: &mut Found) {
        self.table.look_up(seen, hash, day, None, found);
    }

    /// Remembers an id that is not there under this day.
    pub(super) fn insert(&mut self, seen: Seen, hash: u64, day: Day) {
        let kept = Kept { seen, day };
        self.table.0.insert_unique(hash, kept, |kept| kept.seen.hash());
        self.undo.push(kept);
    }

    pub(super) fn undo_mark(&self) -> UndoMark {
        UndoMark(self.undo.len())
    }

    /// Takes back everything since the mark, exactly.
    pub(super) fn roll_back_to(&mut self, mark: UndoMark) {
        for kept in self.undo.drain(mark.0..).rev() {
            if let Ok(entry) = self.table.0.find_entry(kept.seen.hash(), |other| *other == kept) {
                entry.remove();
            }
        }
    }

    /// Keeps everything so far; it can no longer be taken back.
    pub(super) fn accept(&mut self) {
        self.undo.clear();
        self.undo.shrink_to(UNDO_KEPT);
    }

    pub(super) fn evict(&mut self, first_kept: Day) {
        self.table.0.retain(|kept| kept.day >= first_kept);
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// The table as it is; an empty one takes its place. Everything must be accepted.
    pub(super) fn take(&mut self) -> Table {
        debug_assert!(self.undo.is_empty(), "what may be taken back is still here");
        std::mem::take(&mut self.table)
    }
}
