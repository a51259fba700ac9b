//! Commit point 1: a blob's records and the row that says "we have it", in one transaction.

use rusqlite::{Connection, params};
use trailhound_model::{
    ContentId, JournalChunk, NewChunk, RecordCounts, RecordEntry, RecordMark, Seq, StreamKey,
};

use super::blob_rows::{BlobState, delete_gap, insert_found, known_blob, move_blob};
use super::codec::{Codec, Stored, checksum, encode};
use super::core::{Core, checked_index};
use super::errors::Result;
use super::ledger::{StreamTime, move_forward};
use super::record_index::{check_entries, pack};
use super::staging::{discard_staged, staged_chunk, staged_count};
use crate::ids::Day;
use crate::{BlobCommit, Committed, JournalError, StreamId};

/// A chunk checked and encoded: all that can be done before the transaction.
pub(super) struct EncodedChunk {
    pub(super) chunk: NewChunk,
    pub(super) stored: Stored,
}

impl EncodedChunk {
    pub(super) fn new(chunk: NewChunk) -> Result<Self> {
        if !check_entries(&chunk.entries, chunk.raw.len()) {
            return Err(JournalError::refused("records that overlap or lie outside their chunk"));
        }
        let stored = encode(&chunk)?;
        Ok(Self { chunk, stored })
    }

    /// About what it takes to hold it until it is written.
    pub(super) fn cost_bytes(&self) -> usize {
        self.chunk.raw.len() + self.stored.bytes.len() + self.chunk.entries.len() * size_of::<RecordEntry>()
    }
}

/// A chunk's row without its records.
#[derive(Clone, Copy)]
pub(super) struct StoredChunk {
    pub(super) payload: i64,
    pub(super) codec: u8,
    pub(super) checksum: i64,
    pub(super) raw_bytes: i64,
    pub(super) stored_bytes: i64,
}

/// Commits a blob whose chunks are `chunks` after those staged.
pub(super) fn commit_blob(
    core: &mut Core,
    blob: &BlobCommit,
    chunks: Vec<EncodedChunk>,
) -> Result<Committed> {
    let key = stream_key(&core.conn, blob.stream)?;
    if let Some(repeated) = prepare_row(&core.conn, blob)? {
        return Ok(repeated);
    }
    if let Some(error) = &core.ids.blocked {
        return Err(error.clone());
    }
    let mut total = Tally::default();
    for number in 0..blob.staged_chunks {
        let (row, packed) = staged_chunk(&core.conn, blob.stream, &blob.content_id, number)?;
        let records = checked_index(&packed.bytes, packed.checksum, row.raw_bytes).ok_or_else(|| {
            JournalError::damaged(format!("staged chunk {number} of `{}`", blob.content_id))
        })?;
        let entries: Vec<RecordEntry> = records.into_iter().map(|(entry, _)| entry).collect();
        insert_chunk(core, blob, row, &entries, &mut total)?;
    }
    if blob.staged_chunks > 0 {
        discard_staged_rows(&core.conn, blob.stream, &blob.content_id)?;
    }
    for encoded in chunks {
        let row = insert_payload(&core.conn, &encoded)?;
        let NewChunk { raw, entries, .. } = encoded.chunk;
        let (seq, marks) = insert_chunk(core, blob, row, &entries, &mut total)?;
        core.fresh.push(JournalChunk {
            seq,
            key: key.clone(),
            content_id: blob.content_id.clone(),
            created: blob.created,
            raw,
            records: entries.into_iter().zip(marks).collect(),
        });
    }
    finish_row(&core.conn, blob, &total)?;
    Ok(Committed { counts: total.counts, bytes: total.bytes, repeated: false })
}

/// Writes a chunk's bytes.
pub(super) fn insert_payload(conn: &Connection, encoded: &EncodedChunk) -> Result<StoredChunk> {
    conn.prepare_cached("INSERT INTO payload (bytes) VALUES (?1)")?.execute([&encoded.stored.bytes[..]])?;
    Ok(StoredChunk {
        payload: conn.last_insert_rowid(),
        codec: encoded.stored.codec.number(),
        checksum: encoded.stored.checksum,
        raw_bytes: encoded.chunk.raw.len() as i64,
        stored_bytes: encoded.stored.bytes.len() as i64,
    })
}

/// The codec of a stored number.
pub(super) fn codec_of(number: u8) -> Result<Codec> {
    Codec::from_number(number).ok_or_else(|| JournalError::damaged(format!("`{number}` is no codec")))
}

#[derive(Default)]
struct Tally {
    counts: RecordCounts,
    bytes: u64,
}

/// Makes sure that there is a pending row. `Some` when the blob is journalled already.
fn prepare_row(conn: &Connection, blob: &BlobCommit) -> Result<Option<Committed>> {
    let staged = staged_count(conn, blob.stream, &blob.content_id)?;
    let known = known_blob(conn, blob.stream, blob.content_id.as_str())?;
    if let Some(known) = known.as_ref().filter(|known| known.state == BlobState::Journalled) {
        discard_staged(conn, blob.stream, &blob.content_id)?;
        return Ok(Some(Committed { counts: known.counts, bytes: known.bytes, repeated: true }));
    }
    if staged != blob.staged_chunks {
        let detail = format!("{staged} chunks are staged, not {}", blob.staged_chunks);
        return Err(JournalError::refused(detail));
    }
    match known.map(|known| known.state) {
        Some(BlobState::Gap) => {
            delete_gap(conn, blob.stream, blob.content_id.as_str())?;
            move_blob(conn, blob.stream, blob.content_id.as_str(), BlobState::Gap, BlobState::Pending)?;
        }
        Some(_) => {}
        None => {
            let found = trailhound_model::Blob {
                content_id: blob.content_id.clone(),
                uri: String::new(),
                created: blob.created,
                expires: blob.created,
            };
            insert_found(conn, blob.stream, &found, blob.at)?;
        }
    }
    Ok(None)
}

fn insert_chunk(
    core: &mut Core,
    blob: &BlobCommit,
    row: StoredChunk,
    entries: &[RecordEntry],
    total: &mut Tally,
) -> Result<(Seq, Vec<RecordMark>)> {
    let marks = core.index.mark_records(blob.stream.0, Day::of(blob.created), entries)?;
    let counts = count(&marks);
    let packed = pack(entries, marks.iter().copied());
    let seq = Seq(core.newest.0 + 1);
    core.conn
        .prepare_cached(
            "INSERT INTO chunk (seq, stream, content_id, created, at, payload, codec, checksum, raw_bytes,
             stored_bytes, records, deliverable, index_checksum, record_index)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            seq.0.cast_signed(),
            blob.stream.0,
            blob.content_id.as_str(),
            blob.created.as_millis(),
            blob.at.as_millis(),
            row.payload,
            row.codec,
            row.checksum,
            row.raw_bytes,
            row.stored_bytes,
            counts.fetched.cast_signed(),
            counts.deliverable().cast_signed(),
            checksum(&packed),
            packed,
        ])?;
    core.newest = seq;
    total.counts += counts;
    total.bytes += row.raw_bytes.cast_unsigned();
    Ok((seq, marks))
}

fn count(marks: &[RecordMark]) -> RecordCounts {
    let of = |mark| marks.iter().filter(|&&m| m == mark).count() as u64;
    RecordCounts {
        fetched: marks.len() as u64,
        duplicates: of(RecordMark::Duplicate),
        revisions: of(RecordMark::Revision),
    }
}

/// The row of a journalled blob needs no address any more; it would be most of its size.
fn finish_row(conn: &Connection, blob: &BlobCommit, total: &Tally) -> Result<()> {
    let counts = total.counts;
    conn.prepare_cached(
        "UPDATE blob SET uri = '', last_error = '', fetched = ?3, duplicates = ?4, revisions = ?5, bytes = ?6
         WHERE stream = ?1 AND content_id = ?2",
    )?
    .execute(params![
        blob.stream.0,
        blob.content_id.as_str(),
        counts.fetched.cast_signed(),
        counts.duplicates.cast_signed(),
        counts.revisions.cast_signed(),
        total.bytes.cast_signed(),
    ])?;
    move_blob(conn, blob.stream, blob.content_id.as_str(), BlobState::Pending, BlobState::Journalled)?;
    conn.prepare_cached(
        "UPDATE stream SET fetched = fetched + ?2, duplicates = duplicates + ?3, revisions = revisions + ?4,
         bytes = bytes + ?5 WHERE id = ?1",
    )?
    .execute(params![
        blob.stream.0,
        counts.fetched.cast_signed(),
        counts.duplicates.cast_signed(),
        counts.revisions.cast_signed(),
        total.bytes.cast_signed(),
    ])?;
    move_forward(conn, blob.stream, StreamTime::NewestBlob, blob.created)?;
    move_forward(conn, blob.stream, StreamTime::LastJournalled, blob.at)?;
    move_forward(conn, blob.stream, StreamTime::LastSuccess, blob.at)
}

fn stream_key(conn: &Connection, stream: StreamId) -> Result<StreamKey> {
    let mut statement = conn.prepare_cached("SELECT instance, name FROM stream WHERE id = ?1")?;
    let mut rows = statement.query([stream.0])?;
    match rows.next()? {
        Some(row) => super::rows::stream_key(row, 0),
        None => Err(JournalError::refused(format!("stream {} is not registered", stream.0))),
    }
}

fn discard_staged_rows(conn: &Connection, stream: StreamId, content_id: &ContentId) -> Result<()> {
    conn.prepare_cached("DELETE FROM staged WHERE stream = ?1 AND content_id = ?2")?
        .execute(params![stream.0, content_id.as_str()])?;
    Ok(())
}
