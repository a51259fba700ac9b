//! Blobs as the ledger knows them.

use serde::{Deserialize, Serialize};

use crate::{ContentId, Timestamp};

/// A blob as a content listing names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// Microsoft's id.
    pub content_id: ContentId,
    /// Where to fetch it. Untrusted: the client checks the host before it sends a token.
    pub uri: String,
    /// `contentCreated`: when it became available, the only clock that listings go by.
    pub created: Timestamp,
    /// `contentExpiration`, read and never computed: after it the blob cannot be had.
    pub expires: Timestamp,
}

/// A blob that was listed and is neither journalled nor in a gap row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingBlob {
    /// As listed.
    pub blob: Blob,
    /// When a listing first named it.
    pub found_at: Timestamp,
    /// Failed fetches so far, of any kind.
    pub attempts: u32,
    /// Failed fetches that speak against the blob itself: while the rest of the stream went well.
    pub strikes: u32,
    /// Not to be fetched before.
    pub next_try: Timestamp,
    /// What the last failure said; empty before the first.
    pub last_error: String,
}

impl PendingBlob {
    /// A blob just found.
    pub fn found(blob: Blob, at: Timestamp) -> Self {
        Self { blob, found_at: at, attempts: 0, strikes: 0, next_try: at, last_error: String::new() }
    }
}
