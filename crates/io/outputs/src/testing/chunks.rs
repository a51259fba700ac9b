//! Chunks made by hand.

use bytes::Bytes;
use trailhound_model::{
    ContentHash, ContentId, InstanceName, JournalChunk, RecordEntry, RecordMark, Seq, StreamKey, StreamName,
    Timestamp,
};

/// A stream of an instance.
///
/// # Panics
/// When a name is not one.
pub fn key(instance: &str, stream: &str) -> StreamKey {
    StreamKey {
        instance: InstanceName::new(instance).expect("a valid instance name"),
        stream: StreamName::new(stream).expect("a valid stream name"),
    }
}

/// A chunk of records, each written as `n:` (new), `r:` (revision) or `d:` (duplicate) and its JSON text. The
/// records stand in an array, as in a blob.
///
/// # Panics
/// When a record has another prefix.
pub fn chunk(seq: u64, key: &StreamKey, records: &[&str]) -> JournalChunk {
    let mut raw = b"[".to_vec();
    let mut entries = Vec::new();
    for record in records {
        let (mark, text) = match record.split_once(':') {
            Some(("n", text)) => (RecordMark::New, text),
            Some(("r", text)) => (RecordMark::Revision, text),
            Some(("d", text)) => (RecordMark::Duplicate, text),
            _ => panic!("`{record}` has no mark"),
        };
        let position = |n: usize| u32::try_from(n).expect("chunks are smaller than 4 GiB");
        let (offset, length) = (position(raw.len()), position(text.len()));
        let hash = ContentHash::of(text.as_bytes());
        entries.push((RecordEntry { offset, length, id: None, hash }, mark));
        raw.extend_from_slice(text.as_bytes());
        raw.extend_from_slice(b",\r\n");
    }
    JournalChunk {
        seq: Seq(seq),
        key: key.clone(),
        content_id: ContentId::new(&format!("blob-{seq}")),
        created: Timestamp::from_millis(0),
        raw: Bytes::from(raw),
        records: entries,
    }
}
