//! Which record ids were seen, with which contents: exact de-duplication within one stream.
//!
//! A set of (stream, day of the blob's `contentCreated`, id, content), derived from the journal's record
//! indexes and nothing else: what is in it after a restart is what was in it before. Days are separate
//! tables, so that an old day goes as a whole (and can later live on disk while it is cold).

use std::collections::{BTreeMap, HashMap};

use hashbrown::HashTable;
use trailhound_model::{RecordEntry, RecordId, RecordMark, Timestamp};

/// UTC day of a `contentCreated`, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(i64);

impl Day {
    pub(super) fn of(at: Timestamp) -> Self {
        Self(at.as_millis().div_euclid(MILLIS_PER_DAY))
    }

    /// First instant of the day.
    pub(super) fn start(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(MILLIS_PER_DAY))
    }
}

const MILLIS_PER_DAY: i64 = 86_400_000;

/// A place in the history of changes, to come back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct UndoMark(usize);

/// The index. Inserts can be taken back until they are accepted.
#[derive(Default)]
pub(super) struct DuplicateIndex {
    streams: HashMap<u32, BTreeMap<Day, HashTable<Seen>>>,
    undo: Vec<(u32, Day, Seen)>,
}

/// 24 bytes each. Of the content 64 bits are kept: they only ever tell apart contents of one id.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    id: [u64; 2],
    content: u64,
}

impl DuplicateIndex {
    /// Decides about records of one blob, in order, and remembers them under the blob's day.
    pub(super) fn mark_records(&mut self, stream: u32, day: Day, entries: &[RecordEntry]) -> Vec<RecordMark> {
        let tables = self.streams.entry(stream).or_default();
        entries
            .iter()
            .map(|entry| {
                let Some(id) = entry.id else { return RecordMark::New };
                let seen = Seen::new(id, entry);
                let found = look_up(tables, day, seen);
                if !found.in_its_day {
                    tables.entry(day).or_default().insert_unique(seen.hash(), seen, Seen::hash);
                    self.undo.push((stream, day, seen));
                }
                found.mark
            })
            .collect()
    }

    /// Remembers records without deciding: for filling the index from the journal.
    pub(super) fn remember(&mut self, stream: u32, day: Day, entries: impl Iterator<Item = RecordEntry>) {
        let table = self.streams.entry(stream).or_default().entry(day).or_default();
        for entry in entries {
            let Some(id) = entry.id else { continue };
            let seen = Seen::new(id, &entry);
            if table.find(seen.hash(), |other| *other == seen).is_none() {
                table.insert_unique(seen.hash(), seen, Seen::hash);
            }
        }
    }

    /// Where the history stands now.
    pub(super) fn undo_mark(&self) -> UndoMark {
        UndoMark(self.undo.len())
    }

    /// Takes back everything since the mark, exactly.
    pub(super) fn roll_back_to(&mut self, mark: UndoMark) {
        for (stream, day, seen) in self.undo.drain(mark.0..).rev() {
            let table = self.streams.get_mut(&stream).and_then(|tables| tables.get_mut(&day));
            if let Some(Ok(entry)) = table.map(|t| t.find_entry(seen.hash(), |other| *other == seen)) {
                entry.remove();
            }
        }
    }

    /// Keeps everything so far; it can no longer be taken back.
    pub(super) fn accept(&mut self) {
        self.undo.clear();
        self.undo.shrink_to(UNDO_KEPT);
    }

    /// Forgets the days before `first_kept`.
    pub(super) fn evict(&mut self, first_kept: Day) {
        for tables in self.streams.values_mut() {
            *tables = tables.split_off(&first_kept);
        }
    }

    /// Remembered (id, content) pairs of all days.
    pub(super) fn len(&self) -> usize {
        self.streams.values().flat_map(BTreeMap::values).map(HashTable::len).sum()
    }
}

/// Entries for which the history keeps its room between groups (40 bytes each).
const UNDO_KEPT: usize = 65_536;

struct Found {
    mark: RecordMark,
    in_its_day: bool,
}

fn look_up(tables: &BTreeMap<Day, HashTable<Seen>>, own_day: Day, seen: Seen) -> Found {
    let mut found = Found { mark: RecordMark::New, in_its_day: false };
    let hash = seen.hash();
    for (day, table) in tables {
        for other in table.iter_hash(hash).filter(|other| other.id == seen.id) {
            if other.content == seen.content {
                found.mark = RecordMark::Duplicate;
                found.in_its_day |= *day == own_day;
            } else if found.mark == RecordMark::New {
                found.mark = RecordMark::Revision;
            }
        }
    }
    found
}

impl Seen {
    fn new(id: RecordId, entry: &RecordEntry) -> Self {
        Self { id: halves(id.0), content: halves(entry.hash.0)[0] }
    }

    /// By the id alone, so that all contents of one id are found together. Ids are GUIDs, of which some
    /// kinds have constant parts: both halves are folded by a multiplication.
    fn hash(&self) -> u64 {
        let product =
            u128::from(self.id[0] ^ 0x9e37_79b9_7f4a_7c15) * u128::from(self.id[1] ^ 0xd1b5_4a32_d192_ed03);
        let [low, high] = halves(product);
        low ^ high
    }
}

/// Low half, high half.
#[expect(clippy::cast_possible_truncation, reason = "cutting off the high half is what is meant")]
fn halves(value: u128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}
