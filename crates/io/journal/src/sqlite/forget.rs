//! Dropping what nobody needs any more, in steps small enough not to hold up a commit.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, params};
use trailhound_model::{Timestamp, days};

use super::core::{Core, meta, set_meta};
use super::errors::Result;
use super::id_runs::delete_runs_before;
use crate::ids::Day;

/// Most payload rows dropped by one call, and most bytes of them.
const FORGET_PAYLOADS: i64 = 256;
const FORGET_BYTES: u64 = 64 << 20;
/// Most record indexes emptied, and most dropped, by one call.
const FORGET_INDEXES: i64 = 1_024;

/// Most blob rows retired by one call.
const RETIRE_BLOBS: i64 = 2_048;
/// So long after its content expired Microsoft surely lists a blob no more, whatever the clocks say.
const UNLISTED_FOR: Duration = days(1);

/// One step. Returns dropped payload rows, and of each other kind the rows of a full step: it may leave more to drop.
pub(super) fn forget(core: &mut Core, now: Timestamp) -> Result<u64> {
    let dropped = forget_payload(&core.conn, now - core.retention)?;
    let emptied = empty_sealed_indexes(&core.conn)?;
    let first_kept = Day::of(now - core.dedup_horizon);
    let chunks = forget_ids(core, first_kept)?;
    let retired = retire_blobs(&core.conn, first_kept, now - UNLISTED_FOR)?;
    Ok(dropped + emptied + if_full(chunks, FORGET_INDEXES) + if_full(retired, RETIRE_BLOBS))
}

/// So many rows, if they are a full step.
fn if_full(rows: u64, step: i64) -> u64 {
    if rows >= step.cast_unsigned() { rows } else { 0 }
}

/// In order of position, until a chunk that a reader lacks or that is younger than `before`.
fn forget_payload(conn: &Connection, before: Timestamp) -> Result<u64> {
    let all_have: i64 = conn
        .prepare_cached("SELECT coalesce(min(position), 9223372036854775807) FROM reader")?
        .query_row([], |row| row.get(0))?;
    let forgotten_to = meta(conn, "forgotten_to")?;
    let mut statement = conn.prepare_cached(
        "SELECT seq, at, payload, stored_bytes FROM chunk WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
    )?;
    let mut rows = statement.query(params![forgotten_to, all_have, FORGET_PAYLOADS])?;
    let (mut last, mut bytes, mut dropped) = (forgotten_to, 0, 0);
    while let Some(row) = rows.next()? {
        let at = Timestamp::from_millis(row.get(1)?);
        if at >= before || bytes >= FORGET_BYTES {
            break;
        }
        bytes += super::rows::number(row, 3)?;
        last = row.get(0)?;
        conn.prepare_cached("DELETE FROM payload WHERE id = ?1")?.execute([row.get::<_, i64>(2)?])?;
        dropped += 1;
    }
    if dropped > 0 {
        set_meta(conn, "forgotten_to", last)?;
    }
    Ok(dropped)
}

/// A chunk without payload needs its record index only until its ids are in files. Answers the emptied ones when
/// more are left.
fn empty_sealed_indexes(conn: &Connection) -> Result<u64> {
    let emptied_to = meta(conn, "emptied_to")?;
    let may_go = meta(conn, "sealed_to")?.min(meta(conn, "forgotten_to")?);
    if may_go <= emptied_to {
        return Ok(0);
    }
    let to = may_go.min(emptied_to.saturating_add(FORGET_INDEXES));
    conn.prepare_cached("UPDATE chunk SET record_index = x'' WHERE seq > ?1 AND seq <= ?2")?
        .execute([emptied_to, to])?;
    set_meta(conn, "emptied_to", to)?;
    Ok(if to < may_go { (to - emptied_to).cast_unsigned() } else { 0 })
}

/// Record ids go by the age of their blob, a day at a time, and never before their payload. Answers how many
/// chunk rows went.
fn forget_ids(core: &mut Core, first_kept: Day) -> Result<u64> {
    let first_kept_ms = first_kept.start().as_millis();
    let dropped_runs = delete_runs_before(&core.conn, first_kept)?;
    if first_kept_ms > meta(&core.conn, "evicted_before")? {
        set_meta(&core.conn, "evicted_before", first_kept_ms)?;
        core.evict_before = Some(first_kept);
    }
    if !dropped_runs.is_empty() {
        core.evict_before = core.evict_before.max(Some(first_kept));
        core.dropped_runs.extend(dropped_runs);
    }
    let forgotten_to = meta(&core.conn, "forgotten_to")?;
    let chunks = core
        .conn
        .prepare_cached(
            "DELETE FROM chunk WHERE seq IN
             (SELECT seq FROM chunk WHERE created < ?1 AND seq <= ?2 ORDER BY created LIMIT ?3)",
        )?
        .execute(params![first_kept_ms, forgotten_to, FORGET_INDEXES])?;
    Ok(chunks as u64)
}

/// A blob that is journalled, cannot be listed again and has no ids any more is kept as a number alone. Blobs in gap
/// rows stay, as their rows do. Answers how many went.
fn retire_blobs(conn: &Connection, first_kept: Day, expired_before: Timestamp) -> Result<u64> {
    let mut statement = conn.prepare_cached(
        "DELETE FROM blob WHERE (stream, content_id) IN
         (SELECT stream, content_id FROM blob INDEXED BY blob_journalled
          WHERE state = 1 AND created < ?1 AND expires < ?2 ORDER BY created LIMIT ?3)
         RETURNING stream",
    )?;
    let mut rows =
        statement.query(params![first_kept.start().as_millis(), expired_before.as_millis(), RETIRE_BLOBS])?;
    let mut retired: BTreeMap<u32, i64> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        *retired.entry(row.get(0)?).or_default() += 1;
    }
    let all: i64 = retired.values().sum();
    for (stream, blobs) in retired {
        conn.prepare_cached("UPDATE stream SET retired = retired + ?2 WHERE id = ?1")?
            .execute(params![stream, blobs])?;
    }
    Ok(all.cast_unsigned())
}
