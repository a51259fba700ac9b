//! The index against a plain set, through files, merges, restarts, rollbacks and forgetting; and damaged files.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use proptest::prelude::*;
use trailhound_env::{RealStorage, Storage, WholeFiles};
use trailhound_model::{ContentHash, RecordEntry, RecordId, RecordMark, Seq};

use super::run_format::{BLOCK_BYTES, file_name};
use super::*;
use crate::JournalErrorKind;

/// What happens to the index.
#[derive(Clone, Debug)]
enum Step {
    Blob {
        stream: u32,
        day: i32,
        records: Vec<(u8, u8)>,
        rolled_back: bool,
    },
    Evict {
        day: i32,
    },
    /// Work is begun: what is to be made is fixed now and adopted later.
    Begin,
    Adopt,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let records = proptest::collection::vec((0u8..40, 0u8..3), 0..8);
    prop_oneof![
        12 => (0u32..2, 0i32..4, records, proptest::bool::weighted(0.2))
            .prop_map(|(stream, day, records, rolled_back)| Step::Blob { stream, day, records, rolled_back }),
        1 => (0i32..4).prop_map(|day| Step::Evict { day }),
        4 => Just(Step::Begin),
        4 => Just(Step::Adopt),
        1 => Just(Step::Restart),
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
type Naive = HashSet<(u32, i32, u8, u8)>;

fn naive_mark(seen: &mut Naive, stream: u32, day: i32, (id, content): (u8, u8)) -> RecordMark {
    if id == 0 {
        return RecordMark::New;
    }
    let of_id = |s: &&(u32, i32, u8, u8)| s.0 == stream && s.2 == id;
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

/// The index with what the database keeps for it: chunks that are not in files yet, and the list of files.
struct World {
    files: Arc<dyn WholeFiles>,
    workshop: Workshop,
    index: DuplicateIndex,
    chunks: Vec<(u32, i32, Vec<RecordEntry>)>,
    sealed_to: usize,
    named: BTreeMap<u64, RunFacts>,
    made: Option<Made>,
    merges: u32,
    folder: tempfile::TempDir,
}

const HOT_IDS: usize = 5;

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = RealStorage.whole_files(&folder.path().join("ids")).unwrap();
        Self {
            workshop: Workshop::new(Arc::clone(&files), 1),
            files,
            index: DuplicateIndex::new(HOT_IDS),
            chunks: Vec::new(),
            sealed_to: 0,
            named: BTreeMap::new(),
            made: None,
            merges: 0,
            folder,
        }
    }

    fn begin(&mut self) {
        let newest = Seq(self.chunks.len() as u64);
        if self.made.is_none()
            && let Some(task) = self.index.next_task(newest)
        {
            self.made = Some(self.workshop.run(&task).unwrap());
        }
    }

    fn adopt(&mut self) {
        let Some(mut made) = self.made.take() else { return };
        let runs = std::mem::take(&mut made.runs);
        made.runs = runs.into_iter().filter(|run| self.index.is_wanted(&made, run)).collect();
        if made.runs.is_empty() && !made.is_sealed() {
            return;
        }
        self.merges += u32::from(!made.is_sealed());
        self.named.extend(made.runs.iter().map(|run| (run.facts.number, run.facts)));
        self.named.retain(|number, _| made.replaced.iter().all(|old| old.facts.number != *number));
        if made.is_sealed() {
            self.sealed_to = usize::try_from(self.index.sealed_through().unwrap().0).unwrap();
        }
        self.index.adopt(made);
    }

    fn evict(&mut self, day: i32) {
        self.index.evict(Day(day));
        self.named.retain(|_, facts| facts.day >= Day(day));
        for chunk in self.chunks.iter_mut().filter(|chunk| chunk.1 < day) {
            chunk.2.clear();
        }
    }

    fn restart(&mut self) {
        self.made = None;
        self.index = DuplicateIndex::new(HOT_IDS);
        for facts in self.named.values() {
            self.index.add_run(Run::open(&*self.files, *facts).unwrap());
        }
        for (stream, day, entries) in &self.chunks[self.sealed_to..] {
            self.index.remember(*stream, Day(*day), entries.iter().copied());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn decisions_are_those_of_a_plain_set_whatever_lies_in_files(
        steps in proptest::collection::vec(step(), 0..120)
    ) {
        let mut world = World::new();
        let mut naive = Naive::new();
        for step in steps {
            match step {
                Step::Blob { stream, day, records, rolled_back } => {
                    let mark = world.index.undo_mark();
                    let kept = naive.clone();
                    let entries = entries(&records);
                    let expected: Vec<RecordMark> =
                        records.iter().map(|&r| naive_mark(&mut naive, stream, day, r)).collect();
                    prop_assert_eq!(world.index.mark_records(stream, Day(day), &entries).unwrap(), expected);
                    if rolled_back {
                        world.index.roll_back_to(mark);
                        naive = kept;
                    } else {
                        world.index.accept();
                        world.chunks.push((stream, day, entries));
                    }
                }
                Step::Evict { day } => {
                    world.evict(day);
                    naive.retain(|seen| seen.1 >= day);
                }
                Step::Begin => world.begin(),
                Step::Adopt => world.adopt(),
                Step::Restart => world.restart(),
            }
        }
    }
}

/// Ids 1 to `count` of one stream and day, in an index whose files are all made and merged.
fn filled(world: &mut World, from: u128, count: u128) -> Vec<RecordEntry> {
    let entry = |id| RecordEntry { offset: 0, length: 0, id: Some(RecordId(id)), hash: ContentHash(7) };
    let entries: Vec<_> = (from..from + count).map(entry).collect();
    for entries in entries.chunks(100) {
        world.index.mark_records(1, Day(3), entries).unwrap();
        world.index.accept();
        world.chunks.push((1, 3, entries.to_vec()));
        world.begin();
        world.adopt();
    }
    while let Some(task) = world.index.next_task(Seq(world.chunks.len() as u64)) {
        world.made = Some(world.workshop.run(&task).unwrap());
        world.adopt();
    }
    entries
}

#[test]
fn many_ids_are_merged_into_few_files_of_many_blocks_and_all_are_found() {
    let mut world = World::new();
    let entries = filled(&mut world, 1, 5_000);
    assert!(world.merges > 3 && world.named.len() <= 4, "{} merges, {:?}", world.merges, world.named);
    assert_eq!(world.index.len(), 5_000);
    world.restart();
    let marks = world.index.mark_records(1, Day(3), &entries).unwrap();
    assert!(marks.iter().all(|mark| *mark == RecordMark::Duplicate));
    assert_eq!(world.index.len(), 5_000);
    let other_content = RecordEntry { hash: ContentHash(8), ..entries[4_321] };
    let asked = [other_content, entries[77]];
    let marks = world.index.mark_records(1, Day(4), &asked).unwrap();
    assert_eq!(marks, [RecordMark::Revision, RecordMark::Duplicate]);
    assert_eq!(world.index.mark_records(2, Day(3), &asked).unwrap(), [RecordMark::New; 2]);
}

/// Files of a day, by day.
fn files_of_days(world: &World) -> Vec<(i32, Vec<u64>)> {
    let days: std::collections::BTreeSet<i32> = world.named.values().map(|facts| facts.day.0).collect();
    let of_day = |day| world.named.values().filter(move |facts| facts.day.0 == day);
    days.into_iter().map(|day| (day, of_day(day).map(|facts| facts.entries).collect())).collect()
}

#[test]
fn an_older_day_becomes_one_file_and_a_few_late_ids_do_not_rewrite_it() {
    let mut world = World::new();
    let blob = |world: &mut World, day: i32, ids: std::ops::Range<u128>| {
        let entry = |id| RecordEntry { offset: 0, length: 0, id: Some(RecordId(id)), hash: ContentHash(7) };
        let entries: Vec<_> = ids.map(entry).collect();
        let marks = world.index.mark_records(1, Day(day), &entries).unwrap();
        world.index.accept();
        world.chunks.push((1, day, entries));
        while let Some(task) = world.index.next_task(Seq(world.chunks.len() as u64)) {
            world.made = Some(world.workshop.run(&task).unwrap());
            world.adopt();
        }
        marks
    };
    for (number, day) in [1, 1, 1, 2, 2, 2, 3, 3, 3].into_iter().enumerate() {
        let first = number as u128 * 100 + 1;
        blob(&mut world, day, first..first + 100);
    }
    assert_eq!(files_of_days(&world), [(1, vec![300]), (2, vec![100; 3]), (3, vec![100; 3])]);
    blob(&mut world, 1, 1_001..1_021);
    assert_eq!(files_of_days(&world)[0], (1, vec![300, 20]));
    blob(&mut world, 1, 1_021..1_041);
    assert_eq!(files_of_days(&world)[0], (1, vec![340]));
    let again = blob(&mut world, 3, 1_000..1_041);
    assert_eq!(again[0], RecordMark::New);
    assert!(again[1..].iter().all(|mark| *mark == RecordMark::Duplicate));
}

#[test]
fn files_that_are_missing_cut_or_changed_are_named() {
    let mut world = World::new();
    let entries = filled(&mut world, 1, 1_000);
    let facts = *world.named.values().max_by_key(|facts| facts.entries).unwrap();
    let path = world.folder.path().join("ids").join(file_name(facts.number));
    let whole = std::fs::read(&path).unwrap();
    let open = |facts| Run::open(&*world.files, facts);
    let damaged = |error: Option<crate::JournalError>, words: &str| {
        let error = error.unwrap_or_else(|| panic!("taken although {words}"));
        assert_eq!(error.kind, JournalErrorKind::Damaged);
        assert!(error.detail.contains(words) && error.detail.contains(&file_name(facts.number)), "{error}");
    };
    for (at, words) in [(0, "begin"), (whole.len() - 80, "filter"), (whole.len() - 20, "end is not whole")] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        damaged(open(facts).err(), words);
    }
    for (length, words) in [(10, "cut"), (whole.len() - 1, "end"), (whole.len() - 8, "end")] {
        std::fs::write(&path, &whole[..length]).unwrap();
        damaged(open(facts).err(), words);
    }
    std::fs::write(&path, &whole).unwrap();
    damaged(open(RunFacts { checksum: facts.checksum ^ 1, ..facts }).err(), "not the file");
    // A block is checked when it is read; what it would have said is never guessed.
    let mut changed = whole.clone();
    changed[BLOCK_BYTES * 2 + 5] ^= 1;
    std::fs::write(&path, &changed).unwrap();
    let mut index = DuplicateIndex::new(HOT_IDS);
    index.add_run(open(facts).unwrap());
    damaged(index.mark_records(1, Day(3), &entries).err(), "block 1 does not match");
    std::fs::remove_file(&path).unwrap();
    damaged(open(facts).err(), "missing");
}
