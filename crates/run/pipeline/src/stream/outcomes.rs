//! What the driver makes of ended jobs: progress, another attempt, a gap row, or giving up.

use std::sync::atomic::Ordering;

use tokio::task::{Id, JoinError};
use trailhound_journal::JournalError;
use trailhound_ledger::{FetchFailure, Lane, Verdict, judge_failure};
use trailhound_model::{ContentId, Delta, Timestamp, minutes, seconds};

use super::context::JobError;
use super::driver::{Job, JobEnd, StreamDriver};
use super::fetching::Fetched;
use super::subscribing::Subscribed;
use crate::board::StreamPhase;
use crate::health::Call;
use crate::source::{Reaction, SourceError};

/// A single collection gives up on a stream that has only failed for this long.
const ONCE_PATIENCE: std::time::Duration = minutes(10);
/// A single collection gives up after this many failures of the journal in a row.
const ONCE_JOURNAL_FAILURES: u32 = 4;

/// Refusals in a row that are taken for the tenant's answer once calls have succeeded.
const REFUSALS_FOR_GOOD: u32 = 4;

impl StreamDriver {
    pub(super) async fn job_ended(&mut self, ended: Result<(Id, JobEnd), JoinError>) {
        match ended {
            Ok((id, end)) => {
                self.kinds.remove(&id);
                match end {
                    JobEnd::Subscribe(result) => self.subscribe_ended(result),
                    JobEnd::List(lane, result) => self.list_ended(lane, result),
                    JobEnd::Fetch(id, result) => self.fetch_ended(id, result).await,
                }
            }
            Err(error) => self.job_died(&error).await,
        }
    }

    /// A defect in one job must not end the stream: it counts as a failure of what the job was for.
    async fn job_died(&mut self, error: &JoinError) {
        let Some(job) = self.kinds.remove(&error.id()) else { return };
        tracing::error!(stream = %self.context.key, %error, "a job died; this is a defect in trailhound, please report it");
        let failure = died();
        match job {
            Job::Subscribe => self.subscribe_ended(Err(failure.into())),
            Job::List(lane) => self.list_ended(lane, Err(failure.into())),
            Job::Fetch(id) => self.fetch_ended(id, Err(failure.into())).await,
        }
    }

    fn subscribe_ended(&mut self, result: Result<Subscribed, JobError>) {
        self.subscription.running = false;
        self.apply_what_jobs_told();
        match result {
            Ok(subscribed) => {
                self.subscription.enabled = subscribed.enabled;
                self.subscription.refused = false;
                self.subscription.look_again = subscribed.look_again;
                if subscribed.enabled {
                    self.succeeded(Call::Subscribe);
                } else if self.is_once() {
                    self.fatal = Some(JobError::Source(subscription_off(
                        subscribed.look_again,
                        subscribed.last_refusal,
                    )));
                }
            }
            Err(error) => {
                let wait = self.failed(Call::Subscribe, error);
                self.subscription.look_again = wait;
                // A start that seemed to fail may have been done: what was known before it does not tell.
                self.subscription.anew = true;
            }
        }
    }

    /// Empties the queue, and drops it when no job is left that could fill it.
    pub(super) fn apply_what_jobs_told(&mut self) {
        while let Some(Ok(delta)) = self.deltas.as_mut().map(|(_, queue)| queue.try_recv()) {
            self.apply(&delta);
        }
        if !self.live.running && !self.back.running && !self.subscription.running {
            self.deltas = None;
        }
    }

    fn list_ended(&mut self, lane: Lane, result: Result<(), JobError>) {
        self.lane(lane).running = false;
        self.apply_what_jobs_told();
        match result {
            Ok(()) => self.succeeded(Call::List),
            Err(error) => {
                let wait = self.failed(Call::List, error);
                self.lane(lane).not_before = wait;
            }
        }
    }

    async fn fetch_ended(&mut self, id: ContentId, result: Result<Fetched, JobError>) {
        self.in_flight.remove(&id);
        match result {
            Ok(fetched) => self.fetched(id, &fetched),
            Err(JobError::Source(error)) => self.fetch_failed(&id, error).await,
            Err(error) => self.fetch_not_before = self.failed(Call::Fetch, error),
        }
    }

    fn fetched(&mut self, id: ContentId, fetched: &Fetched) {
        self.journal_is_well();
        let Some(pending) = self.facts.pending.get(&id) else { return };
        let now = self.context.now();
        let created = pending.blob.created;
        let found_at = pending.found_at;
        // What is older than this run is history that is caught up on, and says nothing of the lag.
        let lag_millis = (self.started <= created).then(|| now.as_millis() - created.as_millis());
        let Fetched { committed, wire_bytes } = *fetched;
        self.context.series.blob_journalled(&committed.counts, committed.bytes, wire_bytes, lag_millis);
        self.context.board.stream(&self.context.key, |status| {
            status.fetched_blobs += 1;
            status.records += committed.counts;
            status.raw_bytes += committed.bytes;
            status.wire_bytes += wire_bytes;
            status.newest_blob = status.newest_blob.max(Some(created));
            status.lag_millis = lag_millis.or(status.lag_millis);
            status.watch.journalled(created, found_at, committed.counts.fetched);
        });
        let (counts, bytes) = (committed.counts, committed.bytes);
        self.apply(&Delta::Journalled { content_id: id, counts, bytes, at: now });
        self.succeeded(Call::Fetch);
    }

    async fn fetch_failed(&mut self, id: &ContentId, error: SourceError) {
        let failure = match error.reaction {
            Reaction::BlobExpired => FetchFailure::Expired,
            Reaction::BlobRefused => FetchFailure::AgainstBlob,
            Reaction::Retry
                if error.is_on_the_way() || self.context.listings_fail.load(Ordering::Relaxed) =>
            {
                FetchFailure::OnTheWay
            }
            Reaction::Retry | Reaction::RestartWindow => FetchFailure::Service,
            _ => {
                self.fetch_not_before = self.failed(Call::Fetch, error.into());
                return;
            }
        };
        let Some(pending) = self.facts.pending.get(id) else { return };
        let now = self.context.now();
        let told = format!("{}: {}", error.code, error.what);
        match judge_failure(now, pending, &self.facts, failure, &told, &self.context.limits) {
            Verdict::Hold => {
                // Nothing else may be going on that could show the service well: look.
                self.subscription.look_again = now;
                self.subscription.anew = true;
                self.fetch_not_before = self.failed(Call::Fetch, error.into());
            }
            Verdict::Record(delta) => {
                tracing::debug!(stream = %self.context.key, blob = %id, code = error.code, error = %error, "fetch failed");
                self.context.series.source_failure(&self.context.key, &error.code);
                if let Err(error) = self.record(vec![delta]).await {
                    self.fetch_not_before = self.journal_failed(error);
                }
            }
        }
    }

    fn succeeded(&mut self, call: Call) {
        self.failures_in_a_row = 0;
        self.failing_since = None;
        self.has_succeeded = true;
        let now = self.context.now();
        self.facts.last_success = self.facts.last_success.max(Some(now));
        let is_idle = self.facts.pending.is_empty();
        self.context.board.stream(&self.context.key, |status| {
            let nothing_yet = status.fetched_blobs == 0 && status.newest_blob.is_none();
            status.phase = if nothing_yet { StreamPhase::WaitingForFirstData } else { StreamPhase::Ok };
            status.last_success = Some(now);
            status.watch.succeeded(call, now, is_idle);
        });
    }

    /// Notes a failure; answers when to try again.
    fn failed(&mut self, call: Call, error: JobError) -> Timestamp {
        match error {
            JobError::Journal(error) => self.journal_failed(error),
            JobError::Source(error) => self.source_failed(call, error),
            JobError::Died(_) => self.source_failed(call, died()),
        }
    }

    fn source_failed(&mut self, call: Call, error: SourceError) -> Timestamp {
        let now = self.context.now();
        self.context.series.source_failure(&self.context.key, &error.code);
        self.failures_in_a_row += 1;
        let since = *self.failing_since.get_or_insert(now);
        let doubling = 1 << (self.failures_in_a_row - 1).min(12);
        let (phase, wait) = match error.reaction {
            // How long to keep still, the governor knows.
            Reaction::Throttled => (StreamPhase::Throttled, seconds(1)),
            Reaction::StartSubscription => {
                self.subscription.refused = true;
                self.subscription.look_again = now;
                (StreamPhase::Retrying, seconds(5))
            }
            // One refusal among successes may be a hiccup of the service; it refuses again if it is not.
            reaction if reaction.needs_a_person() && !self.is_refused_for_good() => {
                (StreamPhase::Retrying, seconds(2))
            }
            reaction if reaction.needs_a_person() => {
                (StreamPhase::Failed(reaction), (minutes(1) * doubling).min(minutes(15)))
            }
            _ => {
                let asked = error.retry_after.unwrap_or_default();
                // No longer: each minute not asked may be one that reaches Microsoft's seven days unread.
                (StreamPhase::Retrying, (seconds(1) * doubling).min(minutes(1)).max(asked))
            }
        };
        self.context.board.stream(&self.context.key, |status| {
            status.phase = phase;
            status.last_error = Some((now, error.what.clone(), error.hint.clone()));
            status.watch.failed(call, now, &error);
        });
        let hopeless = (error.reaction.needs_a_person() && self.is_refused_for_good())
            || (now.since(since) > ONCE_PATIENCE && error.reaction != Reaction::Throttled);
        let key = &self.context.key;
        if self.is_once() && hopeless {
            // Whoever waits for the collection is told at its end.
            tracing::debug!(stream = %key, code = error.code, error = %error, "given up");
            self.fatal = Some(JobError::Source(error));
        } else if phase == StreamPhase::Retrying {
            tracing::info!(stream = %key, code = error.code, error = %error, "failed, trying again");
        } else {
            tracing::warn!(stream = %key, code = error.code, error = %error, hint = error.hint, "failed");
        }
        now + wait
    }

    /// Nothing has ever worked, or the last calls have all failed.
    fn is_refused_for_good(&self) -> bool {
        !self.has_succeeded || self.failures_in_a_row >= REFUSALS_FOR_GOOD
    }

    pub(super) fn journal_failed(&mut self, error: JournalError) -> Timestamp {
        self.journal_failures += 1;
        tracing::debug!(stream = %self.context.key, error = %error, "journal failed");
        self.context.board.journal_failed(&error, self.context.clock.now());
        let wait = seconds(1) * (1 << self.journal_failures.min(5));
        if self.is_once() && self.journal_failures >= ONCE_JOURNAL_FAILURES {
            self.fatal = Some(JobError::Journal(error));
        }
        let until = self.context.now() + wait;
        self.fetch_not_before = until;
        self.live.not_before = until;
        self.back.not_before = until;
        self.reload_at = Some(until);
        until
    }

    /// A journal call went through.
    pub(super) fn journal_is_well(&mut self) {
        self.journal_failures = 0;
        self.context.board.journal_works(self.context.clock.now());
    }
}

fn died() -> SourceError {
    SourceError {
        reaction: Reaction::Retry,
        code: "defect".to_owned(),
        what: "finish a job, since it died".to_owned(),
        hint: "please report this with the log".to_owned(),
        link: "",
        retry_after: None,
    }
}

fn subscription_off(until: Timestamp, last_refusal: Option<(String, String)>) -> SourceError {
    let again = format!("run the command again after {until}");
    let (what, hint) = match last_refusal {
        Some((what, hint)) => (
            format!("{what} (the last start; Microsoft takes one in 15 minutes)"),
            format!("{hint}; then {again}"),
        ),
        None => (
            "list content: the subscription is off, and Microsoft takes one start request in 15 minutes"
                .to_owned(),
            again,
        ),
    };
    SourceError {
        reaction: Reaction::StartSubscription,
        code: "start limit".to_owned(),
        what,
        hint,
        link: "",
        retry_after: None,
    }
}
