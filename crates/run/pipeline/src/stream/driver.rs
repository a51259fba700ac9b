//! The driver of a stream: holds its facts, asks the planner, starts jobs, applies what they made durable.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};
use trailhound_journal::JournalError;
use trailhound_ledger::{Goal, LIVE, Lane, Step, apply, next_step, pick_fetches, poll_due};
use trailhound_model::{ContentId, Delta, StreamFacts, Timestamp, minutes};

use super::context::{JobError, StreamContext};
use super::fetching::{Fetched, fetch};
use super::listing::{PAGE_ATTEMPTS, list};
use super::subscribing::{Subscribed, subscribe};
use super::watching;
use crate::stop::Stop;

/// Fetches under way at once in one stream.
const MAX_FETCHES_IN_FLIGHT: usize = 16;
/// Blobs picked ahead, so that a long backlog is not searched for every blob.
const PICK_AHEAD: usize = 32;
/// Deltas that jobs may be ahead of the driver.
const DELTA_QUEUE: usize = 16;

/// How driving a stream ended.
#[derive(Debug)]
pub(crate) enum StreamEnd {
    /// It was told to stop.
    Stopped,
    /// Everything asked for is in the journal or in a gap row.
    Finished,
    /// A single collection could not be completed.
    Failed(JobError),
}

pub(super) enum Job {
    Subscribe,
    List(Lane),
    Fetch(ContentId),
}

pub(super) enum JobEnd {
    Subscribe(Result<Subscribed, JobError>),
    List(Lane, Result<(), JobError>),
    Fetch(ContentId, Result<Fetched, JobError>),
}

#[derive(Default)]
pub(super) struct LaneState {
    pub(super) running: bool,
    done: bool,
    pub(super) not_before: Timestamp,
}

pub(crate) struct StreamDriver {
    pub(super) context: Arc<StreamContext>,
    goal: Goal,
    pub(super) facts: StreamFacts,
    jobs: JoinSet<JobEnd>,
    pub(super) kinds: HashMap<Id, Job>,
    /// From listing jobs to here; only while one is under way, since most streams wait most of the time.
    pub(super) deltas: Option<(mpsc::Sender<Delta>, mpsc::Receiver<Delta>)>,
    shown: Option<(usize, u64)>,
    pub(super) live: LaneState,
    pub(super) back: LaneState,
    pub(super) subscription: SubscriptionState,
    pub(super) picked: VecDeque<ContentId>,
    pub(super) in_flight: BTreeSet<ContentId>,
    pub(super) fetch_not_before: Timestamp,
    pub(super) failures_in_a_row: u32,
    pub(super) journal_failures: u32,
    /// The journal failed: from when on the facts are to be loaded anew.
    pub(super) reload_at: Option<Timestamp>,
    pub(super) failing_since: Option<Timestamp>,
    pub(super) has_succeeded: bool,
    pub(super) started: Timestamp,
    pub(super) fatal: Option<JobError>,
}

#[derive(Default)]
pub(super) struct SubscriptionState {
    pub(super) running: bool,
    pub(super) enabled: bool,
    pub(super) refused: bool,
    /// The next look is to ask Microsoft, whatever another stream was told before.
    pub(super) anew: bool,
    pub(super) look_again: Timestamp,
}

impl StreamDriver {
    pub(crate) fn new(context: Arc<StreamContext>, goal: Goal, facts: StreamFacts) -> Self {
        let started = context.now();
        context.board.stream(&context.key, |status| {
            // What an earlier run listed and did not fetch is work of this one.
            status.pending_blobs = facts.pending.len() as u64;
            let known = status.fetched_blobs + status.gap_blobs + status.pending_blobs;
            status.listed_blobs = status.listed_blobs.max(known);
            watching::begin(&mut status.watch, started, &facts, &context.limits);
        });
        Self {
            context,
            goal,
            facts,
            jobs: JoinSet::new(),
            kinds: HashMap::new(),
            deltas: None,
            shown: None,
            live: LaneState::default(),
            back: LaneState::default(),
            subscription: SubscriptionState::default(),
            picked: VecDeque::new(),
            in_flight: BTreeSet::new(),
            fetch_not_before: Timestamp::default(),
            failures_in_a_row: 0,
            journal_failures: 0,
            reload_at: None,
            failing_since: None,
            has_succeeded: false,
            started,
            fatal: None,
        }
    }

    /// Drives until stopped, finished or (a single collection) hopeless. Dropping it aborts its jobs, which
    /// is safe at any moment.
    pub(crate) async fn drive(mut self, stop: Stop) -> StreamEnd {
        loop {
            let wake = match self.advance().await {
                Ok(wake) => wake,
                Err(error) => self.journal_failed(error),
            };
            if let Some(error) = self.fatal.take() {
                return StreamEnd::Failed(error);
            }
            if self.is_finished() {
                self.context.board.stream(&self.context.key, |status| status.finished = true);
                return StreamEnd::Finished;
            }
            tokio::select! {
                biased;
                () = stop.stopped() => return StreamEnd::Stopped,
                delta = next_delta(&mut self.deltas) => self.apply(&delta),
                letter = self.context.mailbox.next() => self.answer(letter).await,
                Some(ended) = self.jobs.join_next_with_id() => self.job_ended(ended).await,
                () = self.context.sleep_until(wake) => {}
            }
        }
    }

    pub(super) fn is_once(&self) -> bool {
        matches!(self.goal, Goal::Once { .. })
    }

    fn is_finished(&self) -> bool {
        self.is_once()
            && self.back.done
            && self.jobs.is_empty()
            && self.facts.pending.is_empty()
            && self.deltas.as_ref().is_none_or(|(_, queue)| queue.is_empty())
    }

    /// Starts everything that can be started now; answers when to look again.
    async fn advance(&mut self) -> Result<Timestamp, JournalError> {
        let now = self.context.now();
        self.catch_up(now).await?;
        let mut wake = self.reload_at.unwrap_or(now + minutes(15));
        if !self.subscription.running {
            if self.subscription.look_again <= now {
                self.start_subscribe();
            } else {
                wake = wake.min(self.subscription.look_again);
            }
        }
        if self.subscription.enabled {
            for lane in [Lane::Live, Lane::Back] {
                wake = wake.min(self.advance_lane(lane, now).await?);
            }
            wake = wake.min(self.advance_fetches(now).await?);
        }
        Ok(wake)
    }

    async fn advance_lane(&mut self, lane: Lane, now: Timestamp) -> Result<Timestamp, JournalError> {
        let far = now + minutes(15);
        loop {
            let state = self.lane(lane);
            if state.running || state.done {
                return Ok(far);
            }
            if now < state.not_before {
                return Ok(state.not_before);
            }
            match next_step(now, &self.facts, &self.goal, lane, &self.context.limits) {
                Step::Record(deltas) => self.record(deltas).await?,
                Step::List(listing) => {
                    self.lane(lane).running = true;
                    let due = self.due(lane);
                    let (deltas, _) = self.deltas.get_or_insert_with(|| mpsc::channel(DELTA_QUEUE));
                    let (context, deltas) = (Arc::clone(&self.context), deltas.clone());
                    let probe = self.failures_in_a_row >= PAGE_ATTEMPTS;
                    let job = async move {
                        JobEnd::List(lane, list(context, listing, lane, due, probe, deltas).await)
                    };
                    self.kinds.insert(self.jobs.spawn(job).id(), Job::List(lane));
                }
                Step::Wait(until) => return Ok(until),
                Step::Done => self.lane(lane).done = true,
            }
        }
    }

    /// When a live poll that is begun now was due; never before this driver lived.
    fn due(&self, lane: Lane) -> Option<Timestamp> {
        let last = self.facts.sweeps.get(&LIVE).filter(|_| lane == Lane::Live && !self.is_once())?;
        Some(poll_due(*last, &self.context.limits)).filter(|due| self.started <= *due)
    }

    async fn advance_fetches(&mut self, now: Timestamp) -> Result<Timestamp, JournalError> {
        if now < self.fetch_not_before {
            return Ok(self.fetch_not_before);
        }
        let mut wake = now + minutes(15);
        while self.in_flight.len() < MAX_FETCHES_IN_FLIGHT {
            let Some(id) = self.picked.pop_front() else {
                let picked = pick_fetches(now, &self.facts, &self.in_flight, PICK_AHEAD);
                wake = picked.wake.unwrap_or(wake);
                self.record(picked.expired).await?;
                self.picked = picked.fetch.into();
                if self.picked.is_empty() {
                    break;
                }
                continue;
            };
            self.start_fetch(id);
        }
        self.show_backlog();
        Ok(wake)
    }

    fn start_fetch(&mut self, id: ContentId) {
        let Some(pending) = self.facts.pending.get(&id) else { return };
        let (context, blob) = (Arc::clone(&self.context), pending.blob.clone());
        let name = id.clone();
        let job = async move { JobEnd::Fetch(name, fetch(context, blob).await) };
        self.kinds.insert(self.jobs.spawn(job).id(), Job::Fetch(id.clone()));
        self.in_flight.insert(id);
    }

    fn start_subscribe(&mut self) {
        self.subscription.running = true;
        let (context, facts) = (Arc::clone(&self.context), self.facts_of_subscription());
        let refused = self.subscription.refused;
        let anew = std::mem::take(&mut self.subscription.anew);
        let (deltas, _) = self.deltas.get_or_insert_with(|| mpsc::channel(DELTA_QUEUE));
        let deltas = deltas.clone();
        let job = async move { JobEnd::Subscribe(subscribe(context, facts, refused, anew, deltas).await) };
        self.kinds.insert(self.jobs.spawn(job).id(), Job::Subscribe);
    }

    /// The facts without the pending blobs, which the subscription does not concern.
    fn facts_of_subscription(&self) -> StreamFacts {
        StreamFacts {
            horizon: self.facts.horizon,
            covered: self.facts.covered.clone(),
            subscribed_at: self.facts.subscribed_at,
            start_sent_at: self.facts.start_sent_at,
            ..StreamFacts::default()
        }
    }

    pub(super) async fn record(&mut self, deltas: Vec<Delta>) -> Result<(), JournalError> {
        if deltas.is_empty() {
            return Ok(());
        }
        self.context.record(deltas.clone()).await?;
        self.journal_is_well();
        for delta in &deltas {
            self.apply(delta);
        }
        Ok(())
    }

    /// Applies what is durable.
    pub(super) fn apply(&mut self, delta: &Delta) {
        apply(&mut self.facts, delta);
        self.watch_delta(delta);
        match delta {
            Delta::Listed { span, .. } => {
                if let Goal::Once { done, .. } = &mut self.goal {
                    done.insert(*span);
                }
            }
            Delta::Gap(gap) => {
                self.context.series.gap(&self.context.key, gap.reason.word());
                tracing::warn!(
                    stream = %self.context.key, from = %gap.span.from, to = %gap.span.to, reason = %gap.reason,
                    blob = gap.content_id.as_ref().map(ToString::to_string), "gap recorded"
                );
                if gap.content_id.is_some() {
                    self.context.board.stream(&self.context.key, |status| status.gap_blobs += 1);
                }
            }
            _ => {}
        }
    }

    fn show_backlog(&mut self) {
        let (pending, in_flight) = (self.facts.pending.len(), self.in_flight.len() as u64);
        let before = self.shown.replace((pending, in_flight));
        if before == self.shown {
            return;
        }
        self.context.series.pending(pending, before.map_or(0, |(pending, _)| pending));
        self.context.board.stream(&self.context.key, |status| {
            status.pending_blobs = pending as u64;
            status.in_flight = in_flight;
        });
    }

    pub(super) fn lane(&mut self, lane: Lane) -> &mut LaneState {
        match lane {
            Lane::Live => &mut self.live,
            Lane::Back => &mut self.back,
        }
    }
}

impl Drop for StreamDriver {
    /// What waits is no longer counted as waiting here; the next driver counts it again.
    fn drop(&mut self) {
        if let Some((pending, _)) = self.shown {
            self.context.series.pending(0, pending);
        }
    }
}

/// The next delta of a listing under way; never, while there is none.
pub(super) async fn next_delta(deltas: &mut Option<(mpsc::Sender<Delta>, mpsc::Receiver<Delta>)>) -> Delta {
    if let Some((_, queue)) = deltas
        && let Some(delta) = queue.recv().await
    {
        return delta;
    }
    std::future::pending().await
}
