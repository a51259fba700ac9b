//! Control state (values with versions, compare-and-set) and the register of streams.

use rusqlite::{Connection, OptionalExtension, params};
use trailhound_model::StreamKey;

use super::core::stream_of;
use super::errors::Result;
use crate::{JournalError, StreamId};

/// The stream's number; made when it is new.
pub(super) fn register(conn: &Connection, key: &StreamKey) -> Result<StreamId> {
    conn.prepare_cached("INSERT OR IGNORE INTO stream (instance, name) VALUES (?1, ?2)")?
        .execute([key.instance.as_str(), key.stream.as_str()])?;
    stream_of(conn, key)?.ok_or_else(|| JournalError::failed("a stream just registered is not there"))
}

/// A value and its version.
pub(super) fn control(conn: &Connection, key: &str) -> Result<Option<(u64, String)>> {
    Ok(conn
        .prepare_cached("SELECT version, value FROM control WHERE key = ?1")?
        .query_row([key], |row| Ok((super::rows::number(row, 0)?, row.get(1)?)))
        .optional()?)
}

/// Sets the value if its version is the expected one (`None`: it does not exist yet).
pub(super) fn set_control(conn: &Connection, key: &str, expected: Option<u64>, value: &str) -> Result<bool> {
    let changed = match expected {
        None => conn
            .prepare_cached("INSERT OR IGNORE INTO control (key, version, value) VALUES (?1, 1, ?2)")?
            .execute([key, value])?,
        Some(version) => conn
            .prepare_cached(
                "UPDATE control SET value = ?2, version = version + 1 WHERE key = ?1 AND version = ?3",
            )?
            .execute(params![key, value, version.cast_signed()])?,
    };
    Ok(changed == 1)
}
