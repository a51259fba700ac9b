//! The kinds of lines. Times are RFC 3339 with `Z`; spans do not include their end.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// One line, but for the `prev` at its beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first.
    Header(HeaderLine),
    /// A stream begins.
    Stream(StreamLine),
    /// A part of its time.
    Span(SpanLine),
    /// One of its blobs.
    Blob(BlobLine),
    /// What an output did with its records.
    Output(OutputLine),
    /// A stream ends.
    Sums(SumsLine),
    /// A change by hand.
    Change(ChangeLine),
    /// The last before the seal.
    Totals(TotalsLine),
}

/// What the report is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderLine {
    /// [`crate::FORMAT`].
    pub format: String,
    /// The program and its version.
    pub product: String,
    /// Names the data folder.
    pub ledger: String,
    /// How many reports the data folder has given, this one included.
    pub export: u64,
    /// When the report was made.
    pub made_at: String,
    /// First moment asked for; absent: where each stream's coverage begins.
    pub from: Option<String>,
    /// End asked for; absent: where each stream's coverage ends.
    pub to: Option<String>,
    /// Those in the configuration.
    pub applications: Vec<ApplicationLine>,
    /// Verifies the seal: 64 hexadecimal digits.
    pub public_key: String,
    /// What whoever checks the report should know of the key and the series, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// An application and its tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationLine {
    /// Its name.
    pub name: String,
    /// The tenant's id.
    pub tenant_id: String,
}

/// A stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamLine {
    /// Its application.
    pub application: String,
    /// Its name.
    pub stream: String,
    /// From when on it is to be covered.
    pub horizon: Option<String>,
}

/// A part of a stream's time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpanLine {
    /// What is known of it.
    pub kind: SpanKind,
    /// First moment.
    pub from: String,
    /// End.
    pub to: String,
    /// Of a gap: its reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of a gap: when it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<String>,
}

/// What is known of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// Listed to its last page.
    Listed,
    /// Not listed yet.
    NotListed,
    /// Cannot be had, with its reason.
    Gap,
}

/// Where a blob is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlobState {
    /// Listed, to be fetched.
    #[default]
    Pending,
    /// Its records are in the journal, or were until every output had them.
    Journalled,
    /// Given up, with a reason.
    Gap,
}

/// A blob. What is zero or absent is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobLine {
    /// Microsoft's id.
    pub content_id: String,
    /// `contentCreated`.
    pub created: String,
    /// `contentExpiration`.
    pub expires: String,
    /// When a listing first named it.
    pub found_at: String,
    /// Where it is.
    pub state: BlobState,
    /// Records in it.
    pub records: u64,
    /// Of these: known id and content, not delivered.
    pub duplicates: u64,
    /// Of these: known id, other content, delivered.
    pub revisions: u64,
    /// Decompressed bytes.
    pub bytes: u64,
    /// When its last records were journalled; absent without records, or when it was so long ago that only the
    /// blob's row is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journalled_at: Option<String>,
    /// The place of its last records in the journal: an output whose `position` is not smaller has them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// Of a gap: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of a gap: when it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<String>,
    /// Of a pending one: failed fetches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
}

/// What an output did with a stream's records, ever.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputLine {
    /// Its name.
    pub output: String,
    /// Everything in the journal up to here was accepted.
    pub position: Option<u64>,
    /// Accepted by the receiver.
    pub delivered: u64,
    /// Left out by the output's filter.
    pub filtered: u64,
    /// Refused for good by the receiver.
    pub dead_lettered: u64,
    /// Still to be delivered.
    pub waiting: i64,
}

/// The sums of promise L5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Blobs that a listing named: journalled, in a gap, or pending.
    pub listed: u64,
    /// Blobs.
    pub journalled: u64,
    /// Blobs.
    pub gap: u64,
    /// Blobs.
    pub pending: u64,
    /// Records of the journalled blobs.
    pub records: u64,
    /// Of these.
    pub duplicates: u64,
    /// Of these.
    pub revisions: u64,
    /// Decompressed bytes of the journalled blobs.
    pub bytes: u64,
}

impl Counts {
    /// Of one blob.
    pub fn of(blob: &BlobLine) -> Self {
        let is = |state| u64::from(blob.state == state);
        Self {
            listed: 1,
            journalled: is(BlobState::Journalled),
            gap: is(BlobState::Gap),
            pending: is(BlobState::Pending),
            records: blob.records,
            duplicates: blob.duplicates,
            revisions: blob.revisions,
            bytes: blob.bytes,
        }
    }

    /// Every listed blob is accounted for.
    pub fn balances(&self) -> bool {
        Some(self.listed)
            == self.journalled.checked_add(self.gap).and_then(|sum| sum.checked_add(self.pending))
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, rhs: Self) {
        let add = |own: &mut u64, other: u64| *own = own.saturating_add(other);
        add(&mut self.listed, rhs.listed);
        add(&mut self.journalled, rhs.journalled);
        add(&mut self.gap, rhs.gap);
        add(&mut self.pending, rhs.pending);
        add(&mut self.records, rhs.records);
        add(&mut self.duplicates, rhs.duplicates);
        add(&mut self.revisions, rhs.revisions);
        add(&mut self.bytes, rhs.bytes);
    }
}

/// The end of a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumsLine {
    /// Of the blobs told above.
    pub told: Counts,
    /// Of the stream in all, whatever the span.
    pub in_all: Counts,
    /// In a report without a span: journalled blobs so old that their rows are gone; they are in `in_all` alone.
    pub retired: Option<u64>,
}

/// A change that somebody made by hand, as the ledger recorded it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeLine {
    /// Its number.
    pub number: u64,
    /// What was recorded.
    pub change: serde_json::Value,
}

/// The end of the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotalsLine {
    /// Lines before this one.
    pub lines: u64,
    /// Streams.
    pub streams: u64,
    /// Of the blobs told.
    pub told: Counts,
    /// No gap, no hole, nothing pending.
    pub complete: bool,
    /// The sums of promise L5 agree.
    pub balanced: bool,
}
