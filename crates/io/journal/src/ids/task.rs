//! How runs come to be: from the table in memory, or from several runs of one day. Bounded work beside the commits;
//! nothing of it counts before the database names the files.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use trailhound_env::WholeFiles;

use super::Result;
use super::day::Day;
use super::hot::Table;
use super::merge::merge;
use super::run::Run;
use super::run_format::file_name;
use super::run_writer::RunWriter;
use super::seen::Seen;
use crate::{JournalError, JournalErrorKind};

/// Entries between two looks whether to stop.
const STOP_EVERY: u64 = 16_384;

/// Where runs are made.
#[derive(Clone)]
pub(crate) struct Workshop {
    pub(crate) files: Arc<dyn WholeFiles>,
    next_number: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
}

/// One piece of work.
pub(crate) enum Task {
    /// Files of all days in the table.
    Seal(Arc<Table>),
    /// One file of several of one day.
    Merge(Vec<Arc<Run>>),
}

/// Files that are whole and durable, but not named by the database.
pub(crate) struct Made {
    pub(crate) runs: Vec<Arc<Run>>,
    /// The runs whose place they take; none when they were made from memory.
    pub(crate) replaced: Vec<Arc<Run>>,
}

impl Made {
    pub(crate) fn is_sealed(&self) -> bool {
        self.replaced.is_empty()
    }
}

impl Workshop {
    /// `next_number`: larger than that of any file there is.
    pub(crate) fn new(files: Arc<dyn WholeFiles>, next_number: u64) -> Self {
        Self { files, next_number: Arc::new(AtomicU64::new(next_number)), stopping: Arc::default() }
    }

    /// Does the work. After a failure nothing of it is left, as far as the disk allows.
    pub(crate) fn run(&self, task: &Task) -> Result<Made> {
        let mut made = Vec::new();
        let done = match task {
            Task::Seal(table) => self.seal(table, &mut made),
            Task::Merge(runs) => self.merge(runs, &mut made),
        };
        if let Err(error) = done {
            for number in made {
                self.discard(number);
            }
            return Err(error);
        }
        let replaced = match task {
            Task::Seal(_) => Vec::new(),
            Task::Merge(runs) => runs.clone(),
        };
        Ok(Made { runs: done?, replaced })
    }

    /// Removes a file that does not count. One that cannot be removed goes at the next start.
    pub(crate) fn discard(&self, number: u64) {
        if let Err(error) = self.files.remove(&file_name(number)) {
            tracing::warn!(file = file_name(number), %error, "a file of record ids was not removed; the next start will");
        }
    }

    /// Makes work under way end soon, and fail.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn seal(&self, table: &Table, made: &mut Vec<u64>) -> Result<Vec<Arc<Run>>> {
        // The table stays for those who ask meanwhile; its entries are put into order without a second copy of them.
        let mut entries: Vec<(Day, u64, &Seen)> =
            table.iter().map(|kept| (kept.day, kept.seen.hash(), &kept.seen)).collect();
        entries.sort_unstable();
        let of_days = entries.chunk_by(|(a, ..), (b, ..)| a == b);
        of_days
            .map(|entries| {
                let mut run = self.begin(entries[0].0, entries.len() as u64, made)?;
                for (number, (_, hash, seen)) in entries.iter().enumerate() {
                    self.check_stop(number as u64)?;
                    run.push(*hash, seen).map_err(|error| write_failed(&error))?;
                }
                self.finish(run)
            })
            .collect()
    }

    fn merge(&self, runs: &[Arc<Run>], made: &mut Vec<u64>) -> Result<Vec<Arc<Run>>> {
        let Some(first) = runs.first() else { return Ok(Vec::new()) };
        let most_entries = runs.iter().map(|run| run.facts.entries).sum();
        let mut run = self.begin(first.facts.day, most_entries, made)?;
        let mut number = 0;
        merge(runs, |hash, seen| {
            self.check_stop(number)?;
            number += 1;
            run.push(hash, seen).map_err(|error| write_failed(&error))
        })?;
        Ok(vec![self.finish(run)?])
    }

    fn begin(&self, day: Day, most_entries: u64, made: &mut Vec<u64>) -> Result<RunWriter> {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        made.push(number);
        RunWriter::begin(&*self.files, number, day, most_entries).map_err(|error| write_failed(&error))
    }

    fn finish(&self, run: RunWriter) -> Result<Arc<Run>> {
        let written = run.finish().map_err(|error| write_failed(&error))?;
        Ok(Arc::new(Run::of(&*self.files, written)?))
    }

    fn check_stop(&self, number: u64) -> Result<()> {
        if number.is_multiple_of(STOP_EVERY) && self.stopping.load(Ordering::Relaxed) {
            return Err(JournalError::new(JournalErrorKind::Failed, "the journal is being closed"));
        }
        Ok(())
    }
}

fn write_failed(error: &io::Error) -> JournalError {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => JournalErrorKind::Full,
        _ => JournalErrorKind::Failed,
    };
    JournalError::new(kind, format!("a file of record ids in `ids`: {error}"))
}
