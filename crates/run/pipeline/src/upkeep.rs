//! Upkeep: forget what every reader has, check the sums. Idempotent, without input.

use std::sync::Arc;

use trailhound_env::Clock;
use trailhound_journal::{Journal, JournalError, StreamReport};
use trailhound_model::{minutes, promises};

use crate::board::Board;
use crate::telemetry;

/// Runs for ever: once a minute.
pub(crate) async fn upkeep(journal: Arc<dyn Journal>, clock: Arc<dyn Clock>, board: Board) {
    loop {
        clock.sleep(minutes(1)).await;
        if let Err(error) = journal.forget(clock.now()).await {
            tracing::warn!(%error, hint = error.kind.hint(), "upkeep of the journal failed");
        }
        if let Err(error) = check_sums(journal.as_ref(), &board).await {
            tracing::warn!(%error, hint = error.kind.hint(), "the sums could not be checked");
        }
    }
}

/// Checks promise L5 and raises an alarm for each stream that breaks it. Answers what is broken.
pub async fn check_sums(journal: &dyn Journal, board: &Board) -> Result<Vec<String>, JournalError> {
    let broken: Vec<String> = journal.report().await?.iter().filter_map(imbalance).collect();
    for what in &broken {
        tracing::error!(what, "promise L5 is broken; this is a defect in trailhound, please report it");
        board.alarm(what.clone());
    }
    telemetry::broken_promises(broken.len());
    Ok(broken)
}

/// How the sums of a stream fail to balance; `None` when they do. Readers may lag behind, never run ahead.
pub fn imbalance(report: &StreamReport) -> Option<String> {
    let counts = &report.counts;
    if !promises::blobs_balance(&counts.blobs) {
        let blobs = &counts.blobs;
        return Some(format!(
            "L5 of {}: {} blobs listed, but {} journalled + {} in gaps + {} pending",
            report.key, blobs.listed, blobs.journalled, blobs.gap, blobs.pending
        ));
    }
    report.deliveries.iter().find(|(_, done)| done.done() > counts.records.deliverable()).map(
        |(reader, done)| {
            format!(
                "L5 of {}: output {reader} is done with {} records, but only {} were to be delivered",
                report.key,
                done.done(),
                counts.records.deliverable()
            )
        },
    )
}
