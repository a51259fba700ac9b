//! A stream's ledger out of its rows: equal to what applying its deltas in memory gives.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use trailhound_model::{
    Blob, BlobCounts, ContentId, PendingBlob, SpanSet, StreamFacts, SweepTier, Timestamp,
};

use super::blob_rows::BlobState;
use super::errors::Result;
use super::rows::{number, optional_time, span, time};
use crate::{JournalError, StreamId};

/// The facts that the planner needs.
pub(super) fn load(conn: &Connection, stream: StreamId) -> Result<StreamFacts> {
    let mut statement = conn.prepare_cached(
        "SELECT horizon, subscribed_at, start_sent_at, last_success FROM stream WHERE id = ?1",
    )?;
    let mut rows = statement.query([stream.0])?;
    let Some(row) = rows.next()? else {
        return Err(JournalError::refused(format!("stream {} is not registered", stream.0)));
    };
    Ok(StreamFacts {
        horizon: optional_time(row, 0)?,
        covered: covered(conn, stream)?,
        pending: pending(conn, stream)?,
        sweeps: sweeps(conn, stream)?,
        subscribed_at: optional_time(row, 1)?,
        start_sent_at: optional_time(row, 2)?,
        last_success: optional_time(row, 3)?,
    })
}

/// The coverage, merged.
pub(super) fn covered(conn: &Connection, stream: StreamId) -> Result<SpanSet> {
    let mut statement =
        conn.prepare_cached("SELECT from_ms, to_ms FROM covered WHERE stream = ?1 ORDER BY from_ms")?;
    let mut rows = statement.query([stream.0])?;
    let mut covered = SpanSet::new();
    while let Some(row) = rows.next()? {
        covered.insert(span(row, 0)?);
    }
    Ok(covered)
}

/// Blobs by state, counted from the rows that are there; with them those whose rows have retired.
pub(super) fn recount(conn: &Connection, stream: StreamId) -> Result<BlobCounts> {
    super::ledger::require_stream(conn, stream)?;
    let mut statement =
        conn.prepare_cached("SELECT state, count(*) FROM blob WHERE stream = ?1 GROUP BY state")?;
    let mut rows = statement.query([stream.0])?;
    let retired: i64 = conn
        .prepare_cached("SELECT retired FROM stream WHERE id = ?1")?
        .query_row([stream.0], |row| row.get(0))?;
    let retired = retired.cast_unsigned();
    let mut counts = BlobCounts { listed: retired, journalled: retired, ..BlobCounts::default() };
    while let Some(row) = rows.next()? {
        let blobs = number(row, 1)?;
        counts.listed += blobs;
        match BlobState::from_number(row.get(0)?)? {
            BlobState::Pending => counts.pending = blobs,
            BlobState::Journalled => counts.journalled += blobs,
            BlobState::Gap => counts.gap = blobs,
        }
    }
    Ok(counts)
}

/// One pending blob.
pub(super) fn pending_blob(
    conn: &Connection,
    stream: StreamId,
    content_id: &ContentId,
) -> Result<PendingBlob> {
    let mut statement = conn.prepare_cached(
        "SELECT content_id, uri, created, expires, found_at, attempts, strikes, next_try, last_error
         FROM blob WHERE stream = ?1 AND content_id = ?2 AND state = 0",
    )?;
    let mut rows = statement.query(params![stream.0, content_id.as_str()])?;
    match rows.next()? {
        Some(row) => pending_row(row),
        None => Err(JournalError::failed(format!("blob `{content_id}` is not pending"))),
    }
}

fn pending(conn: &Connection, stream: StreamId) -> Result<BTreeMap<ContentId, PendingBlob>> {
    let mut statement = conn.prepare_cached(
        "SELECT content_id, uri, created, expires, found_at, attempts, strikes, next_try, last_error
         FROM blob WHERE stream = ?1 AND state = 0",
    )?;
    let mut rows = statement.query([stream.0])?;
    let mut pending = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let entry = pending_row(row)?;
        pending.insert(entry.blob.content_id.clone(), entry);
    }
    Ok(pending)
}

fn pending_row(row: &Row<'_>) -> Result<PendingBlob> {
    let blob = Blob {
        content_id: ContentId::new(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?),
        uri: row.get(1)?,
        created: time(row, 2)?,
        expires: time(row, 3)?,
    };
    Ok(PendingBlob {
        blob,
        found_at: time(row, 4)?,
        attempts: row.get(5)?,
        strikes: row.get(6)?,
        next_try: time(row, 7)?,
        last_error: row.get(8)?,
    })
}

fn sweeps(conn: &Connection, stream: StreamId) -> Result<BTreeMap<SweepTier, Timestamp>> {
    let mut statement = conn.prepare_cached("SELECT tier, at FROM sweep WHERE stream = ?1")?;
    let mut rows = statement.query([stream.0])?;
    let mut sweeps = BTreeMap::new();
    while let Some(row) = rows.next()? {
        sweeps.insert(SweepTier(row.get(0)?), time(row, 1)?);
    }
    Ok(sweeps)
}
