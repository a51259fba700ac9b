//! The whole path in one function: streams into the journal, the journal into the outputs.
//!
//! ```text
//! Microsoft ── StreamDriver (list, fetch) ──▶ JOURNAL ──▶ Delivery ──▶ output     one task each
//!                                     commit 1 ┘             └ commit 2
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use trailhound_env::{Clock, Entropy};
use trailhound_journal::{Journal, JournalError, StreamReport};
use trailhound_ledger::{BudgetLimits, Limits};
use trailhound_model::{Delta, GapReason, InstanceName, OutputName, StreamKey, StreamName, Timestamp};
use trailhound_outputs::Output;

use crate::board::Board;
use crate::delivery::{Delivery, DeliveryEnd, DeliveryError};
use crate::fleet::Fleet;
use crate::governor::Governor;
use crate::pace::Pace;
use crate::quota::{QuotaKey, QuotaView};
use crate::source::{Source, SourceError};
use crate::stop::Stop;
use crate::stream::{COMMIT_ROOM_KIB, StreamContext};
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
    /// Whose quota its requests count against: instances with equal keys share a budget.
    pub quota: QuotaKey,
    /// The request budget; of instances that share one, the strictest counts.
    pub budget: BudgetLimits,
}

/// What a run works with and towards.
pub struct Plant {
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for jitter.
    pub entropy: Arc<dyn Entropy>,
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
    let governors = governors(&plant);
    let pace = Arc::new(Pace::default());
    let mut outputs = JoinSet::new();
    let mut names = HashMap::new();
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
        names.insert(outputs.spawn(async move { delivery.run(stop).await }).id(), name);
    }

    let mut streams = Fleet::new(mode);
    let mut chances = second_chances(&plant.journal.report().await?, plant.clock.now(), &plant.limits);
    let permits = Arc::new(Semaphore::new(MAX_FETCHES_IN_FLIGHT));
    let commit_room = Arc::new(Semaphore::new(COMMIT_ROOM_KIB as usize));
    for instance in plant.instances {
        let mut limits = plant.limits.clone();
        limits.poll_every = instance.poll_every.unwrap_or(limits.poll_every);
        let governor = &governors[&instance.quota];
        for stream in instance.streams {
            let key = StreamKey { instance: instance.name.clone(), stream };
            let context = StreamContext {
                id: plant.journal.register(&key).await?,
                key,
                source: Arc::clone(&instance.source),
                journal: Arc::clone(&plant.journal),
                clock: Arc::clone(&plant.clock),
                governor: governor.seat(),
                permits: Arc::clone(&permits),
                pace: Arc::clone(&pace),
                commit_room: Arc::clone(&commit_room),
                board: plant.board.clone(),
                limits: limits.clone(),
            };
            let reopened = chances.remove(&context.key).unwrap_or_default();
            if !reopened.is_empty() {
                context.record(reopened).await?;
            }
            let facts = context.journal.load(context.id).await?;
            streams.start(context, instance.start, facts, stop);
        }
    }

    let mut aside = JoinSet::new();
    aside.spawn(upkeep(plant.journal, plant.clock, plant.board, configured));

    let mut failures = streams.ended(stop).await;
    drain.send_replace(true);
    while let Some(ended) = outputs.join_next_with_id().await {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Some(name) = names.remove(&id) else { continue };
        let error = match ended {
            Ok((_, DeliveryEnd::Failed(error))) => error,
            Err(error) if error.is_panic() => DeliveryError::Died(error.to_string()),
            Ok(_) | Err(_) => continue,
        };
        let (what, hint) = (error.to_string(), error.hint().to_owned());
        failures.push(Failure { place: Place::Output(name), what, hint, source: None });
    }
    Ok(failures)
}

/// One budget per quota, shown on the board.
fn governors(plant: &Plant) -> BTreeMap<QuotaKey, Arc<Governor>> {
    let mut budgets: BTreeMap<QuotaKey, BudgetLimits> = BTreeMap::new();
    for instance in &plant.instances {
        let budget = instance.budget.clone();
        let shared = budgets.remove(&instance.quota).map_or(budget.clone(), |other| other.stricter(budget));
        budgets.insert(instance.quota.clone(), shared);
    }
    let governor = |(key, budget): (QuotaKey, BudgetLimits)| {
        let (clock, entropy) = (Arc::clone(&plant.clock), Arc::clone(&plant.entropy));
        let governor = Governor::new(key.clone(), budget, clock, entropy);
        plant.board.watch_quota(key.clone(), Arc::clone(&governor) as Arc<dyn QuotaView>);
        (key, governor)
    };
    budgets.into_iter().map(governor).collect()
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
