//! Carrying an order out on a stream's ledger: in the journal, and in the facts that mirror it.

use trailhound_journal::{BlobChoice, BlobPlace, BlobRow, Journal, JournalError, StreamId};
use trailhound_ledger::{Limits, apply, hasten, reopen, rewind};
use trailhound_model::{ContentId, Delta, StreamFacts, StreamKey, Timestamp};

use super::changes::Entry;
use super::{Done, MAX_REFUSED_NAMED, Order, Refused, Wish};

/// Deltas of one durable step.
const STEP_DELTAS: usize = 1_000;

/// On what, when.
pub(crate) struct Work<'a> {
    pub(crate) journal: &'a dyn Journal,
    pub(crate) key: &'a StreamKey,
    pub(crate) id: StreamId,
    pub(crate) now: Timestamp,
    pub(crate) limits: &'a Limits,
}

/// Carries the order out; each step is durable before the facts follow. The record of changes has its entry
/// before the first step and the outcome after the last. When it fails, the facts must be loaded again.
pub(crate) async fn carry_out(
    work: &Work<'_>,
    facts: &mut StreamFacts,
    order: &Order,
) -> Result<Done, JournalError> {
    let mut change = Change { work, facts, order, entry: None, done: Done::default() };
    match &order.wish {
        Wish::Rewind { to } => change.rewind(*to).await?,
        Wish::Retry { blobs } if blobs.is_empty() => {
            change.hasten(&[]).await?;
            change.reopen_all(None).await?;
        }
        Wish::Retry { blobs } => change.retry_these(blobs).await?,
    }
    change.finish().await
}

struct Change<'a> {
    work: &'a Work<'a>,
    facts: &'a mut StreamFacts,
    order: &'a Order,
    entry: Option<Entry>,
    done: Done,
}

impl Change<'_> {
    async fn rewind(&mut self, to: Timestamp) -> Result<(), JournalError> {
        let plan = rewind(self.work.now, self.facts, to, self.work.limits);
        (self.done.again, self.done.lost, self.done.horizon) = (plan.again, plan.lost, plan.horizon);
        self.record(plan.deltas).await?;
        self.reopen_all(Some(to)).await
    }

    async fn hasten(&mut self, only: &[ContentId]) -> Result<(), JournalError> {
        let deltas = hasten(self.work.now, self.facts, only);
        for step in deltas.chunks(STEP_DELTAS) {
            self.record(step.to_vec()).await?;
            self.done.hastened += step.len() as u64;
        }
        Ok(())
    }

    /// Every gap row of a blob that can still be had; `since`: of blobs created from then on.
    async fn reopen_all(&mut self, since: Option<Timestamp>) -> Result<(), JournalError> {
        let mut after = None;
        loop {
            let page = self.work.journal.blobs(self.work.id, BlobChoice::GivenUp { after }).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.blob.content_id.clone());
            let chosen = page.into_iter().filter(|row| since.is_none_or(|since| since <= row.blob.created));
            self.reopen(chosen.collect()).await?;
        }
    }

    async fn retry_these(&mut self, ids: &[ContentId]) -> Result<(), JournalError> {
        let rows = self.work.journal.blobs(self.work.id, BlobChoice::These(ids.to_vec())).await?;
        let is_known = |id: &ContentId| rows.iter().any(|row| row.blob.content_id == *id);
        self.done.unknown = ids.iter().filter(|id| !is_known(id)).cloned().collect();
        let mut given_up = Vec::new();
        let mut pending = Vec::new();
        for row in rows {
            let now = self.work.now;
            match row.place {
                BlobPlace::Gap => given_up.push(row),
                BlobPlace::Journalled => self.refuse(&row, "it is in the journal already"),
                BlobPlace::Pending => match self.facts.pending.get(&row.blob.content_id) {
                    Some(known) if now < known.next_try => pending.push(row.blob.content_id),
                    _ => self.refuse(&row, "it is about to be fetched anyway"),
                },
            }
        }
        if !pending.is_empty() {
            self.hasten(&pending).await?;
        }
        self.reopen(given_up).await
    }

    async fn reopen(&mut self, rows: Vec<BlobRow>) -> Result<(), JournalError> {
        let mut deltas = Vec::new();
        for row in rows {
            if self.work.now < row.blob.expires {
                deltas.push(Delta::Reopened { content_id: row.blob.content_id, at: self.work.now });
            } else {
                self.refuse(&row, &format!("Microsoft kept it until {}", row.blob.expires));
            }
        }
        self.done.reopened += self.record(deltas).await?;
        Ok(())
    }

    /// Answers how many blobs left their gap row.
    async fn record(&mut self, deltas: Vec<Delta>) -> Result<u64, JournalError> {
        if deltas.is_empty() {
            return Ok(0);
        }
        if self.entry.is_none() {
            self.entry = Some(Entry::begin(self.work, self.order).await?);
        }
        let applied = self.work.journal.record(self.work.id, deltas.clone()).await?;
        for delta in &deltas {
            apply(self.facts, delta);
        }
        let reopened = applied.reopened.len() as u64;
        reopen(self.facts, applied.reopened);
        Ok(reopened)
    }

    fn refuse(&mut self, row: &BlobRow, why: &str) {
        self.done.refused_blobs += 1;
        if self.done.refused.len() < MAX_REFUSED_NAMED {
            let content_id = row.blob.content_id.clone();
            self.done.refused.push(Refused { content_id, why: why.to_owned() });
        }
    }

    async fn finish(self) -> Result<Done, JournalError> {
        if let Some(entry) = self.entry {
            let done = &self.done;
            tracing::info!(
                stream = %self.work.key, who = self.order.who, reopened = done.reopened, hastened = done.hastened,
                listed_again = ?done.again, "changed by hand"
            );
            entry.end(self.work.journal, done).await?;
        }
        Ok(self.done)
    }
}
