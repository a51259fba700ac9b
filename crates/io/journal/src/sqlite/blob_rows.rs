//! Rows of blobs and gaps, and the sums that go with every change of a blob's state.

use rusqlite::{Connection, OptionalExtension, params};
use trailhound_model::{Blob, ContentId, Gap, RecordCounts, Timestamp};

use super::errors::Result;
use crate::{JournalError, StreamId};

/// Where a blob is; the column `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlobState {
    Pending,
    Journalled,
    Gap,
}

impl BlobState {
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Journalled => 1,
            Self::Gap => 2,
        }
    }

    pub(super) fn from_number(number: u8) -> Result<Self> {
        [Self::Pending, Self::Journalled, Self::Gap]
            .into_iter()
            .find(|state| state.number() == number)
            .ok_or_else(|| JournalError::damaged(format!("`{number}` is no state of a blob")))
    }
}

/// What deciding about a delta needs of a known blob.
pub(super) struct KnownBlob {
    pub(super) state: BlobState,
    pub(super) counts: RecordCounts,
    pub(super) bytes: u64,
}

/// The row of a blob.
pub(super) fn known_blob(conn: &Connection, stream: StreamId, content_id: &str) -> Result<Option<KnownBlob>> {
    let row = conn
        .prepare_cached(
            "SELECT state, fetched, duplicates, revisions, bytes
             FROM blob WHERE stream = ?1 AND content_id = ?2",
        )?
        .query_row(params![stream.0, content_id], |row| {
            let counts = RecordCounts {
                fetched: row.get::<_, i64>(1)?.cast_unsigned(),
                duplicates: row.get::<_, i64>(2)?.cast_unsigned(),
                revisions: row.get::<_, i64>(3)?.cast_unsigned(),
            };
            let bytes = row.get::<_, i64>(4)?.cast_unsigned();
            Ok((row.get::<_, u8>(0)?, counts, bytes))
        })
        .optional()?;
    let Some((state, counts, bytes)) = row else { return Ok(None) };
    let state = BlobState::from_number(state)?;
    Ok(Some(KnownBlob { state, counts, bytes }))
}

/// Adds a pending blob; `false` when it is known already.
pub(super) fn insert_found(conn: &Connection, stream: StreamId, blob: &Blob, at: Timestamp) -> Result<bool> {
    let inserted = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO blob (stream, content_id, state, created, expires, uri, found_at, next_try)
             VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?6)",
        )?
        .execute(params![
            stream.0,
            blob.content_id.as_str(),
            blob.created.as_millis(),
            blob.expires.as_millis(),
            blob.uri,
            at.as_millis(),
        ])?;
    if inserted == 1 {
        conn.prepare_cached("UPDATE stream SET listed = listed + 1, pending = pending + 1 WHERE id = ?1")?
            .execute([stream.0])?;
    }
    Ok(inserted == 1)
}

/// Moves a blob to another state, in its row and in the sums.
pub(super) fn move_blob(
    conn: &Connection,
    stream: StreamId,
    content_id: &str,
    from: BlobState,
    to: BlobState,
) -> Result<()> {
    conn.prepare_cached("UPDATE blob SET state = ?3 WHERE stream = ?1 AND content_id = ?2")?
        .execute(params![stream.0, content_id, to.number()])?;
    let change = |state: BlobState| i64::from(to == state) - i64::from(from == state);
    conn.prepare_cached(
        "UPDATE stream SET pending = pending + ?2, journalled = journalled + ?3, gap = gap + ?4 WHERE id = ?1",
    )?
    .execute(params![
        stream.0,
        change(BlobState::Pending),
        change(BlobState::Journalled),
        change(BlobState::Gap),
    ])?;
    Ok(())
}

/// Adds a gap row; one that says the same is left as it is.
pub(super) fn insert_gap(conn: &Connection, stream: StreamId, gap: &Gap) -> Result<()> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO gap (stream, from_ms, to_ms, reason, detail, content_id, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        stream.0,
        gap.span.from.as_millis(),
        gap.span.to.as_millis(),
        gap.reason.word(),
        gap.reason.detail(),
        gap.content_id.as_ref().map(ContentId::as_str),
        gap.at.as_millis(),
    ])?;
    Ok(())
}

/// Removes the gap row of a blob.
pub(super) fn delete_gap(conn: &Connection, stream: StreamId, content_id: &str) -> Result<()> {
    conn.prepare_cached("DELETE FROM gap WHERE stream = ?1 AND content_id = ?2")?
        .execute(params![stream.0, content_id])?;
    Ok(())
}
