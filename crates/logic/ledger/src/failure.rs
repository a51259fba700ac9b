//! What a failed fetch means for its blob.

use std::time::Duration;

use trailhound_model::{Delta, GapReason, PendingBlob, StreamFacts, Timestamp, delta::clip_error};

use crate::Limits;
use crate::fetches::blob_gap;

/// How a fetch failed, as far as the ledger cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// Microsoft says that the blob has expired.
    Expired,
    /// The answer speaks against this very blob: unknown, malformed key, invalid JSON.
    AgainstBlob,
    /// The service answered that it failed, while its listings go well: may be the service's fault or the blob's.
    Service,
    /// No answer of the service came whole, or its listings fail too: says nothing of the blob.
    OnTheWay,
}

/// What follows from a failed fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Make this durable: another attempt later, or a gap row.
    Record(Delta),
    /// The whole service seems to fail: hold all fetches of the stream for a while, blame no blob.
    Hold,
}

/// The wait after `attempts` failures: doubling from [`Limits::retry_first`] to [`Limits::retry_longest`].
pub fn backoff(attempts: u32, limits: &Limits) -> Duration {
    limits.retry_first.saturating_mul(1 << attempts.min(20)).min(limits.retry_longest)
}

/// Decides between another attempt, a gap row, and patience with the service.
///
/// A service-wide outage must not turn good blobs into gaps. So a failure that may be the service's counts
/// against the blob only if something else of its stream succeeded since the blob's previous attempt; and what failed
/// on the way never does: a blob that never comes whole is set aside after [`Limits::max_attempts`].
pub fn judge_failure(
    now: Timestamp,
    pending: &PendingBlob,
    facts: &StreamFacts,
    failure: FetchFailure,
    error: &str,
    limits: &Limits,
) -> Verdict {
    let id = &pending.blob.content_id;
    let gap = |reason| Verdict::Record(Delta::Gap(blob_gap(id, pending, reason, now)));
    match failure {
        FetchFailure::Expired => return gap(GapReason::Expired),
        FetchFailure::Service | FetchFailure::OnTheWay
            if facts.last_success.is_none_or(|success| success < pending.next_try) =>
        {
            return Verdict::Hold;
        }
        FetchFailure::Service | FetchFailure::OnTheWay | FetchFailure::AgainstBlob => {}
    }
    let strike = failure != FetchFailure::OnTheWay;
    let is_sick = pending.strikes + u32::from(strike) >= limits.max_strikes;
    if is_sick || pending.attempts + 1 >= limits.max_attempts {
        return gap(GapReason::Poison(clip_error(error)));
    }
    Verdict::Record(Delta::Failed {
        content_id: id.clone(),
        strike,
        next_try: now + backoff(pending.attempts, limits),
        error: clip_error(error),
    })
}
