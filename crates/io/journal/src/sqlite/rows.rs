//! Nouns out of columns.

use rusqlite::Row;
use trailhound_model::{InstanceName, InvalidName, OutputName, Span, StreamKey, StreamName, Timestamp};

use super::errors::Result;
use crate::JournalError;

/// The two columns from `at` on: instance, stream name.
pub(super) fn stream_key(row: &Row<'_>, at: usize) -> Result<StreamKey> {
    let instance: String = row.get(at)?;
    let stream: String = row.get(at + 1)?;
    Ok(StreamKey {
        instance: InstanceName::new(&instance).map_err(|error| bad_name(&error))?,
        stream: StreamName::new(&stream).map_err(|error| bad_name(&error))?,
    })
}

/// A reader's name.
pub(super) fn output_name(row: &Row<'_>, at: usize) -> Result<OutputName> {
    let name: String = row.get(at)?;
    OutputName::new(&name).map_err(|error| bad_name(&error))
}

/// The two columns from `at` on: first instant inside, first outside.
pub(super) fn span(row: &Row<'_>, at: usize) -> Result<Span> {
    Span::new(time(row, at)?, time(row, at + 1)?).ok_or_else(|| JournalError::damaged("an empty span"))
}

pub(super) fn time(row: &Row<'_>, at: usize) -> rusqlite::Result<Timestamp> {
    row.get(at).map(Timestamp::from_millis)
}

pub(super) fn optional_time(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_millis))
}

/// Counts and positions, which this build never writes negative.
pub(super) fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get(at).map(i64::cast_unsigned)
}

fn bad_name(error: &InvalidName) -> JournalError {
    JournalError::damaged(error.to_string())
}
