//! Plays a workload on a disk where things go wrong, and compares what is there with an undisturbed run.

use std::fmt::Write;
use std::sync::Arc;

use trailhound_journal::{Journal, JournalConfig, JournalError, Mode, SqliteJournal, StreamId};
use trailhound_model::{ContentHash, Seq, promises::blobs_balance};
use trailhound_sim_disk::SimDisk;

use crate::power::workload::Step;
use crate::support::{FixedClock, START};

/// A play that does not come to its end in this many attempts will never.
const MAX_FAILURES: u32 = 50;

/// So few that ids go into files all the time.
const IDS_IN_MEMORY: usize = 4;

/// A workload, and what must be seen of the journal before the first and after each step.
pub(crate) struct Play {
    pub(crate) mode: Mode,
    pub(crate) steps: Vec<Step>,
    pub(crate) expected: Vec<String>,
    /// Writes and syncs of the undisturbed run.
    pub(crate) writes: u64,
    pub(crate) syncs: u64,
    /// Most bytes on the disk in the undisturbed run.
    pub(crate) peak_bytes: u64,
}

/// The world around the journal: what goes on there when a call fails.
pub(crate) trait World {
    /// Says whether the process has ended.
    fn failed(&mut self, disk: &SimDisk, error: &JournalError) -> Result<Process, String>;

    /// The process that met the failure has ended.
    fn ended(&mut self, _: &SimDisk) {}
}

impl<F: FnMut(&SimDisk, &JournalError) -> Result<Process, String>> World for F {
    fn failed(&mut self, disk: &SimDisk, error: &JournalError) -> Result<Process, String> {
        self(disk, error)
    }
}

/// Nothing but this goes on there.
impl World for Process {
    fn failed(&mut self, _: &SimDisk, _: &JournalError) -> Result<Process, String> {
        Ok(*self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    /// The journal is opened anew; what failed may have happened.
    Ended,
    /// The same journal is used on; what failed may have happened.
    GoesOn,
    /// The same journal is used on; what failed has not happened.
    GoesOnUnchanged,
}

impl Play {
    /// Plays the steps undisturbed, on a disk of its own.
    pub(crate) async fn new(mode: Mode, steps: Vec<Step>) -> Self {
        let disk = SimDisk::new(0);
        let mut journal = open(&disk, mode).unwrap();
        let mut expected = vec![seen(&journal).await.unwrap()];
        let mut peak_bytes = 0;
        for step in &steps {
            step.run(&journal).await.unwrap();
            peak_bytes = peak_bytes.max(disk.used_bytes());
            if matches!(step, Step::Restart) {
                drop(journal);
                journal = open(&disk, mode).unwrap();
            }
            expected.push(seen(&journal).await.unwrap());
        }
        Self { mode, steps, expected, writes: disk.writes(), syncs: disk.syncs(), peak_bytes }
    }

    /// Plays the steps on `disk` until all are done. At the very end the disk is well again and loses
    /// power once. Counts failures.
    pub(crate) async fn survive(&self, disk: &SimDisk, world: &mut dyn World) -> Result<u32, String> {
        let (mut failures, mut done, mut may_be_done) = (0, 0, false);
        let mut journal: Option<SqliteJournal> = None;
        while done < self.steps.len() {
            let outcome = match &journal {
                None => match open(disk, self.mode) {
                    Ok(opened) => {
                        self.check(&opened, done, may_be_done).await?;
                        journal = Some(opened);
                        continue;
                    }
                    Err(error) => Err(error),
                },
                Some(open) => self.step(open, done, &mut may_be_done).await,
            };
            match outcome {
                Ok(()) if matches!(self.steps[done], Step::Restart) => {
                    journal = None;
                    done += 1;
                }
                Ok(()) => done += 1,
                Err(error) => {
                    failures += 1;
                    if failures > MAX_FAILURES {
                        return Err(format!("after step {done} it never ends: {error}"));
                    }
                    let process = world.failed(disk, &error)?;
                    may_be_done |= journal.is_some() && process != Process::GoesOnUnchanged;
                    match &journal {
                        Some(open) if process != Process::Ended => {
                            self.check(open, done, may_be_done).await?;
                        }
                        _ => {
                            journal = None;
                            world.ended(disk);
                        }
                    }
                }
            }
        }
        disk.set_capacity_bytes(u64::MAX);
        disk.work_again();
        disk.power_loss();
        drop(journal);
        let journal = open(disk, self.mode).map_err(|error| format!("not opened at the end: {error}"))?;
        self.check(&journal, done, false).await?;
        Ok(failures)
    }

    /// Runs a step. One that was seen done must say so when it is repeated, and the other way round.
    async fn step(
        &self,
        journal: &SqliteJournal,
        number: usize,
        may_be_done: &mut bool,
    ) -> Result<(), JournalError> {
        let was_done = *may_be_done && seen(journal).await? == self.expected[number + 1];
        let changes = self.expected[number] != self.expected[number + 1];
        let repeated = self.steps[number].run(journal).await?;
        if let Some(repeated) = repeated
            && changes
        {
            assert_eq!(repeated, was_done, "step {number} was repeated: {:?}", self.steps[number]);
        }
        *may_be_done = false;
        Ok(())
    }

    /// Everything acknowledged is there, nothing is there by half.
    async fn check(&self, journal: &SqliteJournal, done: usize, may_be_done: bool) -> Result<(), String> {
        let seen = seen(journal).await.map_err(|error| format!("after step {done}: {error}"))?;
        let fits = seen == self.expected[done] || may_be_done && seen == self.expected[done + 1];
        if fits {
            return Ok(());
        }
        let step = format!("{:?}", self.steps.get(done));
        let both = self.expected[done].lines().zip(seen.lines());
        let Some((expected, there)) = both.into_iter().find(|(expected, there)| expected != there) else {
            return Err(format!("after step {done} (next {step:.200}) lines are missing or too many"));
        };
        Err(format!(
            "after step {done} (next {step:.200})\nexpected {expected:.3000}\nthere is {there:.3000}"
        ))
    }
}

/// Opens the journal of the disk as a new process does.
pub(crate) fn open(disk: &SimDisk, mode: Mode) -> Result<SqliteJournal, JournalError> {
    let config = JournalConfig {
        mode,
        storage: disk.storage(),
        cache_bytes: 0,
        ids_in_memory: IDS_IN_MEMORY,
        ..JournalConfig::new("/var/trailhound")
    };
    SqliteJournal::open(config, Arc::new(FixedClock(START)))
}

/// All that can be seen of a journal, as text; its sums are checked (promise L5).
async fn seen(journal: &SqliteJournal) -> Result<String, JournalError> {
    let mut text = String::new();
    let reports = journal.report().await?;
    for (number, report) in (1..).zip(&reports) {
        let recounted = journal.recount(StreamId(number)).await?;
        if recounted != report.counts.blobs || !blobs_balance(&recounted) {
            writeln!(text, "the sums do not agree: {recounted:?}").unwrap();
        }
        let facts = journal.load(StreamId(number)).await?;
        writeln!(text, "{report:?}\n{facts:?}").unwrap();
    }
    writeln!(text, "{:?}\n{:?}", journal.readers().await?, journal.newest().borrow()).unwrap();
    for key in ["mode", "k"] {
        writeln!(text, "{:?}", journal.control(key).await?).unwrap();
    }
    for chunk in journal.read(Seq(0), usize::MAX).await? {
        let bytes = ContentHash::of(&chunk.raw);
        writeln!(text, "{:?} {:?} {bytes:?} {:?}", chunk.seq, chunk.content_id, chunk.records).unwrap();
    }
    Ok(text)
}
