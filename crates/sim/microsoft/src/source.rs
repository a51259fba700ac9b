//! Real records from a file, in place of generated ones.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use trailhound_model::Timestamp;

use crate::calendar;
use crate::dice::{Dice, push_guid};
use crate::stream::Stream;

/// Largest file of records, decompressed, in bytes.
pub const MAX_EVENTS_FILE_BYTES: u64 = 2 << 30;

/// Records of a file, by stream. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventSource(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    text: Bytes,
    streams: [Vec<FileRecord>; 5],
}

/// Where a record and its three stamped values stand in the text, in bytes.
#[derive(Clone, Copy, Debug)]
struct FileRecord {
    start: u32,
    length: u32,
    id: Place,
    time: Place,
    organization: Place,
}

/// A value within its record; `length` 0: absent.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    start: u32,
    length: u32,
}

/// A file of records that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Not an audit record.
    #[error("line {line} is not an audit record: {why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What the JSON reader said.
        why: String,
    },
    /// Not gzip, or not UTF-8.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// Above [`MAX_EVENTS_FILE_BYTES`].
    #[error("the file holds more than {MAX_EVENTS_FILE_BYTES} bytes")]
    TooLong,
    /// No record in it.
    #[error("the file holds no record")]
    Empty,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "Id", borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(rename = "CreationTime", borrow, default)]
    time: Option<&'a RawValue>,
    #[serde(rename = "OrganizationId", borrow, default)]
    organization: Option<&'a RawValue>,
    #[serde(rename = "RecordType", default)]
    record_type: serde_json::Value,
    #[serde(rename = "Workload", default)]
    workload: Option<String>,
}

impl EventSource {
    /// One record a line, plain or gzip; empty lines are skipped. Each goes to the stream of its `RecordType`.
    pub fn from_ndjson(file: &[u8]) -> Result<Self, SourceError> {
        let text = Bytes::from(decompress(file)?);
        let whole = std::str::from_utf8(&text).map_err(|e| SourceError::Unreadable(e.to_string()))?;
        let mut streams: [Vec<FileRecord>; 5] = Default::default();
        let mut start = 0;
        for (at, full) in whole.split_inclusive('\n').enumerate() {
            let line = full.trim();
            if !line.is_empty() {
                let offset = start + (full.len() - full.trim_start().len());
                let (stream, record) = read_line(line, offset)
                    .map_err(|why| SourceError::Line { line: at + 1, why: why.to_string() })?;
                streams[stream.index()].push(record);
            }
            start += full.len();
        }
        if streams.iter().all(Vec::is_empty) {
            return Err(SourceError::Empty);
        }
        Ok(Self(Arc::new(Inner { text, streams })))
    }

    /// How many records a stream has.
    pub fn count(&self, stream: Stream) -> usize {
        self.0.streams[stream.index()].len()
    }

    /// A record as it stands in the file.
    pub fn raw(&self, stream: Stream, index: usize) -> &str {
        let record = &self.0.streams[stream.index()][index];
        self.slice(record.start, record.length)
    }

    /// Appends a record with fresh `Id`, `CreationTime` and `OrganizationId`; every other byte stays.
    pub fn restamped_into(
        &self,
        out: &mut String,
        dice: &mut Dice,
        stream: Stream,
        index: usize,
        tenant_id: &str,
        happened: Timestamp,
    ) {
        let record = &self.0.streams[stream.index()][index];
        let raw = self.slice(record.start, record.length);
        let mut fresh_id = String::with_capacity(38);
        fresh_id.push('"');
        push_guid(&mut fresh_id, dice.guid_bits());
        fresh_id.push('"');
        let mut fresh_time = String::with_capacity(21);
        fresh_time.push('"');
        calendar::push_seconds(&mut fresh_time, happened);
        fresh_time.push('"');
        let fresh_tenant = format!("\"{tenant_id}\"");
        let mut edits =
            [(record.id, &fresh_id), (record.time, &fresh_time), (record.organization, &fresh_tenant)];
        edits.sort_by_key(|(place, _)| place.start);
        let mut done = 0;
        for (place, value) in edits {
            if place.length == 0 {
                continue;
            }
            out.push_str(&raw[done..place.start as usize]);
            out.push_str(value);
            done = (place.start + place.length) as usize;
        }
        out.push_str(&raw[done..]);
    }

    fn slice(&self, start: u32, length: u32) -> &str {
        let bytes = &self.0.text[start as usize..(start + length) as usize];
        // Checked once when the file was read, and cut at line ends.
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

fn read_line(line: &str, offset: usize) -> Result<(Stream, FileRecord), serde_json::Error> {
    let head: Head<'_> = serde_json::from_str(line)?;
    let base = line.as_ptr() as usize;
    let place = |value: Option<&RawValue>| {
        value.filter(|value| value.get().starts_with('"')).map_or(Place::default(), |value| Place {
            start: short(value.get().as_ptr() as usize - base),
            length: short(value.get().len()),
        })
    };
    let kind = match &head.record_type {
        serde_json::Value::String(text) => text.parse().unwrap_or(-1),
        other => other.as_i64().unwrap_or(-1),
    };
    let stream = Stream::of_record(kind, head.workload.as_deref().unwrap_or(""));
    let record = FileRecord {
        start: short(offset),
        length: short(line.len()),
        id: place(head.id),
        time: place(head.time),
        organization: place(head.organization),
    };
    Ok((stream, record))
}

fn short(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn decompress(file: &[u8]) -> Result<Vec<u8>, SourceError> {
    let mut text = Vec::new();
    if file.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(file)
            .take(MAX_EVENTS_FILE_BYTES + 1)
            .read_to_end(&mut text)
            .map_err(|error| SourceError::Unreadable(error.to_string()))?;
    } else {
        text.extend_from_slice(file);
    }
    if text.len() as u64 > MAX_EVENTS_FILE_BYTES {
        return Err(SourceError::TooLong);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LINES: &str = concat!(
        "{\"CreationTime\" : \"2021-03-24T12:52:56\",\"Id\":\"c05d\",\"n\":1.50e+2,\"RecordType\":15,\"x\":\"\\u00e9\\/\",",
        "\"inner\":{\"Id\":\"keep\"},\"OrganizationId\":\"old\",\"Workload\":\"AzureActiveDirectory\"}\r\n",
        "\n",
        "  {\"RecordType\":\"25\",\"Workload\":\"MicrosoftTeams\",\"Id\":null}\n"
    );

    #[test]
    fn restamping_changes_three_values_and_no_other_byte() {
        let source = EventSource::from_ndjson(LINES.as_bytes()).unwrap();
        assert_eq!(source.count(Stream::AzureActiveDirectory), 1);
        let (mut out, at) = (String::new(), Timestamp::parse("2026-11-20T10:00:00Z").unwrap());
        source.restamped_into(&mut out, &mut Dice::of(&[5]), Stream::AzureActiveDirectory, 0, "tid", at);
        let id = Dice::of(&[5]).guid();
        let expected = LINES
            .lines()
            .next()
            .unwrap()
            .replace("2021-03-24T12:52:56", "2026-11-20T10:00:00")
            .replace("c05d", &id)
            .replace("old", "tid");
        assert_eq!(out, expected.trim());
    }

    #[test]
    fn without_restamping_the_bytes_are_those_of_the_file() {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(LINES.as_bytes()).unwrap();
        let source = EventSource::from_ndjson(&gz.finish().unwrap()).unwrap();
        assert_eq!(source.raw(Stream::AzureActiveDirectory, 0), LINES.lines().next().unwrap());
        assert_eq!(source.raw(Stream::General, 0), LINES.lines().nth(2).unwrap().trim());
    }

    #[test]
    fn what_is_no_record_is_named_by_its_line() {
        let error = EventSource::from_ndjson(b"{\"RecordType\":1}\n{nonsense\n").unwrap_err();
        assert!(matches!(error, SourceError::Line { line: 2, .. }), "{error}");
        assert_eq!(EventSource::from_ndjson(b"\n\n").unwrap_err(), SourceError::Empty);
    }
}
