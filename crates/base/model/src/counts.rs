//! The sums that must balance (promise L5).

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// What became of the records of one or many blobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordCounts {
    /// Records in the fetched blobs.
    pub fetched: u64,
    /// Of these: known id, same content. Not delivered.
    pub duplicates: u64,
    /// Of these: known id, other content. Delivered.
    pub revisions: u64,
}

impl RecordCounts {
    /// Records that every output shall get: fetched without the duplicates.
    pub fn deliverable(&self) -> u64 {
        self.fetched - self.duplicates
    }
}

impl AddAssign for RecordCounts {
    fn add_assign(&mut self, rhs: Self) {
        self.fetched += rhs.fetched;
        self.duplicates += rhs.duplicates;
        self.revisions += rhs.revisions;
    }
}

/// What one output did with the records of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryCounts {
    /// Accepted by the receiver, receipt stored.
    pub delivered: u64,
    /// Left out by the output's own filter.
    pub filtered: u64,
    /// Refused for good by the receiver and set aside.
    pub dead_lettered: u64,
}

impl DeliveryCounts {
    /// Records that the output is done with.
    pub fn done(&self) -> u64 {
        self.delivered + self.filtered + self.dead_lettered
    }
}

impl AddAssign for DeliveryCounts {
    fn add_assign(&mut self, rhs: Self) {
        self.delivered += rhs.delivered;
        self.filtered += rhs.filtered;
        self.dead_lettered += rhs.dead_lettered;
    }
}

/// Blobs of one stream by state. `listed = journalled + gap + pending`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobCounts {
    /// Named by a listing, ever.
    pub listed: u64,
    /// In the journal.
    pub journalled: u64,
    /// In a gap row.
    pub gap: u64,
    /// Neither yet.
    pub pending: u64,
}

/// All sums of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCounts {
    /// Blobs by state.
    pub blobs: BlobCounts,
    /// Records of the journalled blobs.
    pub records: RecordCounts,
    /// Decompressed bytes of the journalled blobs.
    pub bytes: u64,
}
