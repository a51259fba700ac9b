//! The whole path in one function: streams into the journal, the journal into the outputs.
//!
//! ```text
//! Microsoft ── StreamDriver (list, fetch) ──▶ JOURNAL ──▶ Delivery ──▶ output     one task each
//!                                     commit 1 ┘             └ commit 2
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use trailhound_env::Clock;
use trailhound_journal::{Journal, JournalError, StreamReport};
use trailhound_ledger::{BudgetLimits, Goal, Limits};
use trailhound_model::{
    Delta, GapReason, InstanceName, OutputName, Span, SpanSet, StreamKey, StreamName, Timestamp,
};
use trailhound_outputs::Output;

use crate::board::Board;
use crate::delivery::{Delivery, DeliveryEnd};
use crate::governor::Governor;
use crate::pace::Pace;
use crate::source::{Source, SourceError};
use crate::stop::Stop;
use crate::stream::{COMMIT_ROOM_KIB, JobError, StreamContext, StreamDriver, StreamEnd};
use crate::upkeep::upkeep;

/// Fetches under way at once in the process. With [`trailhound_model::CHUNK_BYTES`] it bounds what blobs
/// in flight can hold (promise M1).
const MAX_FETCHES_IN_FLIGHT: usize = 16;

/// One application instance, ready to be driven.
pub struct Instance {
    /// Its name.
    pub name: InstanceName,
    /// Where its records come from.
    pub source: Arc<dyn Source>,
    /// Its streams.
    pub streams: Vec<StreamName>,
    /// The configured collection start.
    pub start: Option<Timestamp>,
    /// How often the newest content is asked for; `None`: as the limits say.
    pub poll_every: Option<std::time::Duration>,
    /// The request budget.
    pub budget: BudgetLimits,
}

/// What a run works with and towards.
pub struct Plant {
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where progress is shown.
    pub board: Board,
    /// The instances.
    pub instances: Vec<Instance>,
    /// The outputs.
    pub outputs: Vec<Box<dyn Output>>,
    /// Planning limits.
    pub limits: Limits,
}

/// A stream or an output that a single collection could not complete.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Which stream or output.
    pub place: Place,
    /// What happened.
    pub what: String,
    /// What a person can do.
    pub hint: String,
    /// The source's own error, when it was one.
    pub source: Option<SourceError>,
}

/// Where a failure happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A stream of an instance.
    Stream(StreamKey),
    /// An output.
    Output(OutputName),
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Go on until stopped.
    Follow,
    /// Everything in a span (`None`: all that Microsoft still has), to every output, then end.
    Once {
        /// First moment; default: as far back as can be had.
        since: Option<Timestamp>,
        /// End; default: now.
        until: Option<Timestamp>,
    },
}

/// Runs the path until it is stopped or, for a single collection, done. Failures are of the latter only.
pub async fn run(plant: Plant, mode: Mode, stop: &Stop) -> Result<Vec<Failure>, JournalError> {
    let (drain, draining) = watch::channel(false);
    let once = mode != Mode::Follow;

    let configured = plant.outputs.iter().map(|output| output.name().clone()).collect();
    let pace = Arc::new(Pace::default());
    let mut outputs = JoinSet::new();
    for output in plant.outputs {
        let name = output.name().clone();
        let delivery = Delivery {
            output,
            journal: Arc::clone(&plant.journal),
            clock: Arc::clone(&plant.clock),
            board: plant.board.clone(),
            pace: Arc::clone(&pace),
            drain: draining.clone(),
            once,
        };
        let stop = stop.clone();
        outputs.spawn(async move { (name, delivery.run(stop).await) });
    }

    let mut streams = JoinSet::new();
    let mut chances = second_chances(&plant.journal.report().await?, plant.clock.now(), &plant.limits);
    let permits = Arc::new(Semaphore::new(MAX_FETCHES_IN_FLIGHT));
    let commit_room = Arc::new(Semaphore::new(COMMIT_ROOM_KIB as usize));
    for instance in plant.instances {
        let mut limits = plant.limits.clone();
        limits.poll_every = instance.poll_every.unwrap_or(limits.poll_every);
        let governor = Arc::new(Governor::new(instance.budget.clone(), Arc::clone(&plant.clock)));
        for stream in instance.streams {
            let key = StreamKey { instance: instance.name.clone(), stream };
            let context = StreamContext {
                id: plant.journal.register(&key).await?,
                key,
                source: Arc::clone(&instance.source),
                journal: Arc::clone(&plant.journal),
                clock: Arc::clone(&plant.clock),
                governor: Arc::clone(&governor),
                permits: Arc::clone(&permits),
                pace: Arc::clone(&pace),
                commit_room: Arc::clone(&commit_room),
                board: plant.board.clone(),
                limits: limits.clone(),
            };
            let reopened = chances.remove(&context.key).unwrap_or_default();
            let driver = ready(context, reopened, mode, instance.start).await?;
            let (key, stop) = (driver.key().clone(), stop.clone());
            streams.spawn(async move { (key, driver.drive(stop).await) });
        }
    }

    let mut aside = JoinSet::new();
    aside.spawn(upkeep(plant.journal, plant.clock, plant.board, configured));

    let mut failures = Vec::new();
    while let Some(ended) = streams.join_next().await {
        if let Ok((key, StreamEnd::Failed(error))) = ended {
            failures.push(stream_failure(key, error));
        }
    }
    drain.send_replace(true);
    while let Some(ended) = outputs.join_next().await {
        if let Ok((name, DeliveryEnd::Failed(error))) = ended {
            let (what, hint) = (error.to_string(), error.hint().to_owned());
            failures.push(Failure { place: Place::Output(name), what, hint, source: None });
        }
    }
    Ok(failures)
}

/// A driver with its facts loaded.
async fn ready(
    context: StreamContext,
    reopened: Vec<Delta>,
    mode: Mode,
    start: Option<Timestamp>,
) -> Result<StreamDriver, JournalError> {
    let now = context.now();
    if !reopened.is_empty() {
        context.record(reopened).await?;
    }
    let facts = context.journal.load(context.id).await?;
    let goal = match mode {
        Mode::Follow => Goal::Follow { start },
        Mode::Once { since, until } => {
            let limits = &context.limits;
            let reachable = trailhound_ledger::earliest_valid(now, limits) + limits.slack;
            let to = until.unwrap_or(now).min(now);
            let from = since.or(start).unwrap_or(reachable).min(to);
            Goal::Once { span: Span { from, to }, done: SpanSet::new() }
        }
    };
    Ok(StreamDriver::new(Arc::new(context), goal, facts))
}

/// A restart is a new chance for blobs that failed too often and can still be had: which they are.
fn second_chances(
    reports: &[StreamReport],
    now: Timestamp,
    limits: &Limits,
) -> BTreeMap<StreamKey, Vec<Delta>> {
    let reach = now - limits.reach;
    let chance = |report: &StreamReport| {
        let poisoned = report
            .gaps
            .iter()
            .filter(|gap| matches!(gap.reason, GapReason::Poison(_)) && reach < gap.span.from);
        poisoned
            .filter_map(|gap| gap.content_id.clone())
            .map(|content_id| Delta::Reopened { content_id, at: now })
            .collect::<Vec<_>>()
    };
    reports.iter().map(|report| (report.key.clone(), chance(report))).collect()
}

fn stream_failure(key: StreamKey, error: JobError) -> Failure {
    let place = Place::Stream(key);
    match error {
        JobError::Source(error) => {
            Failure { place, what: error.what.clone(), hint: error.hint.clone(), source: Some(error) }
        }
        JobError::Journal(error) => {
            Failure { place, what: error.to_string(), hint: error.kind.hint().to_owned(), source: None }
        }
    }
}
