//! The index: what is in memory and what is in files, as one set.

use std::collections::BTreeMap;
use std::sync::Arc;

use trailhound_model::{RecordEntry, RecordMark, Seq};

use super::Result;
use super::choose::{to_close, to_merge};
use super::day::Day;
use super::filter::Bits;
use super::hot::{Hot, Table, UndoMark};
use super::run::{Page, Run};
use super::seen::{Found, Seen};
use super::task::{Made, Task};

/// Ids that are looked up together: enough that the waits for memory overlap.
const PROBES_AT_ONCE: usize = 512;

/// With more files of one day a merge comes before sealing: else ids that come faster than files are made would keep
/// merges off.
const URGENT_RUNS: usize = 8;

/// The set of remembered ids. Inserts can be taken back until they are accepted.
pub(crate) struct DuplicateIndex {
    hot: Hot,
    frozen: Option<Frozen>,
    runs: BTreeMap<Day, Vec<Arc<Run>>>,
    /// Ids in the hot part that make it ready for a file.
    hot_ids: usize,
}

/// Ids on their way into files.
struct Frozen {
    table: Arc<Table>,
    /// With these in files, all chunks up to this one are.
    through: Seq,
    /// Days before it were forgotten meanwhile.
    hidden_before: Option<Day>,
}

/// An id to be looked up.
struct Probe {
    seen: Seen,
    hash: u64,
    bits: Bits,
    found: Found,
}

impl DuplicateIndex {
    /// An empty index that keeps up to `hot_ids` ids in memory before it makes a file of them, and at most about
    /// twice as many while that is under way.
    pub(crate) fn new(hot_ids: usize) -> Self {
        Self { hot: Hot::default(), frozen: None, runs: BTreeMap::new(), hot_ids: hot_ids.max(1) }
    }

    /// Decides about records of one blob, in order, and remembers them under the blob's day. After a failure to
    /// read a file some may be remembered: come back to the mark before.
    pub(crate) fn mark_records(
        &mut self,
        stream: u32,
        day: Day,
        entries: &[RecordEntry],
    ) -> Result<Vec<RecordMark>> {
        let mut marks = Vec::with_capacity(entries.len());
        for entries in entries.chunks(PROBES_AT_ONCE) {
            let mut probes: Vec<Probe> =
                entries.iter().filter_map(|entry| Seen::of(stream, entry)).map(Probe::of).collect();
            self.look_up_settled(day, &mut probes)?;
            let mut probes = probes.iter();
            marks.extend(entries.iter().map(|entry| {
                // A record without an id is never a duplicate.
                let probe = entry.id.and_then(|_| probes.next());
                probe.map_or(RecordMark::New, |probe| self.decide(probe, day))
            }));
        }
        Ok(marks)
    }

    /// Remembers records without deciding: for filling the index from the journal.
    pub(crate) fn remember(&mut self, stream: u32, day: Day, entries: impl Iterator<Item = RecordEntry>) {
        for seen in entries.filter_map(|entry| Seen::of(stream, &entry)) {
            self.decide(&Probe::of(seen), day);
        }
        self.hot.accept();
    }

    /// Takes over a file that the database names.
    pub(crate) fn add_run(&mut self, run: Run) {
        self.runs.entry(run.facts.day).or_default().push(Arc::new(run));
    }

    /// Where the history stands now.
    pub(crate) fn undo_mark(&self) -> UndoMark {
        self.hot.undo_mark()
    }

    /// Takes back everything since the mark, exactly.
    pub(crate) fn roll_back_to(&mut self, mark: UndoMark) {
        self.hot.roll_back_to(mark);
    }

    /// Keeps everything so far; it can no longer be taken back.
    pub(crate) fn accept(&mut self) {
        self.hot.accept();
    }

    /// Forgets the days before `first_kept`. Their files are the caller's to remove.
    pub(crate) fn evict(&mut self, first_kept: Day) {
        self.hot.evict(first_kept);
        self.runs = self.runs.split_off(&first_kept);
        if let Some(frozen) = &mut self.frozen {
            frozen.hidden_before = frozen.hidden_before.max(Some(first_kept));
        }
    }

    /// What is to be done next so that memory and the number of files stay within their bounds. `newest`: the
    /// chunk up to which the index knows everything. Call it when all is accepted.
    pub(crate) fn next_task(&mut self, newest: Seq) -> Option<Task> {
        let mut crowded = self.runs.values().filter(|runs| runs.len() > URGENT_RUNS);
        // At the bound of memory the smaller work comes first: it is all that the commits wait for.
        if !self.is_full()
            && let Some(runs) = crowded.find_map(|runs| to_merge(runs))
        {
            return Some(Task::Merge(runs));
        }
        if self.frozen.is_none() && self.is_due() {
            let table = Arc::new(self.hot.take());
            self.frozen = Some(Frozen { table, through: newest, hidden_before: None });
        }
        if let Some(frozen) = &self.frozen {
            return Some(Task::Seal(Arc::clone(&frozen.table)));
        }
        self.runs.values().find_map(|runs| to_merge(runs)).or_else(|| to_close(&self.runs)).map(Task::Merge)
    }

    /// There are so many ids in memory that it is time for files.
    pub(crate) fn is_due(&self) -> bool {
        self.frozen.is_some() || self.hot.len() >= self.hot_ids
    }

    /// No more ids fit before what is under way has ended.
    pub(crate) fn is_full(&self) -> bool {
        self.hot.len() >= self.hot_ids * 2
    }

    /// Which of the made files are of use; not those of days that were forgotten meanwhile.
    pub(crate) fn is_wanted(&self, made: &Made, run: &Run) -> bool {
        if made.is_sealed() {
            let hidden_before = self.frozen.as_ref().and_then(|frozen| frozen.hidden_before);
            return hidden_before.is_none_or(|first| run.facts.day >= first);
        }
        let number = |run: &Arc<Run>| run.facts.number;
        let present = self.runs.get(&run.facts.day).map(Vec::as_slice).unwrap_or_default();
        made.replaced.iter().all(|old| present.iter().any(|run| number(run) == number(old)))
    }

    /// The chunk up to which all ids are in files once what is under way is adopted.
    pub(crate) fn sealed_through(&self) -> Option<Seq> {
        self.frozen.as_ref().map(|frozen| frozen.through)
    }

    /// Uses the files instead of what they were made of. Only what is wanted, and only when the database names it.
    pub(crate) fn adopt(&mut self, made: Made) {
        let is_replaced = |run: &Arc<Run>| made.replaced.iter().any(|old| Arc::ptr_eq(old, run));
        for runs in self.runs.values_mut() {
            runs.retain(|run| !is_replaced(run));
        }
        if made.is_sealed() {
            self.frozen = None;
        }
        for run in made.runs {
            self.runs.entry(run.facts.day).or_default().push(run);
        }
    }

    /// Makes another number of ids in memory enough for a file.
    #[cfg(feature = "testing")]
    pub(crate) fn set_hot_ids(&mut self, hot_ids: usize) {
        self.hot_ids = hot_ids.max(1);
    }

    /// Remembered (id, content) pairs of all days. What was filled in from the journal may count twice.
    pub(crate) fn len(&self) -> u64 {
        let frozen = self.frozen.as_ref().map_or(0, |frozen| frozen.table.len());
        let in_files: u64 = self.runs.values().flatten().map(|run| run.facts.entries).sum();
        (self.hot.len() + frozen) as u64 + in_files
    }

    /// Of all days, how many files there are.
    pub(crate) fn files(&self) -> usize {
        self.runs.values().map(Vec::len).sum()
    }

    /// Decides by what is known of the settled ones and by the hot ones, which the record then joins.
    fn decide(&mut self, probe: &Probe, day: Day) -> RecordMark {
        let Probe { seen, hash, mut found, .. } = *probe;
        self.hot.look_up(&seen, hash, day, &mut found);
        if !found.in_its_day {
            self.hot.insert(seen, hash, day);
        }
        match found {
            Found { in_its_day: true, .. } | Found { on_another_day: true, .. } => RecordMark::Duplicate,
            Found { other_content: true, .. } => RecordMark::Revision,
            _ => RecordMark::New,
        }
    }

    /// Looks into everything that no longer changes. The day itself comes first: what is in it is decided, and what
    /// is on any other day then needs no further look.
    fn look_up_settled(&self, day: Day, probes: &mut [Probe]) -> Result<()> {
        if let Some(Frozen { table, hidden_before, .. }) = &self.frozen {
            for Probe { seen, hash, found, .. } in &mut *probes {
                table.look_up(seen, *hash, day, *hidden_before, found);
            }
        }
        let mut open: Vec<usize> = (0..probes.len()).filter(|&at| !probes[at].found.in_its_day).collect();
        // In the order in which filters and files lie: neighbours share a page of memory, and sometimes a block.
        open.sort_unstable_by_key(|&at| probes[at].hash);
        let mut page = Page::default();
        let mut hits = Vec::new();
        let others = self.runs.iter().rev().filter(|(other, _)| **other != day);
        for (run_day, runs) in self.runs.get_key_value(&day).into_iter().chain(others) {
            if *run_day != day {
                open.retain(|&at| !probes[at].found.on_another_day);
            }
            for run in runs {
                run.fetch_ahead(open.iter().map(|&at| &probes[at].bits));
                hits.resize(open.len(), 0);
                let mut count = 0;
                // Without a branch, which would be guessed wrong at each hit: the next waits for memory would begin anew.
                for &at in &open {
                    hits[count] = at;
                    count += usize::from(run.may_have(&probes[at].bits));
                }
                for &at in &hits[..count] {
                    let Probe { seen, hash, found, .. } = &mut probes[at];
                    run.look_up(seen, *hash, day, &mut page, found)?;
                }
                if count > 0 {
                    open.retain(|&at| !probes[at].found.in_its_day);
                }
            }
        }
        Ok(())
    }
}

impl Probe {
    fn of(seen: Seen) -> Self {
        let hash = seen.hash();
        Self { seen, hash, bits: Bits::of(hash), found: Found::default() }
    }
}
