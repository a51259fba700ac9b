//! What a person asks of the ledger: try again now, list again from here.

use trailhound_model::{ContentId, Delta, Span, StreamFacts, Timestamp};

use crate::Limits;
use crate::plan::first_reachable;

/// What a rewind changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewind {
    /// To be made durable.
    pub deltas: Vec<Delta>,
    /// What counted as listed and is listed again.
    pub again: Vec<Span>,
    /// What was asked for and is out of Microsoft's reach.
    pub lost: Option<Span>,
    /// The stream is covered from here on now: earlier than before.
    pub horizon: Option<Timestamp>,
}

/// Forgets that everything from `to` on was listed, as far as it can be listed again.
///
/// A stream that was never planned has no horizon and gets none: it is listed from its beginning anyway.
pub fn rewind(now: Timestamp, facts: &StreamFacts, to: Timestamp, limits: &Limits) -> Rewind {
    let from = to.max(first_reachable(now, limits));
    let mut plan = Rewind { lost: Span::new(to, from.min(now)), ..Rewind::default() };
    if from < now && facts.horizon.is_some_and(|known| from < known) {
        plan.horizon = Some(from);
        plan.deltas.push(Delta::Horizon { from });
    }
    if let Some(span) = facts.covered.last().and_then(|edge| Span::new(from, edge)) {
        plan.again = facts.covered.spans().iter().filter_map(|listed| listed.intersect(span)).collect();
        plan.deltas.push(Delta::Uncovered { span, at: now });
    }
    plan
}

/// Ends the waits of pending blobs; `only`: of these alone (empty: of all).
pub fn hasten(now: Timestamp, facts: &StreamFacts, only: &[ContentId]) -> Vec<Delta> {
    let waiting = facts.pending.values().filter(|pending| now < pending.next_try);
    waiting
        .map(|pending| pending.blob.content_id.clone())
        .filter(|id| only.is_empty() || only.contains(id))
        .map(|content_id| Delta::Hastened { content_id, at: now })
        .collect()
}
