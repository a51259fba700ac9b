//! Single blobs out of their rows: for people who ask about one, and for reports that name all.

use rusqlite::{Connection, Row, params};
use trailhound_model::{Blob, ContentId, Gap, GapReason, RecordCounts, Seq, Span};

use super::blob_rows::BlobState;
use super::errors::Result;
use super::rows::{number, optional_time, span, time};
use crate::{BlobChoice, BlobPlace, BlobRow, JournalError, MAX_BLOB_ROWS, StreamId};

/// The columns of [`blob_row`], of `blob b` and `gap g`.
const COLUMNS: &str =
    "b.content_id, b.state, b.created, b.expires, b.uri, b.found_at, b.attempts, b.last_error,
    b.fetched, b.duplicates, b.revisions, b.bytes, g.from_ms, g.to_ms, g.reason, g.detail, g.at,
    (SELECT max(c.seq) FROM chunk c
     WHERE c.created = b.created AND c.stream = b.stream AND c.content_id = b.content_id) AS last_seq,
    (SELECT max(c.at) FROM chunk c
     WHERE c.created = b.created AND c.stream = b.stream AND c.content_id = b.content_id) AS committed_at";

const WITH_GAPS: &str = "blob b LEFT JOIN gap g ON g.stream = b.stream AND g.content_id = b.content_id";

/// One page of what was chosen.
pub(super) fn blobs(conn: &Connection, stream: StreamId, choice: &BlobChoice) -> Result<Vec<BlobRow>> {
    match choice {
        BlobChoice::GivenUp { after } => given_up(conn, stream, after.as_ref()),
        BlobChoice::These(ids) => these(conn, stream, ids),
    }
}

/// Hands every blob of the stream that was created within the span (`None`: ever) to `take`, in the order of
/// their ids, one at a time: however many there are, one is in memory.
pub(super) fn for_each<E: From<JournalError>>(
    conn: &Connection,
    stream: StreamId,
    within: Option<Span>,
    mut take: impl FnMut(BlobRow) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let (from, to) = within.map_or((i64::MIN, i64::MAX), |s| (s.from.as_millis(), s.to.as_millis()));
    let sql = format!(
        "SELECT {COLUMNS} FROM {WITH_GAPS}
         WHERE b.stream = ?1 AND b.created >= ?2 AND b.created < ?3 ORDER BY b.content_id"
    );
    let mut statement = conn.prepare_cached(&sql).map_err(JournalError::from)?;
    let mut rows = statement.query(params![stream.0, from, to]).map_err(JournalError::from)?;
    while let Some(row) = rows.next().map_err(JournalError::from)? {
        take(blob_row(row)?)?;
    }
    Ok(())
}

/// The reason, out of two columns.
pub(super) fn reason(row: &Row<'_>, at: usize) -> Result<GapReason> {
    let (word, detail): (String, String) = (row.get(at)?, row.get(at + 1)?);
    GapReason::from_parts(&word, &detail)
        .ok_or_else(|| JournalError::damaged(format!("`{word}` is no reason of a gap")))
}

fn given_up(conn: &Connection, stream: StreamId, after: Option<&ContentId>) -> Result<Vec<BlobRow>> {
    // `CROSS` keeps the order: gap rows are few, blobs are many.
    let sql = format!(
        "SELECT {COLUMNS} FROM gap g CROSS JOIN blob b ON b.stream = g.stream AND b.content_id = g.content_id
         WHERE g.stream = ?1 AND g.content_id > ?2 ORDER BY g.content_id LIMIT ?3"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let after = after.map_or("", ContentId::as_str);
    let mut rows = statement.query(params![stream.0, after, MAX_BLOB_ROWS as i64])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(blob_row(row)?);
    }
    Ok(page)
}

fn these(conn: &Connection, stream: StreamId, ids: &[ContentId]) -> Result<Vec<BlobRow>> {
    if ids.len() > MAX_BLOB_ROWS {
        return Err(JournalError::refused(format!("{} blobs asked for, {MAX_BLOB_ROWS} at most", ids.len())));
    }
    let sql = format!("SELECT {COLUMNS} FROM {WITH_GAPS} WHERE b.stream = ?1 AND b.content_id = ?2");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for id in ids {
        let mut rows = statement.query(params![stream.0, id.as_str()])?;
        if let Some(row) = rows.next()? {
            found.push(blob_row(row)?);
        }
    }
    Ok(found)
}

fn blob_row(row: &Row<'_>) -> Result<BlobRow> {
    let blob = Blob {
        content_id: ContentId::new(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?),
        created: time(row, 2)?,
        expires: time(row, 3)?,
        uri: row.get(4)?,
    };
    let gap = match optional_time(row, 12)? {
        None => None,
        Some(_) => Some(Gap {
            span: span(row, 12)?,
            reason: reason(row, 14)?,
            content_id: Some(blob.content_id.clone()),
            at: time(row, 16)?,
        }),
    };
    let chunk = match optional_time(row, 18)? {
        None => None,
        Some(at) => Some((Seq(number(row, 17)?), at)),
    };
    Ok(BlobRow {
        place: match BlobState::from_number(row.get(1)?)? {
            BlobState::Pending => BlobPlace::Pending,
            BlobState::Journalled => BlobPlace::Journalled,
            BlobState::Gap => BlobPlace::Gap,
        },
        blob,
        found_at: time(row, 5)?,
        attempts: row.get(6)?,
        last_error: row.get(7)?,
        counts: RecordCounts {
            fetched: number(row, 8)?,
            duplicates: number(row, 9)?,
            revisions: number(row, 10)?,
        },
        bytes: number(row, 11)?,
        chunk,
        gap,
    })
}
