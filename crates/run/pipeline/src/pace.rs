//! Keeping fetches and deliveries in step, so that what is delivered is still in memory.
//!
//! A fetch that runs far ahead of the outputs only makes them read, and decompress, what was just written.
//! So it waits a little, for outputs that work, and never for long: a slow receiver must not hold up the
//! collection, whose time is limited by Microsoft.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use trailhound_env::Clock;
use trailhound_model::OutputName;

/// Raw bytes that fetches may be ahead of the slowest working output.
const MAX_LEAD_BYTES: u64 = 20 << 20;
/// One wait.
const NAP: Duration = Duration::from_millis(5);
/// Most waits before a fetch.
const MAX_NAPS: u32 = 20;

/// Shared by the streams and the outputs of a run.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<Positions>);

#[derive(Debug, Default)]
struct Positions {
    committed_bytes: u64,
    /// Of the outputs that work, and had caught up at least once.
    delivered_bytes: BTreeMap<OutputName, u64>,
}

impl Pace {
    /// A blob was committed.
    pub(crate) fn committed(&self, bytes: u64) {
        self.lock().committed_bytes += bytes;
    }

    /// An output has everything that was committed: from now on fetches keep in step with it.
    pub(crate) fn caught_up(&self, output: &OutputName) {
        let mut positions = self.lock();
        let committed = positions.committed_bytes;
        positions.delivered_bytes.insert(output.clone(), committed);
    }

    /// An output accepted a batch.
    pub(crate) fn delivered(&self, output: &OutputName, bytes: u64) {
        if let Some(delivered) = self.lock().delivered_bytes.get_mut(output) {
            *delivered += bytes;
        }
    }

    /// An output failed: nobody waits for it until it has caught up.
    pub(crate) fn failed(&self, output: &OutputName) {
        self.lock().delivered_bytes.remove(output);
    }

    /// Waits, within bounds, until the outputs are near.
    pub(crate) async fn keep_in_step(&self, clock: &dyn Clock) {
        for _ in 0..MAX_NAPS {
            if self.lead_bytes() <= MAX_LEAD_BYTES {
                return;
            }
            clock.sleep(NAP).await;
        }
    }

    fn lead_bytes(&self) -> u64 {
        let positions = self.lock();
        let slowest = positions.delivered_bytes.values().min().copied();
        slowest.map_or(0, |delivered| positions.committed_bytes.saturating_sub(delivered))
    }

    fn lock(&self) -> MutexGuard<'_, Positions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_working_outputs_are_waited_for() {
        let pace = Pace::default();
        let output = OutputName::new("files").unwrap();
        pace.committed(100);
        assert_eq!(pace.lead_bytes(), 0, "it has not caught up yet");
        pace.caught_up(&output);
        pace.committed(70);
        pace.delivered(&output, 30);
        assert_eq!(pace.lead_bytes(), 40);
        pace.failed(&output);
        assert_eq!(pace.lead_bytes(), 0);
        pace.delivered(&output, 40);
        assert_eq!(pace.lead_bytes(), 0);
    }
}
