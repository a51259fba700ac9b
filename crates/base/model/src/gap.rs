//! Gap rows: a hole in the collection is a row with a reason, never silence.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ContentId, Span, Timestamp};

/// Why something that Microsoft published, or may have, is not in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "why", rename_all = "snake_case")]
pub enum GapReason {
    /// A listed blob passed its `contentExpiration` before it could be fetched.
    Expired,
    /// The span was already out of Microsoft's reach (7 days) when it was asked for.
    OlderThanRetention,
    /// Every attempt at this blob failed while the rest of the stream went well; text: the last failure.
    Poison(String),
    /// The subscription was stopped or did not exist then; Microsoft keeps nothing for such times.
    SubscriptionOff,
}

impl GapReason {
    /// The stable word that `cli.md`'s JSON, metrics and the journal use.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::OlderThanRetention => "older than retention",
            Self::Poison(_) => "poison",
            Self::SubscriptionOff => "subscription was off",
        }
    }

    /// The inverse of [`GapReason::word`] and [`GapReason::detail`].
    pub fn from_parts(word: &str, detail: &str) -> Option<Self> {
        match word {
            "expired" => Some(Self::Expired),
            "older than retention" => Some(Self::OlderThanRetention),
            "poison" => Some(Self::Poison(detail.to_owned())),
            "subscription was off" => Some(Self::SubscriptionOff),
            _ => None,
        }
    }

    /// What goes beyond the word; empty for most.
    pub fn detail(&self) -> &str {
        match self {
            Self::Poison(why) => why,
            _ => "",
        }
    }
}

impl fmt::Display for GapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poison(why) => write!(f, "poison: {why}"),
            other => f.write_str(other.word()),
        }
    }
}

/// A gap row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Which `contentCreated` it concerns. For a blob: the one millisecond of its `contentCreated`.
    pub span: Span,
    /// Why.
    pub reason: GapReason,
    /// The blob, when the gap is one blob.
    pub content_id: Option<ContentId>,
    /// When it was recorded.
    pub at: Timestamp,
}
