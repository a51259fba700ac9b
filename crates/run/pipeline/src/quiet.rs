//! Small deltas that can wait a moment, made durable together.
//!
//! A daemon with thousands of idle streams writes little else than "listed, nothing new". One by one each would
//! wait for the disk; a second's worth of them is one step. Streams are polled in the order in which their rows
//! lie, so that step touches few pages.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use trailhound_env::Clock;
use trailhound_journal::{Journal, JournalError, JournalErrorKind, StreamId};
use trailhound_model::{Delta, seconds};

/// Least time between two steps; the first after a pause is taken at once.
const GATHER: std::time::Duration = seconds(1);
/// Most streams in one step, and most that wait for the next.
const MAX_WAITING: usize = 4_096;

type Waiting = (StreamId, Vec<Delta>, oneshot::Sender<Result<(), JournalError>>);

/// Where the deltas are given. Clones share it.
#[derive(Clone)]
pub(crate) struct Quiet(Way);

#[derive(Clone)]
enum Way {
    Gathered(mpsc::Sender<Waiting>),
    Direct(Arc<dyn Journal>),
}

impl Quiet {
    /// Writes each at once: for a run that somebody waits for.
    pub(crate) fn direct(journal: Arc<dyn Journal>) -> Self {
        Self(Way::Direct(journal))
    }

    /// Gathers; the second part is the work itself, which runs until all clones are gone.
    pub(crate) fn gathered(
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, queue) = mpsc::channel(MAX_WAITING);
        (Self(Way::Gathered(sender)), write_until_closed(queue, journal, clock))
    }

    /// Makes them durable within about [`GATHER`]. For deltas of which nobody needs to know what they changed.
    pub(crate) async fn record(&self, stream: StreamId, deltas: Vec<Delta>) -> Result<(), JournalError> {
        match &self.0 {
            Way::Direct(journal) => journal.record(stream, deltas).await.map(drop),
            Way::Gathered(sender) => {
                let (reply, answer) = oneshot::channel();
                sender.send((stream, deltas, reply)).await.map_err(|_| gone())?;
                answer.await.unwrap_or_else(|_| Err(gone()))
            }
        }
    }
}

async fn write_until_closed(
    mut queue: mpsc::Receiver<Waiting>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
) {
    let mut wrote = None;
    while let Some(first) = queue.recv().await {
        if let Some(wrote) = wrote {
            clock.sleep(GATHER.saturating_sub(clock.monotonic().saturating_sub(wrote))).await;
        }
        let mut replies = vec![first.2];
        let mut deltas = vec![(first.0, first.1)];
        while deltas.len() < MAX_WAITING {
            let Ok((stream, more, reply)) = queue.try_recv() else { break };
            deltas.push((stream, more));
            replies.push(reply);
        }
        let done = journal.record_many(deltas).await.map(drop);
        wrote = Some(clock.monotonic());
        for reply in replies {
            // Who asked may have gone; it stands all the same.
            let _ = reply.send(done.clone());
        }
    }
}

fn gone() -> JournalError {
    let detail = "what gathers small deltas has ended".to_owned();
    JournalError { kind: JournalErrorKind::Failed, detail }
}
