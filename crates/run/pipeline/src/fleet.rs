//! The streams of a run: one task each, started again should its driver die.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::task::{Id, JoinError, JoinSet};
use trailhound_ledger::Goal;
use trailhound_model::{Span, SpanSet, StreamFacts, StreamKey, Timestamp, minutes, seconds};

use crate::board::StreamPhase;
use crate::stop::Stop;
use crate::stream::{JobError, StreamContext, StreamDriver, StreamEnd};
use crate::wire::{Failure, Mode, Place};

/// Longest wait before a dead driver is started again.
const LONGEST_WAIT: Duration = minutes(15);
/// A driver that lived so long begins with the shortest wait again.
const LONG_LIFE: Duration = minutes(30);

/// The tasks of all streams.
pub(crate) struct Fleet {
    mode: Mode,
    tasks: JoinSet<StreamEnd>,
    keys: HashMap<Id, StreamKey>,
}

impl Fleet {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, tasks: JoinSet::new(), keys: HashMap::new() }
    }

    /// Drives one more stream. `start`: its configured collection start; `delay`: how long it waits before.
    pub(crate) fn start(
        &mut self,
        context: StreamContext,
        start: Option<Timestamp>,
        facts: StreamFacts,
        delay: Duration,
        stop: &Stop,
    ) {
        let key = context.key.clone();
        let keeper =
            Keeper { context: Arc::new(context), mode: self.mode, start, stop: stop.clone(), deaths: 0 };
        let id = self.tasks.spawn(keeper.keep(facts, delay)).id();
        self.keys.insert(id, key);
    }

    /// Waits for the end of all streams; answers which of them a single collection could not complete.
    pub(crate) async fn ended(mut self, stop: &Stop) -> Vec<Failure> {
        let mut failures = Vec::new();
        while let Some(ended) = self.tasks.join_next_with_id().await {
            let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
            let Some(key) = self.keys.remove(&id) else { continue };
            match ended {
                Ok((_, StreamEnd::Failed(error))) => failures.push(failure(key, error)),
                Err(error) if error.is_panic() => {
                    // The keeper itself: nobody would start the stream again, so nothing may go on without it.
                    tracing::error!(stream = %key, %error, "a stream is lost; everything stops");
                    failures.push(failure(key, JobError::Died(error.to_string())));
                    stop.stop();
                }
                Ok((_, StreamEnd::Stopped | StreamEnd::Finished)) | Err(_) => {}
            }
        }
        failures
    }
}

/// Keeps one stream driven.
struct Keeper {
    context: Arc<StreamContext>,
    mode: Mode,
    start: Option<Timestamp>,
    stop: Stop,
    deaths: u32,
}

impl Keeper {
    async fn keep(mut self, facts: StreamFacts, delay: Duration) -> StreamEnd {
        if !delay.is_zero() {
            tokio::select! {
                biased;
                () = self.stop.stopped() => return StreamEnd::Stopped,
                () = self.context.clock.sleep(delay) => {}
            }
        }
        let mut facts = Some(facts);
        loop {
            let began = self.context.clock.monotonic();
            let driven = AssertUnwindSafe(self.drive(facts.take())).catch_unwind().await;
            let error = match driven {
                Ok(Ok(end)) => return end,
                Ok(Err(error)) => error,
                Err(panic) => JobError::Died(panic_words(panic.as_ref())),
            };
            if self.mode != Mode::Follow {
                return StreamEnd::Failed(error);
            }
            if self.context.clock.monotonic().saturating_sub(began) > LONG_LIFE {
                self.deaths = 0;
            }
            let wait = (seconds(1) * (1 << self.deaths.min(12))).min(LONGEST_WAIT);
            self.deaths += 1;
            self.show(&error, wait);
            tokio::select! {
                biased;
                () = self.stop.stopped() => return StreamEnd::Stopped,
                () = self.context.clock.sleep(wait) => {}
            }
        }
    }

    /// One life of a driver; what a dead one had in memory is read again from the journal.
    async fn drive(&self, facts: Option<StreamFacts>) -> Result<StreamEnd, JobError> {
        let facts = match facts {
            Some(facts) => facts,
            None => self.context.journal.load(self.context.id).await?,
        };
        let driver = StreamDriver::new(Arc::clone(&self.context), self.goal(), facts);
        Ok(driver.drive(self.stop.clone()).await)
    }

    fn goal(&self) -> Goal {
        match self.mode {
            Mode::Follow => Goal::Follow { start: self.start },
            Mode::Once { since, until } => {
                let (now, limits) = (self.context.now(), &self.context.limits);
                let reachable = trailhound_ledger::earliest_valid(now, limits) + limits.slack;
                let to = until.unwrap_or(now).min(now);
                let from = since.or(self.start).unwrap_or(reachable).min(to);
                Goal::Once { span: Span { from, to }, done: SpanSet::new() }
            }
        }
    }

    fn show(&self, error: &JobError, wait: Duration) {
        let (key, hint) = (&self.context.key, error.hint());
        tracing::error!(stream = %key, %error, hint, ?wait, "the stream is started again");
        self.context.series.source_failure(key, "defect");
        let seen = (self.context.clock.now(), error.to_string(), hint.to_owned());
        self.context.board.stream(key, |status| {
            status.phase = StreamPhase::Retrying;
            status.last_error = Some(seen);
            status.in_flight = 0;
        });
    }
}

/// What a panic said, as far as it is text.
pub(crate) fn panic_words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".to_owned())
}

fn failure(key: StreamKey, error: JobError) -> Failure {
    let place = Place::Stream(key);
    match error {
        JobError::Source(error) => {
            Failure { place, what: error.what.clone(), hint: error.hint.clone(), source: Some(error) }
        }
        JobError::Journal(_) | JobError::Died(_) => {
            Failure { place, what: error.to_string(), hint: error.hint().to_owned(), source: None }
        }
    }
}
