//! Grouped commits: what waits together is made durable together, with one wait for the disk.

use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::core::Core;
use super::errors::Result;
use crate::JournalError;

/// Most operations in one transaction.
const GROUP_OPERATIONS: usize = 128;
/// No further operation joins a transaction that holds this many bytes.
const GROUP_BYTES: usize = 32 << 20;

/// A group that takes longer is worth a word in the log.
const SLOW_COMMIT: Duration = Duration::from_secs(10);

/// One operation with the way back to its caller.
pub(super) trait Job: Send {
    /// Runs inside the transaction.
    fn run(&mut self, core: &mut Core) -> Result<()>;
    /// Tells the caller; `failure` when the transaction was not committed.
    fn answer(self: Box<Self>, failure: Option<&JournalError>);
    /// About how much it writes.
    fn cost_bytes(&self) -> usize;
}

/// An operation made of a closure.
pub(super) struct Call<T, F> {
    pub(super) work: Option<F>,
    pub(super) result: Option<Result<T>>,
    pub(super) reply: oneshot::Sender<Result<T>>,
    pub(super) cost_bytes: usize,
    /// Its share of the queue, given back when it is answered.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut Core) -> Result<T> + Send,
{
    fn run(&mut self, core: &mut Core) -> Result<()> {
        let result = match self.work.take() {
            Some(work) => work(core),
            None => Err(JournalError::failed("an operation was run twice")),
        };
        let outcome = result.as_ref().map(|_| ()).map_err(Clone::clone);
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, failure: Option<&JournalError>) {
        let result = match (self.result, failure) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(failure)) => Err(failure.clone()),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(JournalError::failed("an operation was not run")),
        };
        // The caller may have gone; the operation stands all the same.
        let _ = self.reply.send(result);
    }

    fn cost_bytes(&self) -> usize {
        self.cost_bytes
    }
}

/// The writer thread: takes what waits, commits it, answers; ends when all senders are gone.
pub(super) fn write_until_closed(mut core: Core, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = queue.blocking_recv() {
        let mut bytes = first.cost_bytes();
        let mut group = vec![first];
        while group.len() < GROUP_OPERATIONS && bytes < GROUP_BYTES {
            let Ok(job) = queue.try_recv() else { break };
            bytes += job.cost_bytes();
            group.push(job);
        }
        run_group(&mut core, group);
    }
    core.close();
}

/// Runs the jobs in one transaction and answers them when it is durable, or has failed.
pub(super) fn run_group(core: &mut Core, mut jobs: Vec<Box<dyn Job>>) {
    let before = core.before();
    let started = core.clock.monotonic();
    let failure = commit_together(core, &mut jobs).err();
    note_slowness(core.clock.monotonic().saturating_sub(started), jobs.len());
    if failure.is_some() {
        if !core.conn.is_autocommit()
            && let Err(error) = core.conn.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a journal transaction could not be rolled back");
        }
        core.roll_back_to(&before);
    } else {
        core.publish();
    }
    for job in jobs {
        job.answer(failure.as_ref());
    }
    core.tend_log();
    core.tend_ids();
}

fn note_slowness(took: Duration, operations: usize) {
    if took > SLOW_COMMIT {
        tracing::warn!(?took, operations, "the journal's disk is slow");
    }
}

fn commit_together(core: &mut Core, jobs: &mut [Box<dyn Job>]) -> Result<()> {
    core.file.check()?;
    execute(core, "BEGIN IMMEDIATE")?;
    match jobs {
        // What fails alone takes back the transaction with it; a savepoint would copy each page that it changes.
        [alone] => alone.run(core)?,
        many => many.iter_mut().try_for_each(|job| run_one(core, job.as_mut()))?,
    }
    execute(core, "COMMIT")
}

/// A failing job takes back only itself, unless SQLite gave up the whole transaction with it.
fn run_one(core: &mut Core, job: &mut dyn Job) -> Result<()> {
    let before = core.before();
    execute(core, "SAVEPOINT operation")?;
    if let Err(error) = job.run(core) {
        core.roll_back_to(&before);
        if core.conn.is_autocommit() {
            return Err(error);
        }
        execute(core, "ROLLBACK TO operation")?;
    }
    execute(core, "RELEASE operation")
}

fn execute(core: &Core, sql: &str) -> Result<()> {
    core.conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
