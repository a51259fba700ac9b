//! Chunks of a blob too large for one step, set aside until the blob is committed.

use rusqlite::{Connection, params};
use trailhound_model::{ContentId, RecordMark};

use super::codec::checksum;
use super::commit::{EncodedChunk, StoredChunk, insert_payload};
use super::errors::Result;
use super::ledger::require_stream;
use super::record_index::pack;
use crate::{JournalError, StreamId};

/// A packed record index with its checksum.
pub(super) struct PackedIndex {
    pub(super) bytes: Vec<u8>,
    pub(super) checksum: i64,
}

/// Sets one chunk aside. A number that is there already is replaced: a repetition changes nothing.
pub(super) fn stage(
    conn: &Connection,
    stream: StreamId,
    content_id: &ContentId,
    number: u32,
    encoded: &EncodedChunk,
) -> Result<()> {
    require_stream(conn, stream)?;
    if number == 0 {
        discard_staged(conn, stream, content_id)?;
    }
    let count = staged_count(conn, stream, content_id)?;
    if number > count {
        return Err(JournalError::refused(format!("chunk {number} staged after only {count}")));
    }
    let place = params![stream.0, content_id.as_str(), number];
    conn.prepare_cached(
        "DELETE FROM payload WHERE id = (SELECT payload FROM staged
         WHERE stream = ?1 AND content_id = ?2 AND number = ?3)",
    )?
    .execute(place)?;
    let row = insert_payload(conn, encoded)?;
    let packed = pack(&encoded.chunk.entries, std::iter::repeat(RecordMark::New));
    conn.prepare_cached(
        "INSERT OR REPLACE INTO staged (stream, content_id, number, payload, codec, checksum, raw_bytes,
         stored_bytes, index_checksum, record_index) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        stream.0,
        content_id.as_str(),
        number,
        row.payload,
        row.codec,
        row.checksum,
        row.raw_bytes,
        row.stored_bytes,
        checksum(&packed),
        packed,
    ])?;
    Ok(())
}

/// How many chunks of the blob are set aside.
pub(super) fn staged_count(conn: &Connection, stream: StreamId, content_id: &ContentId) -> Result<u32> {
    Ok(conn
        .prepare_cached("SELECT count(*) FROM staged WHERE stream = ?1 AND content_id = ?2")?
        .query_row(params![stream.0, content_id.as_str()], |row| row.get(0))?)
}

/// One chunk that was set aside: its row and its record index (all records marked new).
pub(super) fn staged_chunk(
    conn: &Connection,
    stream: StreamId,
    content_id: &ContentId,
    number: u32,
) -> Result<(StoredChunk, PackedIndex)> {
    Ok(conn
        .prepare_cached(
            "SELECT payload, codec, checksum, raw_bytes, stored_bytes, index_checksum, record_index
             FROM staged WHERE stream = ?1 AND content_id = ?2 AND number = ?3",
        )?
        .query_row(params![stream.0, content_id.as_str(), number], |row| {
            let chunk = StoredChunk {
                payload: row.get(0)?,
                codec: row.get(1)?,
                checksum: row.get(2)?,
                raw_bytes: row.get(3)?,
                stored_bytes: row.get(4)?,
            };
            Ok((chunk, PackedIndex { checksum: row.get(5)?, bytes: row.get(6)? }))
        })?)
}

/// Drops what is set aside for the blob, with its bytes.
pub(super) fn discard_staged(conn: &Connection, stream: StreamId, content_id: &ContentId) -> Result<()> {
    conn.prepare_cached(
        "DELETE FROM payload WHERE id IN (SELECT payload FROM staged WHERE stream = ?1 AND content_id = ?2)",
    )?
    .execute(params![stream.0, content_id.as_str()])?;
    conn.prepare_cached("DELETE FROM staged WHERE stream = ?1 AND content_id = ?2")?
        .execute(params![stream.0, content_id.as_str()])?;
    Ok(())
}
