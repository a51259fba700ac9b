//! Chunks out of the file, every byte checked.

use rusqlite::{Connection, Row, params};
use trailhound_model::{ContentId, JournalChunk, Seq};

use super::codec::{checksum, decode};
use super::commit::codec_of;
use super::core::{checked_index, damaged_index};
use super::errors::Result;
use super::rows::{number, stream_key, time};
use crate::JournalError;

/// Chunks after `after` that still have their payload, up to `max_bytes` raw bytes, at least one if any.
pub(super) fn read(conn: &Connection, after: Seq, max_bytes: usize) -> Result<Vec<JournalChunk>> {
    let mut statement = conn.prepare_cached(
        "SELECT c.seq, s.instance, s.name, c.content_id, c.created, c.codec, c.checksum, c.raw_bytes,
         c.index_checksum, c.record_index, p.bytes
         FROM chunk c JOIN stream s ON s.id = c.stream LEFT JOIN payload p ON p.id = c.payload
         WHERE c.seq > max(?1, (SELECT value FROM meta WHERE name = 'forgotten_to')) ORDER BY c.seq",
    )?;
    let mut rows = statement.query(params![after.0.cast_signed()])?;
    let mut chunks: Vec<JournalChunk> = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let raw_bytes = usize::try_from(number(row, 7)?).unwrap_or(usize::MAX);
        if !chunks.is_empty() && bytes + raw_bytes > max_bytes {
            break;
        }
        bytes += raw_bytes;
        chunks.push(chunk(row, raw_bytes)?);
    }
    Ok(chunks)
}

fn chunk(row: &Row<'_>, raw_bytes: usize) -> Result<JournalChunk> {
    let seq: i64 = row.get(0)?;
    let packed = row.get_ref(9)?.as_blob().map_err(rusqlite::Error::from)?;
    let records = checked_index(packed, row.get(8)?, row.get(7)?).ok_or_else(|| damaged_index(seq))?;
    let Some(stored) = row.get::<_, Option<Vec<u8>>>(10)? else {
        return Err(JournalError::damaged(format!("the bytes of chunk {seq} are missing")));
    };
    if checksum(&stored) != row.get::<_, i64>(6)? {
        return Err(JournalError::damaged(format!("the bytes of chunk {seq} do not match their checksum")));
    }
    let raw = decode(codec_of(row.get(5)?)?, stored, raw_bytes)
        .map_err(|why| JournalError::damaged(format!("the bytes of chunk {seq}: {why}")))?;
    Ok(JournalChunk {
        seq: Seq(number(row, 0)?),
        key: stream_key(row, 1)?,
        content_id: ContentId::new(&row.get::<_, String>(3)?),
        created: time(row, 4)?,
        raw,
        records,
    })
}
