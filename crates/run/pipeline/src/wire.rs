//! The whole path in one function: streams into the journal, the journal into the outputs.
//!
//! ```text
//! Microsoft ── StreamDriver (list, fetch) ──▶ JOURNAL ──▶ Delivery ──▶ output     one task each
//!                                     commit 1 ┘             └ commit 2
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use trailhound_env::{Clock, Entropy};
use trailhound_journal::{Journal, JournalError};
use trailhound_ledger::{BudgetLimits, Limits};
use trailhound_model::{InstanceName, OutputName, StreamKey, StreamName, Timestamp};
use trailhound_outputs::Output;

use crate::board::Board;
use crate::by_hand::Controls;
use crate::delivery::{BATCH_BYTES, ChangesToday, Delivery, DeliveryEnd, DeliveryError, Probe};
use crate::health;
use crate::launch::Launch;
use crate::pace::Pace;
use crate::quiet::Quiet;
use crate::quota::QuotaKey;
use crate::source::{Source, SourceError};
use crate::stop::Stop;
use crate::telemetry::Detail;
use crate::upkeep::upkeep;

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
    /// The way for orders by hand.
    pub controls: Controls,
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
    let upkeep_every = plant.limits.upkeep_every;
    let detail = Detail::for_streams(plant.instances.iter().map(|instance| instance.streams.len()).sum());
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
            detail,
            untold: Vec::new(),
            changes_today: ChangesToday::default(),
            attempted_bytes: BATCH_BYTES,
            once,
            probe: Probe::default(),
        };
        let stop = stop.clone();
        names.insert(outputs.spawn(async move { delivery.run(stop).await }).id(), name);
    }

    let mut aside = JoinSet::new();
    let quiet = if once {
        Quiet::direct(Arc::clone(&plant.journal))
    } else {
        let (quiet, work) = Quiet::gathered(Arc::clone(&plant.journal), Arc::clone(&plant.clock));
        aside.spawn(work);
        quiet
    };
    let launch = Launch {
        journal: Arc::clone(&plant.journal),
        clock: Arc::clone(&plant.clock),
        entropy: plant.entropy,
        board: plant.board.clone(),
        limits: plant.limits,
        mode,
        pace,
        quiet,
        detail,
        controls: plant.controls,
    };
    let sources: Vec<_> = plant
        .instances
        .iter()
        .map(|instance| (instance.name.clone(), Arc::clone(&instance.source), instance.quota.clone()))
        .collect();
    let (streams, _open_to_orders) = launch.streams(plant.instances, stop).await?;
    if !once {
        aside.spawn(health::watch(health::Watched {
            board: plant.board.clone(),
            journal: Arc::clone(&plant.journal),
            clock: Arc::clone(&plant.clock),
            sources,
            detail,
        }));
    }
    aside.spawn(upkeep(plant.journal, plant.clock, plant.board, configured, upkeep_every));

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
