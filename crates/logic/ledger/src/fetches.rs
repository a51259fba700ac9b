//! Which blobs to fetch next, and which can no longer be had.

use std::collections::BTreeSet;

use trailhound_model::{ContentId, Delta, Gap, GapReason, PendingBlob, Span, StreamFacts, Timestamp, hours};

/// Of each four fetches at least one is for the backlog and, when there is live work, three are live.
const LIVE_SHARE: usize = 3;

/// The outcome of [`pick_fetches`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picked {
    /// To fetch now, in this order.
    pub fetch: Vec<ContentId>,
    /// Gap rows for blobs whose `contentExpiration` has passed.
    pub expired: Vec<Delta>,
    /// When the next blob that waits may be tried.
    pub wake: Option<Timestamp>,
}

/// Picks at most `slots` blobs that are not in flight: new ones before the backlog at three to one, within
/// each the one that expires first (promise P1: a function of its arguments alone).
pub fn pick_fetches(
    now: Timestamp,
    facts: &StreamFacts,
    in_flight: &BTreeSet<ContentId>,
    slots: usize,
) -> Picked {
    let mut picked = Picked::default();
    let mut live = Vec::new();
    let mut backlog = Vec::new();
    for (id, pending) in facts.pending.iter().filter(|(id, _)| !in_flight.contains(*id)) {
        if pending.blob.expires <= now {
            picked.expired.push(expired(id, pending, now));
        } else if now < pending.next_try {
            picked.wake = Some(picked.wake.map_or(pending.next_try, |wake| wake.min(pending.next_try)));
        } else if now.since(pending.blob.created) < hours(1) {
            live.push((pending.blob.expires, pending.blob.created, id));
        } else {
            backlog.push((pending.blob.expires, pending.blob.created, id));
        }
    }
    live.sort_unstable();
    backlog.sort_unstable();
    let (mut live, mut backlog) = (live.into_iter(), backlog.into_iter());
    while picked.fetch.len() < slots {
        let prefer_backlog = picked.fetch.len() % (LIVE_SHARE + 1) == LIVE_SHARE;
        let next = if prefer_backlog {
            backlog.next().or_else(|| live.next())
        } else {
            live.next().or_else(|| backlog.next())
        };
        let Some((_, _, id)) = next else { break };
        picked.fetch.push(id.clone());
    }
    picked
}

fn expired(id: &ContentId, pending: &PendingBlob, now: Timestamp) -> Delta {
    Delta::Gap(blob_gap(id, pending, GapReason::Expired, now))
}

/// The gap row of a single blob: the millisecond of its `contentCreated`.
pub(crate) fn blob_gap(id: &ContentId, pending: &PendingBlob, reason: GapReason, now: Timestamp) -> Gap {
    let from = pending.blob.created;
    let to = Timestamp::from_millis(from.as_millis().saturating_add(1));
    Gap { span: Span { from, to }, reason, content_id: Some(id.clone()), at: now }
}
