//! One plan while it runs: from its start to its stop.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};
use trailhound_journal::JournalError;
use trailhound_pipeline::Stop;
use trailhound_pipeline::board::{Board, Snapshot, StreamStatus};
use trailhound_pipeline::site::Surroundings;
use trailhound_pipeline::wire::{self, Failure as PlaceFailure, Mode, Plant};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::signals::{Asked, Signals};

/// How long work under way may take to end; the whole process shall end within 10 s.
const STOP_GRACE: Duration = Duration::from_secs(6);

/// Instances that have a line of their own in the log, each minute.
const MAX_LINES: usize = 20;

type Ended = Result<Result<Vec<PlaceFailure>, JournalError>, JoinError>;

pub(crate) struct Generation {
    running: JoinHandle<Result<Vec<PlaceFailure>, JournalError>>,
    stop: Stop,
    board: Board,
    started: Duration,
    clock: std::sync::Arc<dyn trailhound_env::Clock>,
}

impl Generation {
    /// Starts the pipeline.
    pub(crate) fn start(plant: Plant, board: Board, around: &Surroundings) -> Self {
        let stop = Stop::new();
        let stopped = stop.clone();
        let clock = std::sync::Arc::clone(&around.clock);
        let running = tokio::spawn(async move { wire::run(plant, Mode::Follow, &stopped).await });
        Self { running, stop, board, started: clock.monotonic(), clock }
    }

    /// Waits for an end that nobody asked for.
    pub(crate) async fn ended(&mut self) -> Failure {
        match (&mut self.running).await {
            Ok(Err(error)) => error.into(),
            Ok(Ok(_)) => Failure::new(Exit::Failed, "the pipeline ended by itself", "please report the log"),
            Err(error) => {
                Failure::new(Exit::Failed, format!("the pipeline failed: {error}"), "please report the log")
            }
        }
    }

    /// Stops the pipeline; a second signal, or time, stops it at once. Nothing durable is lost either way.
    pub(crate) async fn stop(mut self, signals: &mut Signals, around: &Surroundings) -> Result<(), Failure> {
        self.stop.stop();
        let deadline = around.clock.sleep(STOP_GRACE);
        tokio::pin!(deadline);
        let ended: Ended = loop {
            tokio::select! {
                ended = &mut self.running => break ended,
                () = &mut deadline => {
                    tracing::warn!(seconds = STOP_GRACE.as_secs(), "work under way did not end in time; it is dropped");
                    self.running.abort();
                    break (&mut self.running).await;
                }
                asked = signals.next() => if asked == Asked::Stop {
                    self.running.abort();
                    break (&mut self.running).await;
                },
            }
        };
        self.log_numbers();
        match ended {
            Ok(Err(error)) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// One line for each instance, or for all together when they are many; one for each output.
    pub(crate) fn log_numbers(&self) {
        let running_seconds = self.clock.monotonic().saturating_sub(self.started).as_secs();
        let (instances, outputs) = self.board.read(sums);
        if instances.len() > MAX_LINES {
            let mut all = StreamStatus::default();
            let worst = instances.iter().max_by_key(|(_, sum)| sum.lag_millis);
            let slowest =
                worst.filter(|(_, sum)| sum.lag_millis.is_some()).map(|(application, _)| application);
            for sum in instances.values() {
                add(&mut all, sum);
            }
            log_sum(&format!("all {}", instances.len()), &all, running_seconds);
            tracing::debug!(slowest, "the application with the longest lag");
        } else {
            for (application, sum) in &instances {
                log_sum(application, sum, running_seconds);
            }
        }
        for (output, delivered, backlog_chunks, error) in outputs {
            tracing::info!(output, running_seconds, delivered, backlog_chunks, error, "numbers");
        }
    }
}

type OutputNumbers = (String, u64, u64, Option<String>);

/// By instance and by output.
fn sums(board: &Snapshot) -> (BTreeMap<String, StreamStatus>, Vec<OutputNumbers>) {
    let mut instances: BTreeMap<String, StreamStatus> = BTreeMap::new();
    for (key, status) in &board.streams {
        if let Some(sum) = instances.get_mut(key.instance.as_str()) {
            add(sum, status);
        } else {
            add(instances.entry(key.instance.to_string()).or_default(), status);
        }
    }
    let outputs = board.outputs.iter().map(|(output, status)| {
        let delivered: u64 = status.counts.values().map(|counts| counts.delivered).sum();
        let error = status.error.as_ref().map(|(_, what, _)| what.clone());
        (output.to_string(), delivered, status.backlog_chunks, error)
    });
    (instances, outputs.collect())
}

fn add(sum: &mut StreamStatus, status: &StreamStatus) {
    sum.listed_blobs += status.listed_blobs;
    sum.fetched_blobs += status.fetched_blobs;
    sum.gap_blobs += status.gap_blobs;
    sum.pending_blobs += status.pending_blobs;
    sum.raw_bytes += status.raw_bytes;
    sum.records += status.records;
    sum.lag_millis = sum.lag_millis.max(status.lag_millis);
}

fn log_sum(application: &str, sum: &StreamStatus, running_seconds: u64) {
    tracing::info!(
        application,
        running_seconds,
        listed_blobs = sum.listed_blobs,
        fetched_blobs = sum.fetched_blobs,
        pending_blobs = sum.pending_blobs,
        gap_blobs = sum.gap_blobs,
        records = sum.records.fetched,
        duplicates = sum.records.duplicates,
        bytes = sum.raw_bytes,
        lag_seconds = sum.lag_millis.map(|millis| millis / 1_000),
        "numbers"
    );
}
