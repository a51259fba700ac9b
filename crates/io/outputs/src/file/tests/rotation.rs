//! Parts, days and hours, and the limits on what is kept open.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use trailhound_model::{Timestamp, minutes};

use super::{TEMPLATE, config, output};
use crate::Output;
use crate::file::{Compression, FileOutput, MAX_TRACKED_FILES, state};
use crate::testing::{SimDisk, chunk, key, now};

async fn write(
    output: &mut FileOutput,
    seq: u64,
    records: &[&str],
    at: Timestamp,
) -> (Option<String>, String) {
    let batch = [chunk(seq, &key("contoso", "Audit.General"), records)];
    let intent = output.prepare(&batch, at).unwrap();
    let accepted = output.deliver(&batch, at).await.unwrap();
    (intent, accepted.state.unwrap())
}

fn names(disk: &SimDisk) -> Vec<String> {
    disk.files().into_keys().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_part_ends_before_it_would_be_too_large() {
    let disk = SimDisk::new(1);
    let mut settings = config(TEMPLATE, Compression::None);
    settings.rotate_bytes = Some(20);
    let mut output = output(settings, Arc::new(disk.clone()));
    output.recover(None, &[]).await.unwrap();
    for seq in 1..=5 {
        write(&mut output, seq, &["n:{\"a\":1}"], now()).await;
    }
    assert_eq!(names(&disk), ["2026-11-20.1.ndjson", "2026-11-20.2.ndjson", "2026-11-20.ndjson"]);
    assert!(disk.files().values().all(|bytes| bytes.len() <= 20));
}

#[tokio::test]
async fn an_intent_is_stored_for_new_parts_only() {
    let disk = SimDisk::new(1);
    let mut settings = config(TEMPLATE, Compression::Gzip);
    settings.rotate_after = Some(minutes(10));
    let mut output = output(settings, Arc::new(disk.clone()));
    output.recover(None, &[]).await.unwrap();
    assert!(write(&mut output, 1, &["n:{}"], now()).await.0.is_some());
    assert!(write(&mut output, 2, &["n:{}"], now() + minutes(9)).await.0.is_none());
    assert!(write(&mut output, 3, &["n:{}"], now() + minutes(10)).await.0.is_some());
    assert_eq!(names(&disk), ["2026-11-20.1.ndjson.gz", "2026-11-20.ndjson.gz"]);
}

#[tokio::test]
async fn the_day_is_that_of_the_delivery_in_utc() {
    let disk = SimDisk::new(1);
    let mut output = output(config("log/{date}.{hour}", Compression::None), Arc::new(disk.clone()));
    output.recover(None, &[]).await.unwrap();
    let midnight = Timestamp::parse("2026-11-21").unwrap();
    write(&mut output, 1, &["n:{}"], midnight - Duration::from_millis(1)).await;
    write(&mut output, 2, &["n:{}"], midnight).await;
    assert_eq!(names(&disk), ["2026-11-20.23", "2026-11-21.00"]);
}

#[tokio::test]
async fn idle_files_leave_the_state_and_are_taken_up_again() {
    let disk = SimDisk::new(1);
    let mut output = output(config("log/{stream}", Compression::None), Arc::new(disk.clone()));
    output.recover(None, &[]).await.unwrap();
    write(&mut output, 1, &["n:{\"a\":1}"], now()).await;
    let other = [chunk(2, &key("contoso", "DLP.All"), &["n:{}"])];
    output.prepare(&other, now() + minutes(90)).unwrap();
    let accepted = output.deliver(&other, now() + minutes(90)).await.unwrap();
    assert!(!accepted.state.unwrap().contains("Audit.General"));
    let (intent, _) = write(&mut output, 3, &["n:{\"a\":2}"], now() + minutes(91)).await;
    assert!(intent.unwrap().contains(r#""base":"log/Audit.General","part":0,"len":8"#));
    assert_eq!(disk.files()[Path::new("log/Audit.General")], b"{\"a\":1}\n{\"a\":2}\n");
}

#[tokio::test]
async fn the_state_is_bounded_whatever_the_number_of_streams() {
    let disk = SimDisk::new(1);
    let mut output = output(config("log/{stream}", Compression::None), Arc::new(disk.clone()));
    output.recover(None, &[]).await.unwrap();
    let streams = MAX_TRACKED_FILES + 50;
    let batch: Vec<_> =
        (0..streams).map(|n| chunk(n as u64, &key("contoso", &format!("s{n}")), &["n:{}"])).collect();
    for _ in 0..2 {
        output.prepare(&batch, now()).unwrap();
        let stored = output.deliver(&batch, now()).await.unwrap().state.unwrap();
        assert_eq!(state::read(&stored).unwrap().iter().count(), MAX_TRACKED_FILES);
    }
    assert_eq!(disk.files().len(), streams);
    assert!(disk.files().values().all(|bytes| bytes == b"{}\n{}\n"));
}

#[tokio::test]
async fn many_records_take_few_writes() {
    let disk = SimDisk::new(1);
    let mut output = output(config(TEMPLATE, Compression::None), Arc::new(disk.clone()));
    output.recover(None, &[]).await.unwrap();
    let record = format!("n:{{\"text\":\"{}\"}}", "x".repeat(1_000));
    write(&mut output, 1, &vec![record.as_str(); 4_000], now()).await;
    assert_eq!(disk.writes(), (4, 1), "4 MB in writes of up to 1 MiB, and one sync");
}
