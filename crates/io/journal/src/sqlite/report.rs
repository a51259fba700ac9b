//! The report on all streams.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row, params};
use trailhound_model::{
    BlobCounts, ContentId, DeliveryCounts, Gap, GapReason, OutputName, RecordCounts, Seq, StreamCounts,
    Timestamp,
};

use super::errors::Result;
use super::rows::{number, optional_time, output_name, span, stream_key, time};
use crate::{MAX_REPORTED_GAPS, ReaderState, Recount, StreamId, StreamReport, StreamSums};

/// Rows of streams as [`stream_report`] and [`counts`] read them.
const STREAMS: &str = "SELECT id, instance, name, horizon, newest_blob, last_journalled_at,
    listed, journalled, gap, pending, fetched, duplicates, revisions, bytes FROM stream";

/// All streams, sorted by key, as of one instant.
pub(super) fn report(conn: &Connection) -> Result<Vec<StreamReport>> {
    // One read transaction: the sums of one stream belong together.
    let _transaction = if conn.is_autocommit() { Some(conn.unchecked_transaction()?) } else { None };
    let mut statement = conn.prepare_cached(STREAMS)?;
    let mut rows = statement.query([])?;
    let mut reports = Vec::new();
    while let Some(row) = rows.next()? {
        reports.push(stream_report(conn, row)?);
    }
    reports.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(reports)
}

/// The blobs of poison gap rows created after `after`, by stream; of very many the newest.
pub(super) fn poisoned(conn: &Connection, after: Timestamp) -> Result<BTreeMap<StreamId, Vec<ContentId>>> {
    // The word is the one that `insert_gap` writes for this reason.
    let word = GapReason::Poison(String::new()).word();
    let mut statement = conn.prepare_cached(
        "SELECT stream, content_id FROM gap
         WHERE content_id IS NOT NULL AND reason = ?1 AND from_ms > ?2 ORDER BY from_ms DESC LIMIT ?3",
    )?;
    let mut rows = statement.query(params![word, after.as_millis(), MAX_REPORTED_GAPS as i64])?;
    let mut poisoned: BTreeMap<StreamId, Vec<ContentId>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let content_id = ContentId::new(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?);
        poisoned.entry(StreamId(row.get(0)?)).or_default().push(content_id);
    }
    Ok(poisoned)
}

/// The sums of all streams, sorted by key, as of one instant: two walks, whatever the number of streams.
pub(super) fn sums(conn: &Connection) -> Result<Vec<StreamSums>> {
    let transaction = conn.unchecked_transaction()?;
    let mut deliveries = deliveries_by_stream(&transaction)?;
    let mut statement = transaction.prepare_cached(STREAMS)?;
    let mut rows = statement.query([])?;
    let mut sums = Vec::new();
    while let Some(row) = rows.next()? {
        sums.push(StreamSums {
            key: stream_key(row, 1)?,
            counts: counts(row)?,
            deliveries: deliveries.remove(&row.get(0)?).unwrap_or_default(),
        });
    }
    sums.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(sums)
}

/// Kept sums beside counted ones, each pair as of one instant.
pub(super) fn recount_next(
    conn: &Connection,
    after: Option<StreamId>,
    streams: usize,
) -> Result<Vec<Recount>> {
    // One read transaction a call: commits go on beside it.
    let _transaction = if conn.is_autocommit() { Some(conn.unchecked_transaction()?) } else { None };
    let mut statement = conn.prepare_cached(&format!("{STREAMS} WHERE id > ?1 ORDER BY id LIMIT ?2"))?;
    let first_after = after.map_or(-1, |stream| i64::from(stream.0));
    let mut rows = statement.query(params![first_after, i64::try_from(streams).unwrap_or(i64::MAX)])?;
    let mut recounts = Vec::new();
    while let Some(row) = rows.next()? {
        let stream = StreamId(row.get(0)?);
        let (key, kept) = (stream_key(row, 1)?, counts(row)?.blobs);
        recounts.push(Recount { stream, key, kept, counted: super::load::recount(conn, stream)? });
    }
    Ok(recounts)
}

/// All readers, sorted by name.
pub(super) fn readers(conn: &Connection) -> Result<Vec<(OutputName, ReaderState)>> {
    let mut statement =
        conn.prepare_cached("SELECT name, position, output_state FROM reader ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut readers = Vec::new();
    while let Some(row) = rows.next()? {
        let state = ReaderState { position: Seq(number(row, 1)?), output_state: row.get(2)? };
        readers.push((output_name(row, 0)?, state));
    }
    Ok(readers)
}

fn stream_report(conn: &Connection, row: &Row<'_>) -> Result<StreamReport> {
    let stream = StreamId(row.get(0)?);
    Ok(StreamReport {
        key: stream_key(row, 1)?,
        counts: counts(row)?,
        horizon: optional_time(row, 3)?,
        covered: super::load::covered(conn, stream)?.spans().to_vec(),
        gaps: gaps(conn, stream)?,
        failing: failing(conn, stream)?,
        newest_blob: optional_time(row, 4)?,
        last_journalled_at: optional_time(row, 5)?,
        deliveries: deliveries(conn, stream)?,
    })
}

fn counts(row: &Row<'_>) -> Result<StreamCounts> {
    Ok(StreamCounts {
        blobs: BlobCounts {
            listed: number(row, 6)?,
            journalled: number(row, 7)?,
            gap: number(row, 8)?,
            pending: number(row, 9)?,
        },
        records: RecordCounts {
            fetched: number(row, 10)?,
            duplicates: number(row, 11)?,
            revisions: number(row, 12)?,
        },
        bytes: number(row, 13)?,
    })
}

fn gaps(conn: &Connection, stream: StreamId) -> Result<Vec<Gap>> {
    let mut statement = conn.prepare_cached(
        "SELECT from_ms, to_ms, reason, detail, content_id, at FROM gap
         WHERE stream = ?1 ORDER BY from_ms, to_ms, id LIMIT ?2",
    )?;
    let mut rows = statement.query(params![stream.0, MAX_REPORTED_GAPS as i64])?;
    let mut gaps = Vec::new();
    while let Some(row) = rows.next()? {
        let reason = super::blobs::reason(row, 2)?;
        let content_id = row.get::<_, Option<String>>(4)?.map(|id| ContentId::new(&id));
        gaps.push(Gap { span: span(row, 0)?, reason, content_id, at: time(row, 5)? });
    }
    Ok(gaps)
}

fn failing(conn: &Connection, stream: StreamId) -> Result<Vec<(ContentId, u32, String)>> {
    let mut statement = conn.prepare_cached(
        "SELECT content_id, attempts, last_error FROM blob
         WHERE stream = ?1 AND state = 0 AND attempts > 0 ORDER BY created, content_id LIMIT ?2",
    )?;
    let mut rows = statement.query(params![stream.0, MAX_REPORTED_GAPS as i64])?;
    let mut failing = Vec::new();
    while let Some(row) = rows.next()? {
        failing.push((ContentId::new(&row.get::<_, String>(0)?), row.get(1)?, row.get(2)?));
    }
    Ok(failing)
}

fn deliveries(conn: &Connection, stream: StreamId) -> Result<Vec<(OutputName, DeliveryCounts)>> {
    let mut statement = conn.prepare_cached(
        "SELECT reader, delivered, filtered, dead_lettered FROM reader_stream
         WHERE stream = ?1 ORDER BY reader",
    )?;
    let mut rows = statement.query([stream.0])?;
    let mut deliveries = Vec::new();
    while let Some(row) = rows.next()? {
        deliveries.push(delivery(row)?);
    }
    Ok(deliveries)
}

fn deliveries_by_stream(conn: &Connection) -> Result<HashMap<u32, Vec<(OutputName, DeliveryCounts)>>> {
    let mut statement = conn.prepare_cached(
        "SELECT reader, delivered, filtered, dead_lettered, stream FROM reader_stream ORDER BY reader",
    )?;
    let mut rows = statement.query([])?;
    let mut deliveries: HashMap<u32, Vec<_>> = HashMap::new();
    while let Some(row) = rows.next()? {
        deliveries.entry(row.get(4)?).or_default().push(delivery(row)?);
    }
    Ok(deliveries)
}

/// Columns: reader, delivered, filtered, dead-lettered.
fn delivery(row: &Row<'_>) -> Result<(OutputName, DeliveryCounts)> {
    let counts = DeliveryCounts {
        delivered: number(row, 1)?,
        filtered: number(row, 2)?,
        dead_lettered: number(row, 3)?,
    };
    Ok((output_name(row, 0)?, counts))
}
