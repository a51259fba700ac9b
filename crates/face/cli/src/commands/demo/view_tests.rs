//! The picture as it stands on a terminal of 120 columns.

use std::path::Path;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use trailhound_model::{
    DeliveryCounts, InstanceName, OutputName, RecordCounts, StreamKey, StreamName, Timestamp,
};
use trailhound_pipeline::board::{Board, StreamPhase};

use super::super::model::Places;
use super::*;

#[test]
fn everything_is_on_the_picture() {
    let now = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
    let key = |stream| StreamKey {
        instance: InstanceName::new("northwind-health").unwrap(),
        stream: StreamName::new(stream).unwrap(),
    };
    let board = Board::new();
    board.stream(&key("Audit.Exchange"), |status| {
        status.phase = StreamPhase::Ok;
        (status.listed_blobs, status.fetched_blobs, status.pending_blobs) = (1_042, 980, 62);
        status.records = RecordCounts { fetched: 51_200, duplicates: 730, revisions: 0 };
        status.raw_bytes = 71_300_000;
        status.lag_millis = Some(4_200);
    });
    board.stream(&key("Audit.SharePoint"), |status| {
        status.phase = StreamPhase::Retrying;
        status.gap_blobs = 2;
        status.last_error =
            Some((now - Duration::from_secs(130), "list content: HTTP 503".to_owned(), String::new()));
    });
    board.output(&OutputName::new("files").unwrap(), |status| {
        let done = DeliveryCounts { delivered: 50_470, filtered: 0, dead_lettered: 0 };
        status.counts.insert(key("Audit.Exchange"), done);
        status.backlog_chunks = 3;
    });
    let places = Places::new(
        Path::new("/tmp/demo"),
        "127.0.0.1:8365".parse().unwrap(),
        "127.0.0.1:9000".parse().unwrap(),
    );
    let mut model = Model::new(places, Duration::ZERO);
    model.update(&Board::new().snapshot(), Duration::from_secs(1), now);
    model.update(&board.snapshot(), Duration::from_secs(21), now);

    let mut terminal = Terminal::new(TestBackend::new(120, 18)).unwrap();
    terminal.draw(|frame| draw(frame, &model)).unwrap();
    insta::assert_snapshot!(terminal.backend());
}

#[test]
fn a_narrow_terminal_drops_columns_and_shreds_none() {
    let widths = [34, 9, 8, 8, 8, 10, 8, 5, 5, 10];
    assert_eq!(columns(&widths, 120), (0..10).collect::<Vec<_>>());
    assert_eq!(columns(&widths, 110), (0..9).collect::<Vec<_>>());
    assert_eq!(columns(&widths, 78), [0, 1, 2, 3, 5]);
    assert_eq!(columns(&widths, 10), [0]);
}
