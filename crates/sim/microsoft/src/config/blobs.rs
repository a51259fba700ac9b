//! Switches of what is published.

use serde::{Deserialize, Serialize};

use crate::stream::Stream;

/// How records are packed, when blobs appear, and which are odd. Rates are shares of all blobs, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlobSwitches {
    /// Time between two blobs of a stream, in seconds, unless size demands more.
    pub blob_every_seconds: u32,
    /// Most records in an ordinary blob.
    pub records_per_blob_max: u32,
    /// Longest span that a blob's rows cover (second time in its id), in seconds.
    pub rows_span_seconds_max: u32,
    /// Appear hours to days after their `contentCreated`.
    pub late_rate: f64,
    /// The longest such delay, in hours.
    pub late_hours_max: u32,
    /// Appear minutes after their `contentCreated`, behind newer ones.
    pub behind_rate: f64,
    /// The longest such delay, in minutes.
    pub behind_minutes_max: u32,
    /// Share the `contentCreated` of the blob before.
    pub twin_rate: f64,
    /// Expire between listing and fetch: AF20051.
    pub expired_early_rate: f64,
    /// Listed, then AF20050.
    pub unknown_rate: f64,
    /// Listed, then AF20052.
    pub malformed_rate: f64,
    /// Fail with 500 at each fetch.
    pub poison_rate: f64,
    /// Not JSON, at each fetch.
    pub invalid_json_rate: f64,
    /// Begin with a byte-order mark.
    pub bom_rate: f64,
    /// Hold one record that is not in an array.
    pub single_object_rate: f64,
    /// White space between all tokens of the array.
    pub white_space_rate: f64,
    /// `[]`.
    pub empty_rate: f64,
    /// As large as [`BlobSwitches::huge_blob_bytes`].
    pub huge_rate: f64,
    /// Size of a huge blob, in bytes.
    pub huge_blob_bytes: u64,
    /// Have one record of [`BlobSwitches::huge_record_bytes`].
    pub huge_record_rate: f64,
    /// Size of a huge record, in bytes.
    pub huge_record_bytes: u64,
    /// `contentUri` names the hostile host.
    pub hostile_uri_rate: f64,
}

impl Default for BlobSwitches {
    fn default() -> Self {
        Self {
            blob_every_seconds: 300,
            records_per_blob_max: 500,
            rows_span_seconds_max: 240,
            late_rate: 0.0,
            late_hours_max: 72,
            behind_rate: 0.0,
            behind_minutes_max: 20,
            twin_rate: 0.0,
            expired_early_rate: 0.0,
            unknown_rate: 0.0,
            malformed_rate: 0.0,
            poison_rate: 0.0,
            invalid_json_rate: 0.0,
            bom_rate: 0.0,
            single_object_rate: 0.0,
            white_space_rate: 0.0,
            empty_rate: 0.0,
            huge_rate: 0.0,
            huge_blob_bytes: 20 << 20,
            huge_record_rate: 0.0,
            huge_record_bytes: 2 << 20,
            hostile_uri_rate: 0.0,
        }
    }
}

/// A peculiarity of one blob.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quirk {
    /// Ordinary.
    #[default]
    None,
    /// AF20051 although its expiration is not reached.
    ExpiredEarly,
    /// AF20050.
    Unknown,
    /// AF20052.
    Malformed,
    /// 500 at each fetch.
    Poison,
    /// Not JSON.
    InvalidJson,
    /// Byte-order mark in front.
    Bom,
    /// One record without an array around it.
    SingleObject,
    /// White space between tokens.
    WhiteSpace,
    /// `[]`.
    Empty,
    /// Very many records.
    Huge,
    /// One very long record.
    HugeRecord,
    /// `contentUri` on a foreign host.
    HostileUri,
}

impl Quirk {
    /// Whether a correct collector can ever have the blob's records.
    pub fn is_obtainable(self) -> bool {
        !matches!(
            self,
            Self::ExpiredEarly
                | Self::Unknown
                | Self::Malformed
                | Self::Poison
                | Self::InvalidJson
                | Self::HostileUri
        )
    }
}

/// Gives the blob of this number a quirk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedQuirk {
    /// In which stream, of every tenant.
    pub stream: Stream,
    /// Counted from 0 at the beginning of the history.
    pub ordinal: usize,
    /// Which.
    pub quirk: Quirk,
}

/// Odd records. Rates are shares of all records, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordSwitches {
    /// Come again, byte for byte, in one of the next blobs.
    pub duplicate_rate: f64,
    /// Come again one to six days later.
    pub reissue_rate: f64,
    /// Come again with the same `Id` and other content.
    pub revision_rate: f64,
    /// Have no `Id`.
    pub without_id_rate: f64,
    /// Have a record type that no list knows.
    pub unknown_type_rate: f64,
    /// Records of a file get a fresh `Id`, `CreationTime` and `OrganizationId`, again and again. Otherwise each
    /// is published once, byte for byte.
    pub restamp: bool,
    /// Without re-stamping: over how many hours before the first request a file's records are spread.
    pub spread_hours: u32,
}

impl Default for RecordSwitches {
    fn default() -> Self {
        Self {
            duplicate_rate: 0.015,
            reissue_rate: 0.0,
            revision_rate: 0.0,
            without_id_rate: 0.0,
            unknown_type_rate: 0.004,
            restamp: true,
            spread_hours: 20,
        }
    }
}
