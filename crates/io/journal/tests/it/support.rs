//! What the journal's tests share: a temporary folder, a clock that stands, blobs made by number.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use trailhound_env::Clock;
use trailhound_journal::{BlobCommit, JournalConfig, Mode, SqliteJournal, StreamId};
use trailhound_model::{
    Blob, ContentHash, ContentId, InstanceName, NewChunk, RecordEntry, RecordId, StreamKey, StreamName,
    Timestamp, days,
};

/// A clock that stands still.
pub(crate) struct FixedClock(pub(crate) Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Midnight of the tests' first day.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_132_800_000);

pub(crate) fn at(ms: u64) -> Timestamp {
    START + Duration::from_millis(ms)
}

pub(crate) fn day(number: u64) -> Timestamp {
    START + days(number)
}

pub(crate) fn config(folder: &Path, mode: Mode) -> JournalConfig {
    JournalConfig { mode, ..JournalConfig::new(folder) }
}

pub(crate) fn open(folder: &Path, mode: Mode) -> SqliteJournal {
    open_at(config(folder, mode), START)
}

pub(crate) fn open_at(config: JournalConfig, now: Timestamp) -> SqliteJournal {
    SqliteJournal::open(config, Arc::new(FixedClock(now))).unwrap()
}

pub(crate) fn key(stream: &str) -> StreamKey {
    StreamKey { instance: InstanceName::new("contoso").unwrap(), stream: StreamName::new(stream).unwrap() }
}

pub(crate) fn id(name: &str) -> ContentId {
    ContentId::new(name)
}

pub(crate) fn blob(name: &str, created: Timestamp) -> Blob {
    Blob {
        content_id: id(name),
        uri: format!("https://example.invalid/{name}"),
        created,
        expires: created + days(7),
    }
}

/// A chunk of records given as (id, content); id 0 is a record without an id.
pub(crate) fn chunk(records: &[(u128, &str)]) -> NewChunk {
    let mut raw = vec![b'['];
    let mut entries = Vec::new();
    for (number, (record_id, content)) in records.iter().enumerate() {
        if number > 0 {
            raw.push(b',');
        }
        let text = format!("{{\"Id\":\"{record_id:032x}\",\"x\":\"{content}\"}}");
        entries.push(RecordEntry {
            offset: u32::try_from(raw.len()).unwrap(),
            length: u32::try_from(text.len()).unwrap(),
            id: (*record_id != 0).then_some(RecordId(*record_id)),
            hash: ContentHash::of(text.as_bytes()),
        });
        raw.extend_from_slice(text.as_bytes());
    }
    raw.push(b']');
    NewChunk { raw: Bytes::from(raw), gzip: None, entries }
}

/// The chunk with its bytes also as the gzip body they came in.
pub(crate) fn gzipped(mut chunk: NewChunk) -> NewChunk {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&chunk.raw).unwrap();
    chunk.gzip = Some(encoder.finish().unwrap().into());
    chunk
}

pub(crate) fn commit_of(
    stream: StreamId,
    name: &str,
    created: Timestamp,
    chunks: Vec<NewChunk>,
) -> BlobCommit {
    BlobCommit { stream, content_id: id(name), created, chunks, staged_chunks: 0, at: created }
}
