//! What the ledger's changes mean for the watch over a stream's health.

use trailhound_ledger::Limits;
use trailhound_model::{Delta, GapReason, Span, StreamFacts, Timestamp};

use super::driver::StreamDriver;
use crate::health::StreamWatch;

/// A driver begins; an earlier one may have died.
pub(super) fn begin(watch: &mut StreamWatch, now: Timestamp, facts: &StreamFacts, limits: &Limits) {
    watch.since.get_or_insert(now);
    watch.poll_every = limits.poll_every;
    watch.horizon = facts.horizon;
    watch.subscribed_at = facts.subscribed_at;
    watch.listed = newest_span(facts);
}

fn newest_span(facts: &StreamFacts) -> Option<Span> {
    facts.covered.spans().last().copied()
}

impl StreamDriver {
    /// A delta was applied to the facts.
    pub(super) fn watch_delta(&self, delta: &Delta) {
        let facts = &self.facts;
        let change = |change: &dyn Fn(&mut StreamWatch)| {
            self.context.board.stream(&self.context.key, |status| change(&mut status.watch));
        };
        match delta {
            Delta::Horizon { .. } => change(&|watch| watch.horizon = facts.horizon),
            Delta::Subscribed { .. } => change(&|watch| watch.subscribed_at = facts.subscribed_at),
            Delta::Listed { .. } | Delta::Uncovered { .. } => {
                change(&|watch| watch.listed = newest_span(facts));
            }
            Delta::Gap(gap) => {
                if let (GapReason::Poison(_), Some(id)) = (&gap.reason, &gap.content_id) {
                    change(&|watch| watch.set_aside(id.clone(), gap.span.from, gap.at));
                }
            }
            Delta::Reopened { content_id, .. } | Delta::Journalled { content_id, .. } => {
                change(&|watch| watch.taken_back(content_id));
            }
            Delta::Found { .. } | Delta::Failed { .. } | Delta::Hastened { .. } | Delta::StartSent { .. } => {
            }
        }
    }
}
