//! Ledger deltas as rows. Applying one twice, or an older one again, changes nothing (promise L4).

use rusqlite::{Connection, params};
use trailhound_model::{ContentId, Delta, Gap, GapReason, Span, SweepTier, Timestamp};

use super::blob_rows::{BlobState, delete_gap, insert_found, insert_gap, known_blob, move_blob};
use super::errors::Result;
use crate::{Applied, JournalError, StreamId};

/// Applies the deltas in order.
pub(super) fn record(conn: &Connection, stream: StreamId, deltas: &[Delta]) -> Result<Applied> {
    require_stream(conn, stream)?;
    let mut applied = Applied::default();
    for delta in deltas {
        apply(conn, stream, delta, &mut applied)?;
    }
    Ok(applied)
}

/// Refuses a stream that was never registered.
pub(super) fn require_stream(conn: &Connection, stream: StreamId) -> Result<()> {
    let known = conn.prepare_cached("SELECT 1 FROM stream WHERE id = ?1")?.exists([stream.0])?;
    if known { Ok(()) } else { Err(JournalError::refused(format!("stream {} is not registered", stream.0))) }
}

fn apply(conn: &Connection, stream: StreamId, delta: &Delta, applied: &mut Applied) -> Result<()> {
    match delta {
        Delta::Horizon { from } => reach_back(conn, stream, *from),
        Delta::Found { blobs, at } => {
            for blob in blobs {
                if insert_found(conn, stream, blob, *at)? {
                    applied.new_blobs.push(blob.clone());
                }
            }
            move_forward(conn, stream, StreamTime::LastSuccess, *at)
        }
        Delta::Listed { span, sweeps, at } => {
            cover(conn, stream, *span)?;
            for tier in sweeps {
                complete_sweep(conn, stream, *tier, *at)?;
            }
            move_forward(conn, stream, StreamTime::LastSuccess, *at)
        }
        Delta::Journalled { .. } => Err(JournalError::refused("journalling a blob goes with its records")),
        Delta::Failed { content_id, strike, next_try, error } => {
            note_failure(conn, stream, content_id, *strike, *next_try, error)
        }
        Delta::Gap(gap) => record_gap(conn, stream, gap),
        Delta::Reopened { content_id, at } => {
            if reopen(conn, stream, content_id, *at)? {
                applied.reopened.push(super::load::pending_blob(conn, stream, content_id)?);
            }
            Ok(())
        }
        Delta::Hastened { content_id, at } => hasten(conn, stream, content_id, *at),
        Delta::Uncovered { span, .. } => uncover(conn, stream, *span),
        Delta::Subscribed { at } => move_forward(conn, stream, StreamTime::Subscribed, *at),
        Delta::StartSent { at } => move_forward(conn, stream, StreamTime::StartSent, *at),
    }
}

/// Times of a stream that only move forward.
#[derive(Clone, Copy)]
pub(super) enum StreamTime {
    LastSuccess,
    Subscribed,
    StartSent,
    NewestBlob,
    LastJournalled,
}

/// Sets the time unless a later one is there.
pub(super) fn move_forward(
    conn: &Connection,
    stream: StreamId,
    which: StreamTime,
    at: Timestamp,
) -> Result<()> {
    let sql = match which {
        StreamTime::LastSuccess => {
            "UPDATE stream SET last_success = max(coalesce(last_success, ?2), ?2) WHERE id = ?1"
        }
        StreamTime::Subscribed => {
            "UPDATE stream SET subscribed_at = max(coalesce(subscribed_at, ?2), ?2) WHERE id = ?1"
        }
        StreamTime::StartSent => {
            "UPDATE stream SET start_sent_at = max(coalesce(start_sent_at, ?2), ?2) WHERE id = ?1"
        }
        StreamTime::NewestBlob => {
            "UPDATE stream SET newest_blob = max(coalesce(newest_blob, ?2), ?2) WHERE id = ?1"
        }
        StreamTime::LastJournalled => {
            "UPDATE stream SET last_journalled_at = max(coalesce(last_journalled_at, ?2), ?2) WHERE id = ?1"
        }
    };
    conn.prepare_cached(sql)?.execute(params![stream.0, at.as_millis()])?;
    Ok(())
}

fn reach_back(conn: &Connection, stream: StreamId, from: Timestamp) -> Result<()> {
    conn.prepare_cached("UPDATE stream SET horizon = min(coalesce(horizon, ?2), ?2) WHERE id = ?1")?
        .execute(params![stream.0, from.as_millis()])?;
    Ok(())
}

fn complete_sweep(conn: &Connection, stream: StreamId, tier: SweepTier, at: Timestamp) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO sweep (stream, tier, at) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
    )?
    .execute(params![stream.0, tier.0, at.as_millis()])?;
    Ok(())
}

/// Adds a span to the coverage; what it touches is merged into one row.
fn cover(conn: &Connection, stream: StreamId, span: Span) -> Result<()> {
    let (from, to) = (span.from.as_millis(), span.to.as_millis());
    let touched: (Option<i64>, Option<i64>) = conn
        .prepare_cached(
            "SELECT min(from_ms), max(to_ms) FROM covered WHERE stream = ?1 AND from_ms <= ?3 AND to_ms >= ?2",
        )?
        .query_row(params![stream.0, from, to], |row| Ok((row.get(0)?, row.get(1)?)))?;
    conn.prepare_cached("DELETE FROM covered WHERE stream = ?1 AND from_ms <= ?3 AND to_ms >= ?2")?
        .execute(params![stream.0, from, to])?;
    conn.prepare_cached("INSERT INTO covered (stream, from_ms, to_ms) VALUES (?1, ?2, ?3)")?.execute(
        params![stream.0, touched.0.map_or(from, |x| x.min(from)), touched.1.map_or(to, |x| x.max(to))],
    )?;
    Ok(())
}

/// A failure counts once: its `next_try` lies after that of every failure before it.
fn note_failure(
    conn: &Connection,
    stream: StreamId,
    content_id: &ContentId,
    strike: bool,
    next_try: Timestamp,
    error: &str,
) -> Result<()> {
    conn.prepare_cached(
        "UPDATE blob SET attempts = attempts + 1, strikes = strikes + ?3, last_error = ?5,
         next_try = ?4
         WHERE stream = ?1 AND content_id = ?2 AND state = 0 AND next_try < ?4",
    )?
    .execute(params![stream.0, content_id.as_str(), i64::from(strike), next_try.as_millis(), error])?;
    Ok(())
}

fn record_gap(conn: &Connection, stream: StreamId, gap: &Gap) -> Result<()> {
    if let Some(content_id) = &gap.content_id {
        return give_up_blob(conn, stream, content_id, gap);
    }
    cover(conn, stream, gap.span)?;
    insert_gap(conn, stream, gap)
}

/// Pending → gap. In any other state the blob is in a gap row already, or was had after all.
fn give_up_blob(conn: &Connection, stream: StreamId, content_id: &ContentId, gap: &Gap) -> Result<()> {
    let Some(known) = known_blob(conn, stream, content_id.as_str())? else {
        return Err(JournalError::refused(format!("a gap of the unknown blob `{content_id}`")));
    };
    if known.state != BlobState::Pending {
        return Ok(());
    }
    move_blob(conn, stream, content_id.as_str(), BlobState::Pending, BlobState::Gap)?;
    insert_gap(conn, stream, gap)
}

/// Gap → pending, with a clean slate; `false` in any other state: there is no gap row to withdraw.
fn reopen(conn: &Connection, stream: StreamId, content_id: &ContentId, at: Timestamp) -> Result<bool> {
    let known = known_blob(conn, stream, content_id.as_str())?;
    if known.is_none_or(|known| known.state != BlobState::Gap) {
        return Ok(false);
    }
    delete_gap(conn, stream, content_id.as_str())?;
    move_blob(conn, stream, content_id.as_str(), BlobState::Gap, BlobState::Pending)?;
    hasten(conn, stream, content_id, at)?;
    Ok(true)
}

/// Gives a pending blob a clean slate.
fn hasten(conn: &Connection, stream: StreamId, content_id: &ContentId, at: Timestamp) -> Result<()> {
    conn.prepare_cached(
        "UPDATE blob SET attempts = 0, strikes = 0, last_error = '', next_try = ?3
         WHERE stream = ?1 AND content_id = ?2 AND state = 0",
    )?
    .execute(params![stream.0, content_id.as_str(), at.as_millis()])?;
    Ok(())
}

/// Takes a span out of the coverage and out of the span rows that say that it is out of reach.
fn uncover(conn: &Connection, stream: StreamId, span: Span) -> Result<()> {
    let (from, to) = (span.from.as_millis(), span.to.as_millis());
    let bounds = params![stream.0, from, to];
    // A row that reaches out on both sides becomes two; its later part is new.
    conn.prepare_cached(
        "INSERT INTO covered (stream, from_ms, to_ms)
         SELECT stream, ?3, to_ms FROM covered WHERE stream = ?1 AND from_ms < ?3 AND to_ms > ?3",
    )?
    .execute(bounds)?;
    conn.prepare_cached("DELETE FROM covered WHERE stream = ?1 AND from_ms >= ?2 AND from_ms < ?3")?
        .execute(bounds)?;
    conn.prepare_cached("UPDATE covered SET to_ms = ?2 WHERE stream = ?1 AND from_ms < ?2 AND to_ms > ?2")?
        .execute(params![stream.0, from])?;
    cut_span_gaps(conn, stream, span)
}

fn cut_span_gaps(conn: &Connection, stream: StreamId, span: Span) -> Result<()> {
    let word = GapReason::OlderThanRetention.word();
    let bounds = params![stream.0, span.from.as_millis(), span.to.as_millis(), word];
    let touched = "stream = ?1 AND content_id IS NULL AND reason = ?4 AND from_ms < ?3 AND to_ms > ?2";
    for (from, to) in [("from_ms", "?2"), ("?3", "to_ms")] {
        conn.prepare_cached(&format!(
            "INSERT OR IGNORE INTO gap (stream, from_ms, to_ms, reason, detail, at)
             SELECT stream, {from}, {to}, reason, detail, at FROM gap WHERE {touched} AND {from} < {to} ORDER BY at"
        ))?
        .execute(bounds)?;
    }
    conn.prepare_cached(&format!("DELETE FROM gap WHERE {touched}"))?.execute(bounds)?;
    Ok(())
}
