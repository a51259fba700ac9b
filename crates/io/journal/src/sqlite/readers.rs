//! Readers: where each stands, and commit point 2.

use rusqlite::{Connection, OptionalExtension, params};
use trailhound_model::{OutputName, Seq};

use super::core::{Core, meta, stream_of};
use super::errors::Result;
use crate::{JournalError, ReaderState, Receipt};

/// The reader's place; a new one begins at the oldest chunk that has its payload.
pub(super) fn open_reader(conn: &Connection, reader: &OutputName) -> Result<ReaderState> {
    conn.prepare_cached("INSERT OR IGNORE INTO reader (name, position) VALUES (?1, ?2)")?
        .execute(params![reader.as_str(), meta(conn, "forgotten_to")?])?;
    find_reader(conn, reader)?.ok_or_else(|| JournalError::failed("a reader just made is not there"))
}

/// Removes the reader and its sums; absent is fine.
pub(super) fn drop_reader(conn: &Connection, reader: &OutputName) -> Result<()> {
    conn.prepare_cached("DELETE FROM reader WHERE name = ?1")?.execute([reader.as_str()])?;
    conn.prepare_cached("DELETE FROM reader_stream WHERE reader = ?1")?.execute([reader.as_str()])?;
    Ok(())
}

/// Stores a receipt. With the position that is stored already only the state moves: so a receipt that is
/// repeated after an unknown end counts nothing twice.
pub(super) fn receipt(core: &Core, receipt: &Receipt) -> Result<()> {
    let conn = &core.conn;
    let Some(state) = find_reader(conn, &receipt.reader)? else {
        return Err(JournalError::refused(format!("no reader `{}`", receipt.reader)));
    };
    if receipt.position < state.position || receipt.position > core.newest {
        return Err(JournalError::refused(format!(
            "a receipt of `{}` for position {}: it stands at {}, the newest is {}",
            receipt.reader, receipt.position.0, state.position.0, core.newest.0
        )));
    }
    conn.prepare_cached("UPDATE reader SET position = ?2, output_state = ?3 WHERE name = ?1")?
        .execute(params![receipt.reader.as_str(), receipt.position.0.cast_signed(), receipt.output_state])?;
    if receipt.position > state.position {
        add_counts(conn, receipt)?;
    }
    Ok(())
}

fn add_counts(conn: &Connection, receipt: &Receipt) -> Result<()> {
    for (key, counts) in &receipt.counts {
        let stream = stream_of(conn, key)?
            .ok_or_else(|| JournalError::refused(format!("stream `{key}` is not registered")))?;
        conn.prepare_cached(
            "INSERT INTO reader_stream (reader, stream, delivered, filtered, dead_lettered)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
             delivered = delivered + excluded.delivered, filtered = filtered + excluded.filtered,
             dead_lettered = dead_lettered + excluded.dead_lettered",
        )?
        .execute(params![
            receipt.reader.as_str(),
            stream.0,
            counts.delivered.cast_signed(),
            counts.filtered.cast_signed(),
            counts.dead_lettered.cast_signed(),
        ])?;
    }
    Ok(())
}

fn find_reader(conn: &Connection, reader: &OutputName) -> Result<Option<ReaderState>> {
    Ok(conn
        .prepare_cached("SELECT position, output_state FROM reader WHERE name = ?1")?
        .query_row([reader.as_str()], |row| {
            let position = Seq(super::rows::number(row, 0)?);
            Ok(ReaderState { position, output_state: row.get(1)? })
        })
        .optional()?)
}
