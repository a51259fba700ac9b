//! The body of a blob. An input is three bytes and the body: `g` packs the body, `w` says that it is gzip already,
//! any other byte that it is plain; the next two are the sizes of the pieces in which it comes.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use serde_json::value::RawValue;
use trailhound_microsoft::{BlobDecoder, BlobError, BlobErrorKind};
use trailhound_model::{CHUNK_BYTES, ContentHash, NewChunk, RecordId};

use crate::exchange::pack;

/// Deeper values are refused, as is a longer value that is neither object, array nor text.
const MAX_DEPTH: usize = 200;
const MAX_BARE_VALUE_BYTES: usize = 4_096;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

type Outcome = Result<Vec<NewChunk>, BlobError>;

pub(crate) fn run(data: &[u8]) {
    let Some((&[kind, first, second], body)) = data.split_first_chunk() else { return };
    let is_gzip = matches!(kind, b'g' | b'w');
    let wire = if kind == b'g' { pack(body) } else { Bytes::copy_from_slice(body) };
    let whole = decode(&wire, is_gzip, &[usize::MAX]);
    let sizes = [usize::from(first).max(1), usize::from(second).max(1)];
    for sizes in [&sizes[..], &[1]] {
        assert_same(&whole, &decode(&wire, is_gzip, sizes));
    }
    let raw = match kind {
        b'w' => gunzip(&wire),
        _ => Some(body.to_vec()),
    };
    match (&whole, raw) {
        (Ok(chunks), Some(raw)) => check_accepted(chunks, &raw),
        (Ok(_), None) => panic!("accepted, and no gzip to another reader"),
        (Err(error), Some(raw)) => check_refused(error, &raw),
        (Err(_), None) => {}
    }
}

fn decode(wire: &Bytes, is_gzip: bool, sizes: &[usize]) -> Outcome {
    let mut decoder = BlobDecoder::new(is_gzip);
    let mut chunks = Vec::new();
    let mut at = 0;
    for size in sizes.iter().cycle() {
        if at == wire.len() {
            break;
        }
        let end = at.saturating_add(*size).min(wire.len());
        chunks.extend(decoder.push(wire.slice(at..end))?);
        at = end;
    }
    chunks.extend(decoder.finish()?);
    Ok(chunks)
}

/// How the network cut the bytes changes nothing.
fn assert_same(one: &Outcome, other: &Outcome) {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.len(), other.len());
            for (one, other) in one.iter().zip(other) {
                assert_eq!(one.raw, other.raw);
                assert_eq!(one.gzip, other.gzip);
                assert_eq!(records(one), records(other));
            }
        }
        // Of a body that is bad in two ways either may be told, but one that speaks against the blob stays one.
        (Err(one), Err(other)) => {
            let transient = |error: &BlobError| error.kind == BlobErrorKind::Truncated;
            assert_eq!(transient(one), transient(other), "{one} / {other}");
        }
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => panic!("accepted in one cut only: {error}"),
    }
}

fn records(chunk: &NewChunk) -> Vec<(&[u8], Option<RecordId>)> {
    let record = |entry: &trailhound_model::RecordEntry| {
        let raw = &chunk.raw[entry.offset as usize..(entry.offset + entry.length) as usize];
        assert_eq!(entry.hash, ContentHash::of(raw));
        (raw, entry.id)
    };
    chunk.entries.iter().map(record).collect()
}

/// What is accepted are the records that the reference parser finds, and no byte is lost.
fn check_accepted(chunks: &[NewChunk], raw: &[u8]) {
    let found: Vec<_> = chunks.iter().flat_map(records).collect();
    let expected = reference(raw).unwrap_or_else(|| panic!("accepted, and no list of JSON values"));
    assert_eq!(found.len(), expected.len(), "records");
    for ((bytes, id), expected) in found.iter().zip(expected) {
        assert_eq!(*bytes, expected.get().as_bytes());
        assert_eq!(*id, first_id(expected), "{}", expected.get());
    }
    if !found.is_empty() {
        assert!(chunks.iter().flat_map(|chunk| &chunk.raw[..]).eq(raw), "no byte is lost");
    }
    for chunk in chunks {
        assert!(chunk.raw.len() <= CHUNK_BYTES || chunk.entries.len() == 1, "{} bytes", chunk.raw.len());
        if let Some(gzip) = &chunk.gzip {
            assert_eq!(gunzip(gzip).as_deref(), Some(&chunk.raw[..]), "the kept gzip is the same text");
        }
    }
}

/// What the reference parser takes for a list is refused for a limit alone.
fn check_refused(error: &BlobError, raw: &[u8]) {
    let Some(values) = reference(raw) else { return };
    match error.kind {
        BlobErrorKind::OverLimit => {
            let long = values
                .iter()
                .map(|value| value.get())
                .any(|text| text.len() > MAX_BARE_VALUE_BYTES && !text.starts_with(['{', '[', '"']));
            assert!(long || depth(raw) >= MAX_DEPTH, "{error}: {}", String::from_utf8_lossy(raw));
        }
        BlobErrorKind::ErrorAnswer => {
            assert!(values.len() == 1 && values[0].get().contains("error"), "{error}");
            assert!(serde_json::from_str::<serde_json::Value>(&error.detail).is_ok(), "{}", error.detail);
        }
        BlobErrorKind::Truncated | BlobErrorKind::Invalid => {
            panic!("refused ({error}): {}", String::from_utf8_lossy(raw))
        }
    }
}

/// The records as another parser sees them: the elements of an array, or a lone object.
fn reference(raw: &[u8]) -> Option<Vec<&RawValue>> {
    let text = std::str::from_utf8(raw.strip_prefix(BYTE_ORDER_MARK).unwrap_or(raw)).ok()?;
    match text.trim_start_matches([' ', '\t', '\r', '\n']).as_bytes().first()? {
        b'[' => serde_json::from_str(text).ok(),
        b'{' => serde_json::from_str(text).ok().map(|lone| vec![lone]),
        _ => None,
    }
}

/// The first `Id` of an object, when it is a text that is not empty.
fn first_id(value: &RawValue) -> Option<RecordId> {
    let keys = value.get().strip_prefix('{')?;
    let mut rest = keys;
    loop {
        let (key, after) = next_value(rest.trim_start_matches([' ', '\t', '\r', '\n', ',']))?;
        let after = after.trim_start_matches([' ', '\t', '\r', '\n', ':']);
        let (value, after) = next_value(after)?;
        if serde_json::from_str::<String>(key).is_ok_and(|key| key == "Id") {
            return serde_json::from_str::<String>(value).ok().and_then(|id| RecordId::from_text(&id));
        }
        rest = after;
    }
}

/// The JSON value at the beginning of a text that is known to be well-formed, and what comes after it.
fn next_value(text: &str) -> Option<(&str, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let value = values.next()?.ok()?;
    Some((value.get(), &text[values.byte_offset()..]))
}

/// Brackets that are open at once, at most; those in texts count too.
fn depth(raw: &[u8]) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for byte in raw {
        match byte {
            b'{' | b'[' => open += 1,
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// All members of a gzip body, by another reader; zeros between and after them are padding.
fn gunzip(wire: &[u8]) -> Option<Vec<u8>> {
    let (mut rest, mut raw) = (wire, Vec::new());
    loop {
        let mut member = GzDecoder::new(rest);
        member.read_to_end(&mut raw).ok()?;
        rest = member.into_inner();
        let zeros = rest.iter().take_while(|byte| **byte == 0).count();
        rest = &rest[zeros..];
        if rest.is_empty() {
            return Some(raw);
        }
    }
}
