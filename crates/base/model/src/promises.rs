//! The numbered promises. Tests, debug assertions and metrics use these names.

use crate::{BlobCounts, DeliveryCounts, RecordCounts};

/// A promise of the product, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Promise {
    /// Every record published within retention ends delivered, or in a gap row with its reason.
    L1,
    /// The ledger never claims bytes that the disk could still lose.
    L2,
    /// No receipt without an accepting answer.
    L3,
    /// Applying a delta twice changes nothing.
    L4,
    /// Listed = journalled + gap (+ pending); fetched = delivered + filtered + duplicate + dead-lettered.
    L5,
    /// Equal inputs, equal plan.
    P1,
    /// Equal events in equal order, equal findings.
    D1,
    /// No secret in a log, an API answer, an error or a crash text.
    S1,
    /// The bearer token goes to the configured hosts only.
    S2,
    /// Every queue, body, page, retry and file has a limit.
    B1,
    /// Memory stays within a stated formula.
    M1,
}

/// L5 for blobs: every listed blob is accounted for.
pub fn blobs_balance(counts: &BlobCounts) -> bool {
    counts.listed == counts.journalled + counts.gap + counts.pending
}

/// L5 for records at one output that has read the whole journal.
pub fn records_balance(records: &RecordCounts, delivery: &DeliveryCounts) -> bool {
    records.fetched == delivery.done() + records.duplicates
}
