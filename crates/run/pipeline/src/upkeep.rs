//! Upkeep: forget what every reader has, check the sums. Idempotent, without input.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use trailhound_env::Clock;
use trailhound_journal::{Journal, JournalError};
use trailhound_model::{OutputName, Timestamp, days};

use crate::board::Board;
use crate::fleet::panic_words;
use crate::sums::SumsCheck;

/// How long records are kept for an output that is no longer configured: as long as Microsoft keeps them.
const KEEP_FOR_REMOVED_OUTPUT: Duration = days(7);
/// Most steps of forgetting in a row; the rest waits a minute.
const FORGET_STEPS: u32 = 1_000;

/// Runs for ever, in rounds. `outputs`: those that are configured.
pub(crate) async fn upkeep(
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    board: Board,
    outputs: BTreeSet<OutputName>,
    every: Duration,
) {
    let mut sums = SumsCheck::default();
    loop {
        clock.sleep(every).await;
        let round = AssertUnwindSafe(once(journal.as_ref(), &board, &outputs, &mut sums, clock.now()));
        if let Err(panic) = round.catch_unwind().await {
            let what = panic_words(panic.as_ref());
            tracing::error!(what, "upkeep died; this is a defect in trailhound, please report it");
        }
    }
}

async fn once(
    journal: &dyn Journal,
    board: &Board,
    outputs: &BTreeSet<OutputName>,
    sums: &mut SumsCheck,
    now: Timestamp,
) {
    if let Err(error) = tend_readers(journal, outputs, now).await {
        tracing::warn!(%error, hint = error.kind.hint(), "the readers of removed outputs were not looked at");
    }
    if let Err(error) = forget(journal, now).await {
        board.journal_failed(&error, now);
        tracing::debug!(%error, "upkeep of the journal failed");
    }
    if let Err(error) = sums.round(journal, board).await {
        tracing::warn!(%error, hint = error.kind.hint(), "the sums could not be checked");
    }
}

/// Forgets step by step, so that commits come in between.
async fn forget(journal: &dyn Journal, now: Timestamp) -> Result<(), JournalError> {
    for _ in 0..FORGET_STEPS {
        if journal.forget(now).await? == 0 {
            break;
        }
    }
    Ok(())
}

/// An output that was taken out of the configuration holds the journal's payload. It may have been a
/// mistake, so its place is kept for some days, with a warning; then it goes.
pub async fn tend_readers(
    journal: &dyn Journal,
    outputs: &BTreeSet<OutputName>,
    now: Timestamp,
) -> Result<(), JournalError> {
    for (name, _) in journal.readers().await? {
        let control = format!("removed-output/{name}");
        let known = journal.control(&control).await?;
        let version = known.as_ref().map(|(version, _)| *version);
        let since = known.and_then(|(_, text)| Timestamp::parse(&text).ok());
        match (outputs.contains(&name), since) {
            (true, Some(_)) => drop(journal.set_control(&control, version, "").await?),
            (false, None) => {
                let until = now + KEEP_FOR_REMOVED_OUTPUT;
                tracing::warn!(output = %name, %until, "this output is no longer configured; records are kept for it until then");
                journal.set_control(&control, version, &now.to_string()).await?;
            }
            (false, Some(since)) if now.since(since) > KEEP_FOR_REMOVED_OUTPUT => {
                tracing::warn!(output = %name, "this output was removed from the configuration a week ago: its place is forgotten");
                journal.drop_reader(&name).await?;
                journal.set_control(&control, version, "").await?;
            }
            (true, None) | (false, Some(_)) => {}
        }
    }
    Ok(())
}
