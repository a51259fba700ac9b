//! From when on a published blob must be accounted for.

use std::time::Duration;

use trailhound_ledger::Limits;
use trailhound_model::{Timestamp, hours, minutes};
use trailhound_sim_microsoft::TruthBlob;

use super::Evidence;
use crate::scenario::Mode;

/// Until a blob that never works is set aside.
const PATIENCE_FOLLOW: Duration = hours(5);

impl Evidence<'_> {
    /// Whether the blob must be delivered, or in a gap row, at the end of the run.
    pub(super) fn is_due(&self, blob: &TruthBlob) -> bool {
        match self.scenario.mode {
            // A window's end may cut a blob whose rows go on beyond it; the rest belongs to the next window.
            Mode::Once => blob.visible + minutes(6) <= self.end.at,
            Mode::Follow => {
                let Some(found) = found_within(blob) else { return false };
                let patience = if blob.quirk.is_obtainable() { Duration::ZERO } else { PATIENCE_FOLLOW };
                let slack = self.scenario.expect.due.longest();
                blob.visible.max(crate::stage::START) + found + patience + slack <= self.end.at
            }
        }
    }
}

/// How long after its becoming visible a blob is listed at the latest: by a live poll, or by the re-sweep that
/// still reaches it. `None`: it came so late that no re-sweep is bound to see it.
fn found_within(blob: &TruthBlob) -> Option<Duration> {
    let limits = Limits::daemon();
    let late = blob.visible.since(blob.created);
    let history = blob.visible <= crate::stage::START;
    if history || late + limits.poll_every <= limits.live_overlap / 2 {
        return Some(Duration::ZERO);
    }
    let sweep = limits.sweeps.iter().find(|sweep| late + sweep.every <= sweep.depth);
    sweep.map(|sweep| sweep.every)
}

/// Whether a gap row that says `expired` tells the truth.
pub(super) fn had_expired(blob: &TruthBlob, at: Timestamp) -> bool {
    blob.until <= at + minutes(1)
}
