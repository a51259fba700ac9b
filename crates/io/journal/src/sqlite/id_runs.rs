//! The files of record ids: which count, how new ones come to count, and when old ones go.
//!
//! A file is written whole and made durable first; then one transaction names it and moves `sealed_to`, or takes the
//! files that it replaces out of the list. A crash in between leaves a file that is not named: it goes at start.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::{Connection, params};
use trailhound_env::WholeFiles;
use trailhound_model::{Seq, Timestamp};

use super::core::{Core, checked_index, damaged_index, meta, set_meta};
use super::errors::Result;
use super::rows::number;
use crate::JournalError;
use crate::ids::{Day, DuplicateIndex, Made, Run, RunFacts, Task, Workshop, number_of};

/// Folder of the files, in the data folder.
pub(super) const IDS_FOLDER: &str = "ids";
/// Chunks whose record indexes are read at a time while the index is filled.
const FILL_CHUNKS: i64 = 64;
/// After a failure so many groups are committed before the next attempt, unless memory is at its bound.
const GROUPS_TO_NEXT_ATTEMPT: u32 = 64;

/// The making of files, beside the commits or in the caller.
pub(super) struct IdWorks {
    pub(super) workshop: Workshop,
    in_background: bool,
    job: Option<Job>,
    wait_groups: u32,
    /// Why no more ids can be remembered; commits are refused with it.
    pub(super) blocked: Option<JournalError>,
}

enum Job {
    Done(Result<Made>),
    Running(JoinHandle<Result<Made>>),
}

impl IdWorks {
    /// Removes the files that the database does not name.
    pub(super) fn open(conn: &Connection, files: Arc<dyn WholeFiles>, in_background: bool) -> Result<Self> {
        let failed = |error| JournalError::failed(format!("the folder `{IDS_FOLDER}`: {error}"));
        let named: BTreeSet<u64> = named_runs(conn)?.into_iter().map(|run| run.number).collect();
        let mut last = named.last().copied().unwrap_or(0);
        for name in files.list().map_err(failed)? {
            let Some(number) = number_of(&name) else { continue };
            last = last.max(number);
            if !named.contains(&number) {
                tracing::debug!(file = name, "a file of record ids that does not count is removed");
                files.remove(&name).map_err(failed)?;
            }
        }
        let workshop = Workshop::new(files, last + 1);
        Ok(Self { workshop, in_background, job: None, wait_groups: 0, blocked: None })
    }

    /// Begins a task; in the caller it is done at once.
    fn start(&mut self, task: Task) {
        let workshop = self.workshop.clone();
        if !self.in_background {
            self.job = Some(Job::Done(workshop.run(&task)));
            return;
        }
        let thread = std::thread::Builder::new().name("journal-ids".to_owned());
        self.job = Some(match thread.spawn(move || workshop.run(&task)) {
            Ok(running) => Job::Running(running),
            Err(error) => Job::Done(Err(JournalError::failed(format!("a thread for record ids: {error}")))),
        });
    }

    /// What came of the task; `None` while it is under way, unless `wait`, and when there is none.
    fn take_result(&mut self, wait: bool) -> Option<Result<Made>> {
        match self.job.take()? {
            Job::Done(result) => Some(result),
            Job::Running(running) if wait || running.is_finished() => {
                let panicked = |_| Err(JournalError::failed("the thread for record ids panicked"));
                Some(running.join().unwrap_or_else(panicked))
            }
            running @ Job::Running(_) => {
                self.job = Some(running);
                None
            }
        }
    }
}

impl Core {
    /// Opens the named files, and fills the index with what is not in them yet.
    pub(super) fn fill_index(&mut self) -> Result<()> {
        let first_kept = Timestamp::from_millis(meta(&self.conn, "evicted_before")?);
        for facts in named_runs(&self.conn)? {
            if facts.day >= Day::of(first_kept) {
                self.index.add_run(Run::open(&*self.ids.workshop.files, facts)?);
            }
        }
        let mut after = meta(&self.conn, "sealed_to")?;
        while let Some(last) = remember_chunks(&self.conn, &mut self.index, after, first_kept)? {
            after = last;
            if !self.index.is_due() {
                continue;
            }
            if let Err(error) = self.seal_now(Seq(last.cast_unsigned()))
                && self.index.is_full()
            {
                return Err(error);
            }
        }
        tracing::debug!(ids = self.index.len(), files = self.index.files(), "duplicate index filled");
        Ok(())
    }

    /// After a group: adopts what was made, begins what is due. Waits only when memory is at its bound.
    pub(super) fn tend_ids(&mut self) {
        loop {
            if !self.index.is_full() {
                self.ids.blocked = None;
            }
            if let Some(result) = self.ids.take_result(self.index.is_full()) {
                if let Err(error) = result.and_then(|made| self.adopt(made)) {
                    self.note_failure(error);
                    return;
                }
                self.ids.blocked = None;
            } else if self.ids.job.is_some() {
                return;
            }
            if self.ids.wait_groups > 0 && !self.index.is_full() {
                self.ids.wait_groups -= 1;
                return;
            }
            let Some(task) = self.index.next_task(self.newest) else { return };
            self.ids.start(task);
        }
    }

    /// Ends what is under way; what is made already is kept.
    pub(super) fn close_ids(&mut self) {
        self.ids.workshop.stop();
        if let Some(Err(error)) = self.ids.take_result(true).map(|made| self.adopt(made?)) {
            tracing::debug!(%error, "what was made of record ids was left; it is made again");
        }
    }

    /// Makes files of the ids of all chunks up to `newest` when they are many, here and now.
    fn seal_now(&mut self, newest: Seq) -> Result<()> {
        while let Some(task) = self.index.next_task(newest) {
            let made = self.ids.workshop.run(&task)?;
            self.adopt(made)?;
        }
        Ok(())
    }

    /// Names the files in the database, then uses them.
    fn adopt(&mut self, mut made: Made) -> Result<()> {
        let (wanted, useless) =
            std::mem::take(&mut made.runs).into_iter().partition(|run| self.index.is_wanted(&made, run));
        made.runs = wanted;
        for run in &useless {
            self.ids.workshop.discard(run.facts.number);
        }
        if made.runs.is_empty() && !made.is_sealed() {
            return Ok(());
        }
        self.file.check()?;
        // After a failed commit the files stay where they are: whether it happened is for the next start to see.
        let transaction = self.conn.transaction()?;
        for run in &made.runs {
            insert_run(&transaction, &run.facts)?;
        }
        for run in &made.replaced {
            delete_run(&transaction, run.facts.number)?;
        }
        if let Some(through) = self.index.sealed_through().filter(|_| made.is_sealed()) {
            set_meta(&transaction, "sealed_to", through.0.cast_signed())?;
        }
        transaction.commit()?;
        let replaced: Vec<u64> = made.replaced.iter().map(|run| run.facts.number).collect();
        self.index.adopt(made);
        for number in replaced {
            self.ids.workshop.discard(number);
        }
        Ok(())
    }

    fn note_failure(&mut self, error: JournalError) {
        let hint = error.kind.hint();
        if self.index.is_full() {
            tracing::error!(%error, hint, "record ids cannot be written to files; nothing is committed until they can");
            self.ids.blocked = Some(error);
        } else {
            tracing::warn!(%error, hint, "record ids were not written to files; it is tried again");
        }
        self.ids.wait_groups = GROUPS_TO_NEXT_ATTEMPT;
    }
}

/// Takes the files of days before `first_kept` out of the list. Answers their numbers, whose files may go when the
/// transaction is committed.
pub(super) fn delete_runs_before(conn: &Connection, first_kept: Day) -> Result<Vec<u64>> {
    let mut statement = conn.prepare_cached("DELETE FROM id_run WHERE day < ?1 RETURNING number")?;
    let mut rows = statement.query([first_kept.0])?;
    let mut numbers = Vec::new();
    while let Some(row) = rows.next()? {
        numbers.push(number(row, 0)?);
    }
    Ok(numbers)
}

/// Fills the index with a part of the chunks after `after`; `None` when there are no more.
fn remember_chunks(
    conn: &Connection,
    index: &mut DuplicateIndex,
    after: i64,
    first_kept: Timestamp,
) -> Result<Option<i64>> {
    let mut statement = conn.prepare_cached(
        "SELECT stream, created, raw_bytes, index_checksum, record_index, seq FROM chunk
         WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after, FILL_CHUNKS])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(5)?;
        last = Some(seq);
        let created = Timestamp::from_millis(row.get(1)?);
        if created < first_kept {
            continue;
        }
        let packed = row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?;
        let records = checked_index(packed, row.get(3)?, row.get(2)?).ok_or_else(|| damaged_index(seq))?;
        index.remember(row.get(0)?, Day::of(created), records.into_iter().map(|(entry, _)| entry));
    }
    Ok(last)
}

fn named_runs(conn: &Connection) -> Result<Vec<RunFacts>> {
    let mut statement =
        conn.prepare_cached("SELECT number, day, entries, checksum FROM id_run ORDER BY number")?;
    let mut rows = statement.query([])?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push(RunFacts {
            number: number(row, 0)?,
            day: Day(row.get(1)?),
            entries: number(row, 2)?,
            checksum: number(row, 3)?,
        });
    }
    Ok(runs)
}

fn insert_run(conn: &Connection, run: &RunFacts) -> Result<()> {
    conn.prepare_cached("INSERT INTO id_run (number, day, entries, checksum) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            run.number.cast_signed(),
            run.day.0,
            run.entries.cast_signed(),
            run.checksum.cast_signed()
        ])?;
    Ok(())
}

fn delete_run(conn: &Connection, number: u64) -> Result<()> {
    conn.prepare_cached("DELETE FROM id_run WHERE number = ?1")?.execute([number.cast_signed()])?;
    Ok(())
}
