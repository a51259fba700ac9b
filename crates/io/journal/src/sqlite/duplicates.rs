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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use trailhound_model::ContentHash;

    use super::*;

    /// What happens to the index.
    #[derive(Clone, Debug)]
    enum Step {
        Blob { stream: u32, day: i64, records: Vec<(u8, u8)>, rolled_back: bool },
        Evict { day: i64 },
    }

    fn step() -> impl Strategy<Value = Step> {
        let records = proptest::collection::vec((0u8..12, 0u8..3), 0..8);
        prop_oneof![
            9 => (0u32..2, 0i64..5, records, proptest::bool::weighted(0.3))
                .prop_map(|(stream, day, records, rolled_back)| Step::Blob { stream, day, records, rolled_back }),
            1 => (0i64..5).prop_map(|day| Step::Evict { day }),
        ]
    }

    fn entries(records: &[(u8, u8)]) -> Vec<RecordEntry> {
        let entry = |&(id, content): &(u8, u8)| RecordEntry {
            offset: 0,
            length: 0,
            // Number 0 is a record without an id.
            id: (id > 0).then(|| RecordId(u128::from(id) << 64)),
            hash: ContentHash(u128::from(content)),
        };
        records.iter().map(entry).collect()
    }

    /// Everything ever seen, as a plain set of (stream, day, id, content).
    type Naive = HashSet<(u32, i64, u8, u8)>;

    fn naive_mark(seen: &mut Naive, stream: u32, day: i64, (id, content): (u8, u8)) -> RecordMark {
        if id == 0 {
            return RecordMark::New;
        }
        let of_id = |s: &&(u32, i64, u8, u8)| s.0 == stream && s.2 == id;
        let mark = if seen.iter().filter(of_id).any(|s| s.3 == content) {
            RecordMark::Duplicate
        } else if seen.iter().any(|s| of_id(&s)) {
            RecordMark::Revision
        } else {
            RecordMark::New
        };
        seen.insert((stream, day, id, content));
        mark
    }

    proptest! {
        #[test]
        fn decisions_are_those_of_a_plain_set_through_rollbacks_and_evictions(
            steps in proptest::collection::vec(step(), 0..60)
        ) {
            let mut index = DuplicateIndex::default();
            let mut naive = Naive::new();
            for step in steps {
                match step {
                    Step::Blob { stream, day, records, rolled_back } => {
                        let mark = index.undo_mark();
                        let kept = naive.clone();
                        let expected: Vec<RecordMark> =
                            records.iter().map(|&r| naive_mark(&mut naive, stream, day, r)).collect();
                        prop_assert_eq!(index.mark_records(stream, Day(day), &entries(&records)), expected);
                        if rolled_back {
                            index.roll_back_to(mark);
                            naive = kept;
                        } else {
                            index.accept();
                        }
                    }
                    Step::Evict { day } => {
                        index.evict(Day(day));
                        naive.retain(|seen| seen.1 >= day);
                    }
                }
                prop_assert_eq!(index.len(), naive.len());
            }
        }
    }
}
