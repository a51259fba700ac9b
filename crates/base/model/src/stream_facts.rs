//! What is known of one stream: the planner's whole input besides the time and the limits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ContentId, PendingBlob, SpanSet, Timestamp};

/// How far back a trailing re-sweep reaches, by index into the planner's table of depths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SweepTier(pub u8);

/// The ledger of one stream as far as it decides the next work. Journalled blobs are not here: the journal
/// answers which of a listing's ids it knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamFacts {
    /// From when on the stream is to be covered; set once, when the stream is first planned.
    pub horizon: Option<Timestamp>,
    /// `contentCreated` spans that were listed to their last page, or lie in a gap row.
    pub covered: SpanSet,
    /// Listed, neither journalled nor in a gap.
    pub pending: BTreeMap<ContentId, PendingBlob>,
    /// When each re-sweep was last completed.
    pub sweeps: BTreeMap<SweepTier, Timestamp>,
    /// When the subscription was last seen enabled.
    pub subscribed_at: Option<Timestamp>,
    /// When a start request was last sent (at most one in 15 minutes).
    pub start_sent_at: Option<Timestamp>,
    /// When a listing or fetch of this stream last succeeded.
    pub last_success: Option<Timestamp>,
}
