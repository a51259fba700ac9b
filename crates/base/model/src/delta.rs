//! Deltas: the only way in which a ledger changes.
//!
//! The journal writes a delta durably in the same transaction as the records it speaks of, and only then is
//! it applied to the facts in memory. Applying one twice changes nothing (promise L4).

use crate::{Blob, ContentId, Gap, RecordCounts, Span, SweepTier, Timestamp};

/// One change of one stream's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    /// From when on the stream is to be covered. Kept from the first time on; later ones may only reach back.
    Horizon {
        /// Beginning of the coverage.
        from: Timestamp,
    },
    /// Blobs that a page named. Known ids are left alone. Durable page by page, so that a long listing
    /// that breaks off has not been for nothing.
    Found {
        /// The blobs of the page.
        blobs: Vec<Blob>,
        /// When the page came.
        at: Timestamp,
    },
    /// A span was listed to its last page: it is covered.
    Listed {
        /// The span asked for.
        span: Span,
        /// The re-sweeps that this listing completes.
        sweeps: Vec<SweepTier>,
        /// When the listing was *begun*: what became visible later is not in it.
        at: Timestamp,
    },
    /// All records of a blob are in the journal, in this same transaction.
    Journalled {
        /// The blob.
        content_id: ContentId,
        /// What became of its records.
        counts: RecordCounts,
        /// Decompressed size.
        bytes: u64,
        /// When.
        at: Timestamp,
    },
    /// A fetch failed; the blob stays pending.
    Failed {
        /// The blob.
        content_id: ContentId,
        /// Whether the failure speaks against this blob rather than the service.
        strike: bool,
        /// Not to be fetched before.
        next_try: Timestamp,
        /// What it said, at most [`MAX_ERROR_BYTES`].
        error: String,
    },
    /// A hole, with its reason. Of a span: the span counts as covered. Of a blob: it is no longer pending.
    Gap(Gap),
    /// A gap row was withdrawn: the blob is pending again (a retry by hand, or it could be had after all).
    Reopened {
        /// The blob of the gap row.
        content_id: ContentId,
        /// When.
        at: Timestamp,
    },
    /// A pending blob's failures are forgotten and it may be fetched at once (a retry by hand).
    Hastened {
        /// The blob.
        content_id: ContentId,
        /// When.
        at: Timestamp,
    },
    /// The span no longer counts as listed, so that it is listed again (a rewind by hand). What was found in it
    /// stays known. Span rows `older than retention` lose their part of it, since it is asked for after all; rows
    /// `subscription was off` stay: what the subscription missed does not come back with a listing.
    Uncovered {
        /// Within Microsoft's reach.
        span: Span,
        /// When.
        at: Timestamp,
    },
    /// The subscription was seen enabled.
    Subscribed {
        /// When.
        at: Timestamp,
    },
    /// A start request was sent.
    StartSent {
        /// When.
        at: Timestamp,
    },
}

/// Longest failure text that the ledger keeps, in bytes.
pub const MAX_ERROR_BYTES: usize = 500;

/// Cuts a failure text to [`MAX_ERROR_BYTES`] at a character boundary.
pub fn clip_error(text: &str) -> String {
    let mut end = text.len().min(MAX_ERROR_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
