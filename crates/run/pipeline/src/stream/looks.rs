//! Looks at the subscriptions of an instance: one call tells of all its streams.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use trailhound_ledger::Lane;
use trailhound_model::{StreamName, Timestamp, minutes};

use super::context::StreamContext;
use crate::source::SourceError;

/// A look this old still serves an ordinary question.
const FRESH: Duration = minutes(5);

type Answer = Result<Seen, SourceError>;

/// What a look saw.
#[derive(Clone)]
pub(super) struct Seen {
    /// The streams that are enabled.
    pub(super) enabled: Arc<BTreeSet<StreamName>>,
    /// When Microsoft was asked: later it may have been otherwise.
    pub(super) at: Timestamp,
}

/// Shared by the streams of an instance. Who asks while a call is under way waits for its answer.
#[derive(Default)]
pub(crate) struct Looks(Mutex<Option<Look>>);

struct Look {
    begun: Duration,
    ended: Duration,
    answer: Answer,
}

impl Looks {
    /// What the latest look saw. `anew`: something speaks against what was known; only an answer that came
    /// after this question will do.
    pub(super) async fn seen(&self, context: &StreamContext, anew: bool) -> Answer {
        let asked = context.clock.monotonic();
        let mut latest = self.0.lock().await;
        if let Some(look) = latest.as_ref().filter(|look| serves(look, asked, anew)) {
            return look.answer.clone();
        }
        let ticket = context.governor.acquire(Lane::Live).await;
        let _place = context.calls.enter(Lane::Live).await;
        let (begun, at) = (context.clock.monotonic(), context.now());
        let answer = context.source.enabled_streams().await;
        context.governor.settle(ticket, &answer);
        let answer = answer.map(|enabled| Seen { enabled: Arc::new(enabled), at });
        *latest = Some(Look { begun, ended: context.clock.monotonic(), answer: answer.clone() });
        answer
    }
}

/// A failure serves those only that were waiting for it.
fn serves(look: &Look, asked: Duration, anew: bool) -> bool {
    look.ended > asked || (!anew && look.answer.is_ok() && asked.saturating_sub(look.begun) < FRESH)
}
