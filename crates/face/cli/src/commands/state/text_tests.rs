//! The picture of a sick and of a well stream.

use trailhound_journal::StreamReport;
use trailhound_model::*;
use trailhound_pipeline::health::StoredHealth;

use super::super::picture::{Picture, StreamPicture};
use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn report(stream: &str) -> StreamReport {
    let key = StreamKey {
        instance: InstanceName::new("contoso").unwrap(),
        stream: StreamName::new(stream).unwrap(),
    };
    let (from, to) = (at("2026-11-14T03:00:00Z"), at("2026-11-22T01:58:00Z"));
    let poison = Gap {
        span: Span { from, to: from + std::time::Duration::from_millis(1) },
        reason: GapReason::Poison("HTTP 500".to_owned()),
        content_id: Some(ContentId::new("20261114$poison")),
        at: to,
    };
    StreamReport {
        key,
        counts: StreamCounts {
            blobs: BlobCounts { listed: 1_204, journalled: 1_200, gap: 1, pending: 3 },
            records: RecordCounts { fetched: 60_400, duplicates: 400, revisions: 7 },
            bytes: 81_200_000,
        },
        horizon: Some(from),
        covered: vec![Span { from, to }],
        gaps: vec![poison],
        failing: vec![(
            ContentId::new("20261122013000123$20261122013000123$audit_exchange$Audit_Exchange$na0042"),
            4,
            "HTTP 503: the service is unavailable for a moment".to_owned(),
        )],
        newest_blob: Some(at("2026-11-22T01:51:00Z")),
        last_journalled_at: Some(at("2026-11-22T01:52:00Z")),
        deliveries: vec![(
            OutputName::new("siem").unwrap(),
            DeliveryCounts { delivered: 59_000, filtered: 0, dead_lettered: 0 },
        )],
    }
}

fn expired() -> StoredHealth {
    let text = "health1\ncredential failed\n2026-11-22T01:59:02Z\n2026-11-22T02:00:30Z\nMicrosoft refuses application \
        `contoso` since 2026-11-22 01:59 UTC (3 attempts): failed to get a token: the client secret has expired \
        (`AADSTS7000222`).\nMake a new client secret and configure its value. It is read anew for every token: no \
        restart is needed.";
    StoredHealth::from_text(text).unwrap()
}

fn picture(is_running: bool) -> Picture {
    let well =
        StoredHealth::from_text("health1\nok\n2026-11-15T10:00:00Z\n2026-11-15T10:01:00Z\n\n").unwrap();
    let live = |stream: &mut StreamPicture| {
        stream.subscribed_at = Some(at("2026-11-22T02:00:00Z"));
        stream.last_success = Some(at("2026-11-22T01:58:30Z"));
        stream.health.as_mut().unwrap().is_live = is_running;
    };
    let mut calm = StreamPicture::new(&report("Audit.General"), Some(well));
    (calm.pending_blobs, calm.gaps) = (0, std::collections::BTreeMap::new());
    calm.failing.clear();
    calm.outputs[0].waiting_records = 0;
    let mut sick = StreamPicture::new(&report("Audit.Exchange"), Some(expired()));
    let new = StreamPicture::new(
        &StreamReport { covered: vec![], newest_blob: None, last_journalled_at: None, ..report("DLP.All") },
        None,
    );
    live(&mut sick);
    live(&mut calm);
    Picture {
        now: at("2026-11-22T03:00:00Z"),
        is_running,
        streams: vec![sick, calm, new],
        ..Picture::default()
    }
}

fn told(picture: &Picture) -> String {
    let text = anstream::adapter::strip_str(&render(picture)).to_string();
    // An id is one word and longer than a line: nothing else may be.
    let long: Vec<&str> =
        text.lines().filter(|line| line.chars().count() > 80 && !line.contains('$')).collect();
    assert!(long.is_empty(), "{long:#?}");
    text
}

#[test]
fn the_picture_beside_a_daemon_within_80_columns() {
    insta::assert_snapshot!(told(&picture(true)));
}

#[test]
fn the_picture_that_a_stopped_daemon_left() {
    let text = told(&picture(false));
    assert!(text.contains("No daemon is running") && text.contains("was credential failed"), "{text}");
    assert!(text.contains("the last sign of life is\nof 2026-11-22T02:00:30Z, 59m 30s ago."), "{text}");
}

#[test]
fn a_daemon_that_has_judged_nothing_shows_no_green_and_a_full_journal_has_words() {
    let mut picture = picture(true);
    picture.streams.remove(0);
    picture.streams[0].health.as_mut().unwrap().is_live = false;
    picture.journal_error = Some(
        "the disk that holds the journal is full: `/var/lib/trailhound`: database or disk is full; free space on \
         that file system; collection and delivery go on by themselves, nothing is lost"
            .to_owned(),
    );
    insta::assert_snapshot!(told(&picture));
    picture.outside_changes = vec![crate::control::OutsideChange {
        output: "siem".to_owned(),
        at: "2026-11-22T02:59:00Z".to_owned(),
        what: "`/out/a.ndjson` was removed or moved away: 8 bytes that were delivered to it are gone"
            .to_owned(),
    }];
    insta::assert_snapshot!("the_head_of_a_daemon_in_trouble", told(&picture).split("\n\n").next().unwrap());
    picture.journal_error = None;
    assert!(!told(&picture).contains("No stream is known to be ill"), "{}", told(&picture));
    picture.daemon_silent = Some("it said nothing in time".to_owned());
    assert!(
        told(&picture).contains("It does not say how it is (it said nothing in time)"),
        "{}",
        told(&picture)
    );
}
