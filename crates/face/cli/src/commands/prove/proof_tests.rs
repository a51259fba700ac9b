//! The account of one stream with everything in it, as people and scripts see it.

use trailhound_model::{GapReason, InstanceName, StreamCounts, StreamKey, StreamName};

use super::super::text;
use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn report() -> StreamReport {
    let key = StreamKey {
        instance: InstanceName::new("contoso").unwrap(),
        stream: StreamName::new("Audit.Exchange").unwrap(),
    };
    let (start, lost, middle, later, end) = (
        at("2026-11-10T00:00:00Z"),
        at("2026-11-12T00:00:00Z"),
        at("2026-11-14T06:00:00Z"),
        at("2026-11-14T09:30:00Z"),
        at("2026-11-18T12:00:00Z"),
    );
    let blob = at("2026-11-13T01:02:03.456Z");
    let poison = Gap {
        span: Span { from: blob, to: blob + std::time::Duration::from_millis(1) },
        reason: GapReason::Poison("HTTP 500 AF50000: an internal error occurred".to_owned()),
        content_id: Some(ContentId::new("20261113010203456$20261113$audit_exchange$Audit_Exchange$na0042")),
        at: end,
    };
    let old = Gap {
        span: Span { from: start, to: lost },
        reason: GapReason::OlderThanRetention,
        content_id: None,
        at: end,
    };
    StreamReport {
        key,
        counts: StreamCounts {
            blobs: BlobCounts { listed: 1_204, journalled: 1_200, gap: 1, pending: 3 },
            records: RecordCounts { fetched: 60_400, duplicates: 400, revisions: 7 },
            bytes: 81_200_000,
        },
        horizon: Some(start),
        covered: vec![Span { from: start, to: middle }, Span { from: later, to: end }],
        gaps: vec![old, poison],
        failing: vec![(ContentId::new("20261114$na1"), 2, "HTTP 503".to_owned())],
        newest_blob: Some(end),
        last_journalled_at: Some(end),
        deliveries: vec![(
            OutputName::new("siem").unwrap(),
            DeliveryCounts { delivered: 59_000, filtered: 0, dead_lettered: 0 },
        )],
    }
}

fn prove(report: StreamReport) -> Proof {
    let range = Range { from: None, to: None, now: at("2026-11-19T00:00:00Z") };
    Proof::new(&[report], &[OutputName::new("siem").unwrap()], &range)
}

#[test]
fn the_account_is_told_within_100_columns() {
    let text = anstream::adapter::strip_str(&text::render(&prove(report()))).to_string();
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn the_json_names_every_blob_in_a_gap() {
    insta::assert_json_snapshot!(prove(report()));
}

#[test]
fn nothing_is_no_proof() {
    let range = Range { from: None, to: None, now: at("2026-11-19T00:00:00Z") };
    assert_eq!(Proof::new(&[], &[], &range).exit(), Exit::Gaps);
    let unlisted = StreamReport { horizon: None, covered: Vec::new(), gaps: Vec::new(), ..report() };
    assert!(!prove(unlisted).complete);
}

#[test]
fn holes_gaps_and_sums_decide_the_exit_code() {
    assert_eq!(prove(report()).exit(), Exit::Gaps);

    let mut whole = report();
    whole.gaps.clear();
    whole.covered = vec![Span { from: whole.horizon.unwrap(), to: at("2026-11-18T12:00:00Z") }];
    whole.counts.blobs = BlobCounts { listed: 1_200, journalled: 1_200, gap: 0, pending: 0 };
    assert_eq!(prove(whole.clone()).exit(), Exit::Done);

    let mut unlisted = whole.clone();
    unlisted.counts.blobs.listed += 1;
    assert_eq!(prove(unlisted).exit(), Exit::Failed);

    let mut too_many = whole;
    too_many.deliveries[0].1.delivered = 60_001;
    assert_eq!(prove(too_many).exit(), Exit::Failed);
}
