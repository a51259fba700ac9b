//! What all jobs of a stream share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{RwLock, Semaphore, mpsc};
use trailhound_env::Clock;
use trailhound_journal::{Applied, Journal, JournalError, StreamId};
use trailhound_ledger::Limits;
use trailhound_model::{Delta, StreamKey, Timestamp};

use super::looks::Looks;
use crate::board::Board;
use crate::by_hand::Mailbox;
use crate::calls::CallRoom;
use crate::governor::Seat;
use crate::pace::Pace;
use crate::quiet::Quiet;
use crate::source::{Source, SourceError};
use crate::telemetry::StreamSeries;

/// A clock that is off by more than this is corrected for planning, in milliseconds.
const CORRECT_CLOCK_BEYOND_MILLIS: u64 = 30_000;

/// Why a job of a stream ended early.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum JobError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The code that drives the stream failed.
    #[error("drive the stream, since its code died ({0}); this is a defect in trailhound")]
    Died(String),
}

impl JobError {
    /// What a person can do.
    pub(crate) fn hint(&self) -> &str {
        match self {
            Self::Source(error) => &error.hint,
            Self::Journal(error) => error.kind.hint(),
            Self::Died(_) => "please report this with the log",
        }
    }
}

pub(crate) struct StreamContext {
    pub key: StreamKey,
    pub id: StreamId,
    pub source: Arc<dyn Source>,
    pub journal: Arc<dyn Journal>,
    pub clock: Arc<dyn Clock>,
    pub governor: Seat,
    /// Fetches that may be under way at once in the whole process.
    pub permits: Arc<Semaphore>,
    pub(crate) pace: Arc<Pace>,
    /// Of these, those that read a blob of more than a chunk.
    pub(crate) large: Arc<Semaphore>,
    /// Whether the newest blob that was begun was a large one: so may be the next.
    pub(crate) expects_large: AtomicBool,
    /// Whether the newest request for a page failed: so may a fetch, whatever the blob.
    pub(crate) listings_fail: AtomicBool,
    /// Room for blobs that wait for their commit, in KiB.
    pub commit_room: Arc<Semaphore>,
    /// Listings and looks at subscriptions that may be under way at once in the whole process.
    pub(crate) calls: Arc<CallRoom>,
    /// The instance's looks at its subscriptions, shared by its streams.
    pub(crate) looks: Arc<Looks>,
    /// Where small deltas that can wait a moment are made durable together.
    pub(crate) quiet: Quiet,
    pub(crate) series: StreamSeries,
    pub board: Board,
    pub limits: Limits,
    /// Orders by hand.
    pub(crate) mailbox: Arc<Mailbox>,
    /// Shared by jobs while deltas are made durable and told to the driver; the driver's own for orders by hand.
    pub(crate) turn: RwLock<()>,
    /// Rewinds so far.
    pub(crate) rewinds: AtomicU64,
}

impl StreamContext {
    /// Now by Microsoft's clock: windows and expiry are judged by it.
    pub(crate) fn now(&self) -> Timestamp {
        corrected(self.clock.now(), self.source.clock_offset_millis())
    }

    /// Waits until `until` by Microsoft's clock.
    pub(crate) async fn sleep_until(&self, until: Timestamp) {
        self.clock.sleep(until.since(self.now()).max(Duration::from_millis(1))).await;
    }

    pub(crate) async fn record(&self, deltas: Vec<Delta>) -> Result<Applied, JournalError> {
        self.journal.record(self.id, deltas).await
    }

    /// Records what a job found and tells the driver, with no order by hand in between. The
    /// driver is told of new blobs only.
    pub(crate) async fn record_and_tell(
        &self,
        deltas: Vec<Delta>,
        driver: &mpsc::Sender<Delta>,
    ) -> Result<Applied, JournalError> {
        let _turn = self.turn.read().await;
        let applied = self.record(deltas.clone()).await?;
        for delta in deltas {
            let told = match delta {
                Delta::Found { at, .. } => Delta::Found { blobs: applied.new_blobs.clone(), at },
                other => other,
            };
            // The driver is gone only when everything stops.
            let _ = driver.send(told).await;
        }
        Ok(applied)
    }

    /// Like [`Self::record_and_tell`], for a delta that can wait a moment.
    pub(crate) async fn tell_quietly(
        &self,
        delta: Delta,
        driver: &mpsc::Sender<Delta>,
    ) -> Result<(), JournalError> {
        let _turn = self.turn.read().await;
        self.quiet.record(self.id, vec![delta.clone()]).await?;
        let _ = driver.send(delta).await;
        Ok(())
    }

    /// Like [`Self::record_and_tell`], for a listing that was begun after `rewinds` rewinds: `false`, and nothing
    /// is recorded, when there was another since. `quiet`: it can wait a moment.
    pub(crate) async fn cover_unless_rewound(
        &self,
        listed: Delta,
        rewinds: u64,
        quiet: bool,
        driver: &mpsc::Sender<Delta>,
    ) -> Result<bool, JournalError> {
        let _turn = self.turn.read().await;
        if self.rewinds.load(Ordering::Relaxed) != rewinds {
            return Ok(false);
        }
        if quiet {
            self.quiet.record(self.id, vec![listed.clone()]).await?;
        } else {
            self.record(vec![listed.clone()]).await?;
        }
        let _ = driver.send(listed).await;
        Ok(true)
    }
}

/// A time of this machine by Microsoft's clock; small differences are left alone.
pub(crate) fn corrected(local: Timestamp, offset_millis: Option<i64>) -> Timestamp {
    match offset_millis {
        Some(offset) if offset.unsigned_abs() > CORRECT_CLOCK_BEYOND_MILLIS => {
            Timestamp::from_millis(local.as_millis().saturating_add(offset))
        }
        _ => local,
    }
}
