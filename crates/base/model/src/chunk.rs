//! Chunks: how records lie in the journal and travel to the outputs.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{ContentId, RecordEntry, RecordMark, StreamKey, Timestamp};

/// Most raw bytes in one chunk before it is cut at the next record boundary. A single larger record makes a
/// larger chunk, up to [`MAX_RECORD_BYTES`].
pub const CHUNK_BYTES: usize = 4 << 20;

/// Largest single record that is accepted, in bytes. A larger one makes its blob a poison gap.
pub const MAX_RECORD_BYTES: usize = 64 << 20;

/// Position in the journal: chunks are numbered from 1 in the order of their commit, without reuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// Records of one blob on their way into the journal.
#[derive(Clone, Debug)]
pub struct NewChunk {
    /// Decompressed bytes that hold the records (and whatever stands between them).
    pub raw: Bytes,
    /// The same bytes as the gzip body that Microsoft sent, when that is the whole blob: stored as it is.
    pub gzip: Option<Bytes>,
    /// The records, in order.
    pub entries: Vec<RecordEntry>,
}

/// Records of one blob as the journal holds them.
#[derive(Clone, Debug)]
pub struct JournalChunk {
    /// Its position.
    pub seq: Seq,
    /// Whose records.
    pub key: StreamKey,
    /// The blob they came in.
    pub content_id: ContentId,
    /// The blob's `contentCreated`.
    pub created: Timestamp,
    /// Decompressed bytes; the entries point into them.
    pub raw: Bytes,
    /// The records, in order, with what was decided about each.
    pub records: Vec<(RecordEntry, RecordMark)>,
}

impl JournalChunk {
    /// The records that outputs get, as Microsoft sent them.
    pub fn deliverable(&self) -> impl Iterator<Item = (&RecordEntry, RecordMark, &[u8])> {
        self.records.iter().filter(|(_, mark)| mark.is_delivered()).map(|(entry, mark)| {
            let start = entry.offset as usize;
            (entry, *mark, &self.raw[start..start + entry.length as usize])
        })
    }
}
