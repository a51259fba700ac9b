//! Reports are whole, or the line where they break is named.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

use proptest::prelude::*;
use trailhound_proof::*;

const SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const OTHER: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";

fn key(secret: &str) -> SigningKey {
    SigningKey::from_secret_text(secret).unwrap()
}

fn blob(number: u64, state: BlobState) -> Line {
    Line::Blob(BlobLine {
        content_id: format!("20261120${number}$audit_exchange$Audit_Exchange$na0001"),
        created: "2026-11-20T16:00:00.000Z".to_owned(),
        state,
        records: if state == BlobState::Journalled { number } else { 0 },
        bytes: number * 700,
        ..BlobLine::default()
    })
}

/// A report of two streams, as text.
fn report(secret: &str, previous: Head, blobs: u64) -> (String, Head) {
    let key = key(secret);
    let mut writer = Writer::after(previous);
    let public_key = key.public().to_hex();
    let header = HeaderLine { format: FORMAT.to_owned(), public_key, export: 1, ..HeaderLine::default() };
    let mut text = writer.line(&Line::Header(header)).unwrap();
    for stream in ["Audit.Exchange", "Audit.General"] {
        let line = StreamLine { application: "contoso".to_owned(), stream: stream.to_owned(), horizon: None };
        text += &writer.line(&Line::Stream(line)).unwrap();
        let mut all = Counts::default();
        for number in 0..blobs {
            let states = [BlobState::Journalled, BlobState::Gap, BlobState::Pending];
            let line = blob(number, states[(number % 3) as usize]);
            if let Line::Blob(blob) = &line {
                all += Counts::of(blob);
            }
            text += &writer.line(&line).unwrap();
        }
        all.listed += 5;
        all.journalled += 5;
        text += &writer.line(&writer.sums(all, Some(5))).unwrap();
    }
    text += &writer.line(&writer.totals(false, true)).unwrap();
    let (seal, head) = writer.seal(&key);
    (text + &seal, head)
}

/// As whoever reads the file does it: every line has its end.
fn verify(bytes: &[u8], key: Option<PublicKey>) -> Result<Verified, Broken> {
    let mut verifier = Verifier::new(key);
    for (line, lines) in bytes.split_inclusive(|byte| *byte == b'\n').zip(1..) {
        let Some(line) = line.strip_suffix(b"\n") else {
            return Err(Broken { line: lines, what: "its end is missing".to_owned() });
        };
        verifier.line(line)?;
    }
    verifier.finish()
}

#[test]
fn a_whole_report_is_verified_and_says_what_it_is() {
    let (text, head) = report(SECRET, Head::NONE, 7);
    let public = key(SECRET).public();
    let verified = verify(text.as_bytes(), Some(public)).unwrap();
    assert_eq!((verified.head, verified.previous, verified.lines), (head, Head::NONE, 21));
    assert_eq!((verified.totals.streams, verified.totals.told.listed), (2, 14));
    assert_eq!(verify(text.as_bytes(), None).unwrap(), verified);

    let (next, _) = report(SECRET, head, 1);
    assert_eq!(verify(next.as_bytes(), None).unwrap().previous, head);
}

#[test]
fn the_key_is_the_one_of_the_standard_and_travels_as_text() {
    // RFC 8032, 7.1, test 1.
    let public = key(SECRET).public();
    assert_eq!(public.to_hex(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_eq!(PublicKey::parse(&public.to_pem()).unwrap(), public);
    assert_eq!(PublicKey::parse(&public.to_hex()).unwrap(), public);
    assert_eq!(key(SECRET).secret_text().unwrap(), SECRET);
    assert_ne!(SigningKey::make().unwrap().public(), SigningKey::make().unwrap().public());
    for bad in ["", "d75a", &"D7".repeat(32), "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
        assert_eq!(PublicKey::parse(bad), Err(KeyError::NotPublic), "{bad}");
    }
}

#[test]
fn a_seal_of_another_key_is_found_out() {
    let (ours, _) = report(SECRET, Head::NONE, 4);
    let (theirs, _) = report(OTHER, Head::NONE, 4);
    let public = key(SECRET).public();
    assert!(verify(theirs.as_bytes(), None).is_ok(), "whole in itself");
    let broken = verify(theirs.as_bytes(), Some(public)).unwrap_err();
    assert!(broken.what.contains("sealed with the key"), "{broken}");

    let seal = |text: &str| text.lines().last().unwrap().to_owned() + "\n";
    let grafted = ours.replace(&seal(&ours), &seal(&theirs));
    assert_eq!(verify(grafted.as_bytes(), None).unwrap_err().line, 15);
}

#[test]
fn sums_that_do_not_agree_are_found_out_even_under_a_good_seal() {
    let key = key(SECRET);
    let mut writer = Writer::after(Head::NONE);
    let public_key = key.public().to_hex();
    let header = HeaderLine { format: FORMAT.to_owned(), public_key, ..HeaderLine::default() };
    let mut text = writer.line(&Line::Header(header)).unwrap();
    text += &writer.line(&Line::Stream(StreamLine::default())).unwrap();
    text += &writer.line(&blob(1, BlobState::Journalled)).unwrap();
    text += &writer.line(&Line::Sums(SumsLine::default())).unwrap();
    text += &writer.line(&writer.totals(true, true)).unwrap();
    text += &writer.seal(&key).0;
    let broken = verify(text.as_bytes(), None).unwrap_err();
    assert_eq!(broken.line, 4);
    assert!(broken.what.contains("not those of the blobs above"), "{broken}");
}

#[derive(Clone, Debug)]
enum Edit {
    Flip(usize, u8),
    Insert(usize, u8),
    Remove(usize),
    DropLine(usize),
    SwapLines(usize, usize),
    RepeatLine(usize),
    CutEnd(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = || any::<usize>();
    prop_oneof![
        6 => (at(), 1u8..=255).prop_map(|(at, bits)| Edit::Flip(at, bits)),
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Insert(at, byte)),
        2 => at().prop_map(Edit::Remove),
        2 => at().prop_map(Edit::DropLine),
        2 => (at(), at()).prop_map(|(one, other)| Edit::SwapLines(one, other)),
        1 => at().prop_map(Edit::RepeatLine),
        2 => at().prop_map(Edit::CutEnd),
    ]
}

fn edited(text: &str, edit: &Edit) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (size, count) = (bytes.len(), lines.len());
    match *edit {
        Edit::Flip(at, bits) => bytes[at % size] ^= bits,
        Edit::Insert(at, byte) => bytes.insert(at % (size + 1), byte),
        Edit::Remove(at) => drop(bytes.remove(at % size)),
        Edit::CutEnd(at) => bytes.truncate(at % size),
        Edit::DropLine(at) => drop(lines.remove(at % count)),
        Edit::SwapLines(one, other) => lines.swap(one % count, other % count),
        Edit::RepeatLine(at) => lines.insert(at % count, lines[at % count]),
    }
    if matches!(edit, Edit::DropLine(_) | Edit::SwapLines(..) | Edit::RepeatLine(_)) {
        return lines.concat().into_bytes();
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]
    #[test]
    fn no_edit_goes_unnoticed(edits in proptest::collection::vec(edit(), 1..4), blobs in 0u64..9) {
        let (text, head) = report(SECRET, Head::NONE, blobs);
        let mut changed = text.clone().into_bytes();
        for edit in &edits {
            let Ok(before) = String::from_utf8(changed.clone()) else { break };
            if before.is_empty() {
                break;
            }
            changed = edited(&before, edit);
        }
        // The head of the report before is the one thing that only the series knows: see the next test.
        let told = verify(&changed, Some(key(SECRET).public()));
        if changed == text.as_bytes() {
            prop_assert_eq!(told.unwrap().head, head);
        } else {
            prop_assert!(told.is_err(), "unnoticed: {:?}", edits);
        }
    }
}
