use std::fmt::Write as _;
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use trailhound_model::{CHUNK_BYTES, ContentHash, MAX_RECORD_BYTES, NewChunk, RecordId};

use super::*;

fn gzip(raw: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(raw).unwrap();
    encoder.finish().unwrap()
}

/// Decodes `wire` in pieces of the given sizes, over and over.
fn decode(wire: &[u8], is_gzip: bool, pieces: &[usize]) -> Result<Vec<NewChunk>, BlobError> {
    let mut decoder = BlobDecoder::new(is_gzip);
    let mut chunks = Vec::new();
    let mut rest = wire;
    for size in pieces.iter().cycle() {
        let (now, later) = rest.split_at((*size).clamp(1, rest.len().max(1)).min(rest.len()));
        chunks.extend(decoder.push(Bytes::copy_from_slice(now))?);
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    chunks.extend(decoder.finish()?);
    Ok(chunks)
}

/// A record's bytes and id.
type Found = (Vec<u8>, Option<RecordId>);

fn records(chunks: &[NewChunk]) -> Vec<Found> {
    let mut all = Vec::new();
    for chunk in chunks {
        for entry in &chunk.entries {
            let raw = &chunk.raw[entry.offset as usize..(entry.offset + entry.length) as usize];
            assert_eq!(entry.hash, ContentHash::of(raw));
            all.push((raw.to_vec(), entry.id));
        }
    }
    all
}

fn one(body: &str) -> Result<Vec<Found>, BlobError> {
    let plain = decode(body.as_bytes(), false, &[usize::MAX]).map(|chunks| records(&chunks));
    let byte_wise = decode(body.as_bytes(), false, &[1]).map(|chunks| records(&chunks));
    match (&plain, &byte_wise) {
        (Ok(_), _) | (_, Ok(_)) => assert_eq!(plain, byte_wise, "{body}"),
        (Err(a), Err(b)) => assert_eq!(a.kind, b.kind, "{body}"),
    }
    plain
}

#[test]
fn accepted_shapes() {
    let id = RecordId::from_text("a");
    for (body, expected) in [
        ("[]", vec![]),
        (" [ ] \r\n", vec![]),
        ("\u{feff}[{\"Id\":\"a\"}]", vec![id]),
        ("{\"Id\":\"a\"}\n", vec![id]),
        ("[\n  {\n    \"Id\" : \"a\"\n  } ,\n  {}\n]\n", vec![id, None]),
        (r#"[{"Id":""},{"Id":7},{"Id":null},{"Id":{"Id":"a"}}]"#, vec![None; 4]),
        (r#"[{"Id":"a","Id":"b"},{"Id":7,"Id":"a"}]"#, vec![id, None]),
        (r#"[{"\u0049d":"a"},{"x":{"Id":"b"},"Id":"\u0061"}]"#, vec![id, id]),
        (r#"[1,-2.5e3,"x",null,true,false,[1],{"Id":"a"}]"#, [vec![None; 7], vec![id]].concat()),
        (r#"[{"t":"\ud83d","Id":"a"},{"\udc00":1,"Id":"a"},{"Id":"\ud83d"}]"#, vec![id, id, None]),
        (r#"[{"error":{"code":"x"}}]"#, vec![None]),
        (r#"{"error":"text of a record"}"#, vec![None]),
    ] {
        let ids: Vec<_> = one(body).unwrap().into_iter().map(|(_, id)| id).collect();
        assert_eq!(ids, expected, "{body}");
    }
}

#[test]
fn refused_shapes_and_where() {
    use BlobErrorKind::{ErrorAnswer, Invalid, OverLimit, Truncated};
    let deep = format!("[{}{}]", "[".repeat(500), "]".repeat(500));
    for (body, kind, at) in [
        ("", Truncated, 0),
        (" \n", Truncated, 2),
        ("[", Truncated, 1),
        ("[{}", Truncated, 3),
        ("[{},", Truncated, 4),
        (r#"[{"a":"b"#, Truncated, 8),
        ("[12", Truncated, 3),
        ("[{}]x", Invalid, 4),
        ("[{}][]", Invalid, 4),
        ("{}{}", Invalid, 2),
        ("[{},]", Invalid, 4),
        ("[{} {}]", Invalid, 4),
        ("<html>", Invalid, 0),
        ("null", Invalid, 0),
        (r#"[{"a":nul}]"#, Invalid, 9),
        (r#"[{"a":NaN}]"#, Invalid, 6),
        ("[{\"a\":\"\u{1}\"}]", Invalid, 7),
        (r#"{"error":{"code":"AF50000","message":"m"}}"#, ErrorAnswer, 0),
        (&deep, OverLimit, 202),
    ] {
        let error = one(body).unwrap_err();
        assert_eq!((error.kind, error.at), (kind, at), "{body}: {error}");
    }
    let page = format!("[<html>{}", "x".repeat(10_000));
    assert_eq!(one(&page).unwrap_err().kind, Invalid);
    let latin = decode(b"[{\"a\":\"\xe9\"}]", false, &[3]).unwrap_err();
    assert_eq!((latin.kind, latin.at), (Invalid, 7));
}

/// A body that came whole, as far as the transport and gzip can tell, and is no JSON.
#[test]
fn a_whole_body_that_ends_inside_a_record_is_told_as_what_it_may_be() {
    let body = br#"[{"Id":"a"},{"Id":"3c1e","Operation":"Trunc"#;
    for is_gzip in [false, true] {
        let wire = if is_gzip { gzip(body) } else { body.to_vec() };
        let error = decode(&wire, is_gzip, &[7]).unwrap_err();
        assert_eq!(error.kind, BlobErrorKind::Truncated);
        let words = "the body ends too early at byte 43: it ends in the middle of a record, or is not JSON";
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn small_gzip_blobs_keep_their_wire_bytes() {
    let body = br#"[{"Id":"a"},{"Id":"b"}]"#;
    let wire = gzip(body);
    for pieces in [&[usize::MAX][..], &[7]] {
        let chunks = decode(&wire, true, pieces).unwrap();
        assert_eq!(chunks.len(), 1);
        assert_eq!(chunks[0].raw, &body[..]);
        assert_eq!(chunks[0].gzip.as_deref(), Some(&wire[..]));
    }
    let two_members = [gzip(&body[..9]), gzip(&body[9..])].concat();
    let chunks = decode(&two_members, true, &[5]).unwrap();
    assert_eq!((&chunks[0].raw[..], &chunks[0].gzip), (&body[..], &None));
    let padded = [wire.clone(), vec![0; 3]].concat();
    assert_eq!(decode(&padded, true, &[4]).unwrap()[0].gzip, None);
}

#[test]
fn damaged_gzip_is_told_apart() {
    let wire = gzip(br#"[{"Id":"a"}]"#);
    let kind = |wire: &[u8]| decode(wire, true, &[5]).unwrap_err().kind;
    assert_eq!(kind(b""), BlobErrorKind::Truncated);
    assert_eq!(kind(&wire[..wire.len() - 1]), BlobErrorKind::Truncated, "checksum cut");
    assert_eq!(kind(b"[{}]"), BlobErrorKind::Invalid);
    assert_eq!(kind(&[wire.clone(), b"x".to_vec()].concat()), BlobErrorKind::Invalid);
    assert_eq!(kind(&[wire.clone(), wire[..1].to_vec()].concat()), BlobErrorKind::Truncated);
    assert_eq!(kind(&[wire.clone(), b"garbage!".to_vec()].concat()), BlobErrorKind::Invalid);
    let mut flipped = wire.clone();
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    assert_eq!(kind(&flipped), BlobErrorKind::Invalid, "checksum wrong");
}

/// What comes after a number that a read cut in two is not part of it.
#[test]
fn a_bare_value_may_be_cut_anywhere() {
    let body = format!("[12345,null,{}]", vec![r#"{"Id":"a"}"#; 600].join(","));
    let whole = decode(body.as_bytes(), false, &[usize::MAX]).unwrap();
    assert_eq!(records(&whole).len(), 602);
    for cut in 1..12 {
        let again = decode(body.as_bytes(), false, &[cut, usize::MAX]).unwrap();
        assert_eq!(records(&again), records(&whole), "cut at {cut}");
    }
}

/// Nobody should fetch again what no further byte can mend.
#[test]
fn a_cut_gzip_body_that_is_wrong_already_speaks_against_the_blob_in_any_pieces() {
    let wire = gzip(br#"[{"Id":"a" "b":1,"pad":"0123456789 0123456789 0123456789"}]"#);
    let cut = &wire[..wire.len() - 4];
    for pieces in [&[usize::MAX][..], &[5], &[1]] {
        let error = decode(cut, true, pieces).unwrap_err();
        assert_eq!(error.kind, BlobErrorKind::Invalid, "{error} in pieces of {pieces:?}");
    }
}

#[test]
fn large_blobs_are_cut_between_records_wherever_the_network_splits() {
    let mut body = String::from("[");
    for n in 0..9_000 {
        let _ = write!(
            body,
            "{}{{\"Id\":\"r{n}\",\"pad\":\"{}\"}}",
            if n > 0 { ",\n" } else { "" },
            "x".repeat(n % 2_000)
        );
    }
    let huge = "y".repeat(CHUNK_BYTES + 10);
    let _ = write!(body, ",{{\"Id\":\"huge\",\"pad\":\"{huge}\"}},{{\"Id\":\"tail\"}}]");
    let wire = gzip(body.as_bytes());
    let whole = decode(body.as_bytes(), false, &[usize::MAX]).unwrap();
    assert!(whole.len() >= 4, "{}", whole.len());
    for chunk in &whole {
        assert!(chunk.raw.len() <= CHUNK_BYTES || chunk.entries.len() == 1);
        assert_eq!(chunk.gzip, None);
    }
    assert_eq!(whole.iter().map(|chunk| chunk.raw.len()).sum::<usize>(), body.len(), "no byte is lost");
    assert_eq!(records(&whole).len(), 9_002);
    for (bytes, is_gzip, pieces) in [
        (body.as_bytes(), false, &[1_000, 3, 70_000][..]),
        (&wire, true, &[usize::MAX]),
        (&wire, true, &[900, 17]),
    ] {
        let again = decode(bytes, is_gzip, pieces).unwrap();
        let raws = |chunks: &[NewChunk]| chunks.iter().map(|c| c.raw.clone()).collect::<Vec<_>>();
        assert_eq!(raws(&again), raws(&whole));
        assert_eq!(records(&again), records(&whole));
    }
}

#[test]
fn a_record_over_the_limit_and_endless_white_space_end_in_an_error() {
    let step = Bytes::from(vec![b'x'; 1 << 20]);
    let mut decoder = BlobDecoder::new(false);
    decoder.push(Bytes::from_static(b"[{\"a\":\"")).unwrap();
    let pushed = (0..=2 * (MAX_RECORD_BYTES >> 20)).find_map(|_| decoder.push(step.clone()).err());
    assert_eq!(pushed.unwrap().kind, BlobErrorKind::OverLimit);

    let blank = Bytes::from(vec![b' '; 1 << 20]);
    let mut decoder = BlobDecoder::new(false);
    let pushed = (0..=2 * (MAX_RECORD_BYTES >> 20)).find_map(|_| decoder.push(blank.clone()).err());
    assert_eq!(pushed.unwrap().kind, BlobErrorKind::OverLimit);
}

/// JSON values as audit records have them, with awkward texts and white space.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<bool>().prop_map(Into::into),
        ".{0,12}".prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::vec((prop_oneof![".{0,6}", Just("Id".to_owned())], inner), 0..6)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// What the reference parser makes of the body.
fn reference(body: &str) -> Vec<Found> {
    let raws: Vec<&serde_json::value::RawValue> = serde_json::from_str(body).unwrap();
    raws.into_iter()
        .map(|raw| {
            let value: serde_json::Value = serde_json::from_str(raw.get()).unwrap();
            let id = value.get("Id").and_then(|id| id.as_str()).and_then(RecordId::from_text);
            (raw.get().as_bytes().to_vec(), id)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_split_gives_what_the_reference_parser_gives(
        values in proptest::collection::vec(value(), 0..8),
        pretty in any::<bool>(),
        is_gzip in any::<bool>(),
        pieces in proptest::collection::vec(1usize..40, 1..6),
    ) {
        let body = if pretty { serde_json::to_string_pretty(&values) } else { serde_json::to_string(&values) }.unwrap();
        let wire = if is_gzip { gzip(body.as_bytes()) } else { body.clone().into_bytes() };
        let chunks = decode(&wire, is_gzip, &pieces).unwrap();
        prop_assert_eq!(records(&chunks), reference(&body));
        if let Some(chunk) = chunks.first() {
            prop_assert_eq!(&chunk.raw[..], body.as_bytes());
            prop_assert_eq!(chunk.gzip.is_some(), is_gzip);
        }
    }

    #[test]
    fn any_truncation_is_an_error(
        values in proptest::collection::vec(value(), 0..5),
        is_gzip in any::<bool>(),
        cut in any::<prop::sample::Index>(),
        pieces in proptest::collection::vec(1usize..40, 1..4),
    ) {
        let body = serde_json::to_string(&values).unwrap();
        let wire = if is_gzip { gzip(body.as_bytes()) } else { body.into_bytes() };
        let error = decode(&wire[..cut.index(wire.len())], is_gzip, &pieces).unwrap_err();
        prop_assert_eq!(error.kind, BlobErrorKind::Truncated, "{}", error);
    }

    #[test]
    fn no_bytes_can_make_it_panic(wire in proptest::collection::vec(any::<u8>(), 0..200), is_gzip in any::<bool>()) {
        let _ = decode(&wire, is_gzip, &[9]);
    }
}
