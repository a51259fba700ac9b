//! Records, readers, receipts, control state: the contract call by call.

use bytes::Bytes;
use trailhound_journal::{Journal, JournalErrorKind, Mode, ReaderState, Receipt};
use trailhound_model::{
    BlobCounts, DeliveryCounts, Delta, Gap, GapReason, JournalChunk, OutputName, RecordEntry, Seq, Span,
    days, hours,
};

use crate::support::{at, blob, chunk, commit_of, day, gzipped, id, key, open, open_at};

const BOTH: [Mode; 2] = [Mode::Threaded, Mode::Inline];

fn output(name: &str) -> OutputName {
    OutputName::new(name).unwrap()
}

#[tokio::test]
async fn records_come_back_as_they_were_before_and_after_a_restart() {
    for mode in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let long = "y".repeat(5_000);
        let chunks =
            [chunk(&[(1, "tiny")]), chunk(&[(2, &long), (3, "b"), (0, "c")]), gzipped(chunk(&[(4, &long)]))];
        let expected: Vec<_> = chunks.iter().map(|c| (c.raw.clone(), c.entries.clone())).collect();
        {
            let journal = open(folder.path(), mode);
            let stream = journal.register(&key("Audit.General")).await.unwrap();
            let mut newest = journal.newest();
            for (number, chunk) in chunks.into_iter().enumerate() {
                let raw_bytes = chunk.raw.len() as u64;
                let blob = commit_of(stream, &format!("b{number}"), at(number as u64), vec![chunk]);
                let committed = journal.commit_blob(blob).await.unwrap();
                assert_eq!((committed.bytes, committed.repeated), (raw_bytes, false));
                assert_eq!(*newest.borrow_and_update(), Seq(number as u64 + 1));
            }
            check(&journal.read(Seq(0), usize::MAX).await.unwrap(), &expected);
        }
        let journal = open(folder.path(), mode);
        assert_eq!(*journal.newest().borrow(), Seq(3));
        check(&journal.read(Seq(0), usize::MAX).await.unwrap(), &expected);
        let one = journal.read(Seq(1), 1).await.unwrap();
        assert_eq!(
            one.iter().map(|c| c.seq).collect::<Vec<_>>(),
            [Seq(2)],
            "at least one, whatever the limit"
        );
        assert!(journal.read(Seq(3), usize::MAX).await.unwrap().is_empty());
    }
}

fn check(chunks: &[JournalChunk], expected: &[(Bytes, Vec<RecordEntry>)]) {
    assert_eq!(chunks.len(), expected.len());
    for (chunk, (raw, entries)) in chunks.iter().zip(expected) {
        assert_eq!(chunk.raw, raw);
        assert_eq!(&chunk.records.iter().map(|(entry, _)| *entry).collect::<Vec<_>>(), entries);
        assert_eq!(chunk.key, key("Audit.General"));
        assert_eq!(chunk.deliverable().count(), entries.len());
    }
}

#[tokio::test]
async fn a_read_stops_before_its_limit_from_memory_and_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let one_chunk = chunk(&[(1, &"x".repeat(1_000))]).raw.len();
    let seqs = |chunks: Vec<JournalChunk>| chunks.into_iter().map(|c| c.seq.0).collect::<Vec<_>>();
    {
        let journal = open(folder.path(), Mode::Threaded);
        let stream = journal.register(&key("s")).await.unwrap();
        for number in 1..=5u8 {
            let chunk = chunk(&[(u128::from(number), &"x".repeat(1_000))]);
            journal.commit_blob(commit_of(stream, &number.to_string(), at(0), vec![chunk])).await.unwrap();
        }
        assert_eq!(seqs(journal.read(Seq(1), 2 * one_chunk).await.unwrap()), [2, 3]);
    }
    let journal = open(folder.path(), Mode::Threaded);
    assert_eq!(seqs(journal.read(Seq(1), 2 * one_chunk).await.unwrap()), [2, 3]);
    assert_eq!(seqs(journal.read(Seq(1), 2 * one_chunk - 1).await.unwrap()), [2]);
}

#[tokio::test]
async fn a_large_blob_is_seen_only_when_it_is_whole() {
    for mode in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path(), mode);
        let stream = journal.register(&key("s")).await.unwrap();
        let big = "z".repeat(300_000);
        // An attempt that broke off leaves nothing behind.
        journal.stage(stream, &id("big"), 0, chunk(&[(77, "old")])).await.unwrap();
        journal.stage(stream, &id("big"), 1, chunk(&[(78, "old")])).await.unwrap();
        for number in 0..3u32 {
            let records = [(u128::from(number) + 1, big.as_str()), (9, "same")];
            journal.stage(stream, &id("big"), number, chunk(&records)).await.unwrap();
            // Staging the same number again changes nothing.
            if number > 0 {
                journal.stage(stream, &id("big"), number, chunk(&records)).await.unwrap();
            }
        }
        let skipped = journal.stage(stream, &id("big"), 4, chunk(&[])).await.unwrap_err();
        assert_eq!(skipped.kind, JournalErrorKind::Refused);
        assert!(journal.read(Seq(0), usize::MAX).await.unwrap().is_empty());
        let mut blob = commit_of(stream, "big", at(0), vec![chunk(&[(9, "same"), (9, "other")])]);
        blob.staged_chunks = 2;
        let miscounted = journal.commit_blob(blob.clone()).await.unwrap_err();
        assert_eq!(miscounted.kind, JournalErrorKind::Refused);
        blob.staged_chunks = 3;
        let committed = journal.commit_blob(blob.clone()).await.unwrap();
        assert_eq!(
            (committed.counts.fetched, committed.counts.duplicates, committed.counts.revisions),
            (8, 3, 1)
        );
        let chunks = journal.read(Seq(0), usize::MAX).await.unwrap();
        assert_eq!(chunks.iter().map(|c| c.records.len()).collect::<Vec<_>>(), [2, 2, 2, 2]);
        assert_eq!(chunks[2].records[0].0.id.unwrap().0, 3);
        let again = journal.commit_blob(blob).await.unwrap();
        assert!(again.repeated);
        assert_eq!((again.counts, again.bytes), (committed.counts, committed.bytes));
    }
}

#[tokio::test]
async fn staged_chunks_do_not_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let stream = {
        let journal = open(folder.path(), Mode::Threaded);
        let stream = journal.register(&key("s")).await.unwrap();
        journal.stage(stream, &id("big"), 0, chunk(&[(1, "a")])).await.unwrap();
        stream
    };
    let journal = open(folder.path(), Mode::Threaded);
    let refused = journal.stage(stream, &id("big"), 1, chunk(&[(2, "b")])).await.unwrap_err();
    assert_eq!(refused.kind, JournalErrorKind::Refused);
    let conn = rusqlite::Connection::open(folder.path().join("journal.sqlite")).unwrap();
    let payloads: i64 = conn.query_row("SELECT count(*) FROM payload", [], |row| row.get(0)).unwrap();
    assert_eq!(payloads, 0, "their bytes are gone too");
}

#[tokio::test]
async fn records_outside_their_chunk_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), Mode::Inline);
    let stream = journal.register(&key("s")).await.unwrap();
    let mut bad = chunk(&[(1, "a"), (2, "b")]);
    bad.raw.truncate(bad.raw.len() - 2);
    let refused = journal.commit_blob(commit_of(stream, "b", at(0), vec![bad])).await.unwrap_err();
    assert_eq!(refused.kind, JournalErrorKind::Refused);
    let unknown = trailhound_journal::StreamId(stream.0 + 1);
    let refused = journal.commit_blob(commit_of(unknown, "b", at(0), vec![])).await.unwrap_err();
    assert_eq!(refused.kind, JournalErrorKind::Refused);
}

#[tokio::test]
async fn old_blobs_retire_into_the_sums() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), Mode::Inline);
    let stream = journal.register(&key("s")).await.unwrap();
    let names = ["old", "lost", "new", "pending"];
    let blobs = names.map(|name| blob(name, if name == "new" { day(10) } else { day(0) })).to_vec();
    journal.record(stream, vec![Delta::Found { blobs, at: at(1) }]).await.unwrap();
    for (name, created) in [("old", day(0)), ("new", day(10)), ("unlisted", day(0))] {
        journal.commit_blob(commit_of(stream, name, created, vec![chunk(&[(1, "x")])])).await.unwrap();
    }
    let span = Span::new(day(0), day(0) + hours(1)).unwrap();
    let lost = Gap { span, reason: GapReason::Expired, content_id: Some(id("lost")), at: at(2) };
    journal.record(stream, vec![Delta::Gap(lost)]).await.unwrap();
    let rows = || {
        let conn = rusqlite::Connection::open(folder.path().join("journal.sqlite")).unwrap();
        let mut statement = conn.prepare("SELECT content_id FROM blob ORDER BY content_id").unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.collect::<rusqlite::Result<Vec<String>>>().unwrap()
    };
    let expected = BlobCounts { listed: 5, journalled: 3, gap: 1, pending: 1 };
    for (now, left) in [(day(14), 5), (day(15), 3), (day(24), 3), (day(25), 2), (day(60), 2)] {
        journal.forget(now).await.unwrap();
        assert_eq!(rows().len(), left, "after {now}: {:?}", rows());
        assert_eq!(journal.recount(stream).await.unwrap(), expected);
        assert_eq!(journal.sums().await.unwrap()[0].counts.blobs, expected);
    }
    assert_eq!(rows(), ["lost", "pending"]);
    assert_eq!(journal.report().await.unwrap()[0].gaps.len(), 1);
}

#[tokio::test]
async fn a_large_backlog_of_old_blobs_retires_in_bounded_steps() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), Mode::Inline);
    let stream = journal.register(&key("s")).await.unwrap();
    let conn = rusqlite::Connection::open(folder.path().join("journal.sqlite")).unwrap();
    conn.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO blob (stream, content_id, state, created, expires, uri, found_at, next_try)
         SELECT ?1, 'b' || i, 1, ?2, ?2, '', ?2, ?2 FROM n",
        rusqlite::params![stream.0, day(0).as_millis()],
    )
    .unwrap();
    conn.execute("UPDATE stream SET listed = 5000, journalled = 5000", []).unwrap();
    let expected = BlobCounts { listed: 5000, journalled: 5000, ..BlobCounts::default() };
    let mut steps = 0;
    while journal.forget(day(40)).await.unwrap() > 0 {
        steps += 1;
        assert_eq!(journal.recount(stream).await.unwrap(), expected);
    }
    assert_eq!(steps, 2, "and a third that is not full");
    let left: i64 = conn.query_row("SELECT count(*) FROM blob", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    let recounts = journal.recount_next(None, 10).await.unwrap();
    assert_eq!(recounts.len(), 1);
    assert_eq!((recounts[0].kept, recounts[0].counted), (expected, expected));
    assert!(journal.recount_next(Some(stream), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_receipt_never_goes_back_and_counts_once() {
    for mode in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path(), mode);
        let stream = journal.register(&key("s")).await.unwrap();
        for number in 0..4 {
            journal
                .commit_blob(commit_of(stream, &format!("b{number}"), at(0), vec![chunk(&[])]))
                .await
                .unwrap();
        }
        let reader = output("siem");
        let receipt = |position: u64, state: &str, delivered: u64| Receipt {
            reader: reader.clone(),
            position: Seq(position),
            output_state: Some(state.to_owned()),
            counts: vec![(key("s"), DeliveryCounts { delivered, filtered: 1, dead_lettered: 0 })],
            at: at(5),
        };
        assert_eq!(journal.receipt(receipt(1, "x", 1)).await.unwrap_err().kind, JournalErrorKind::Refused);
        assert_eq!(journal.open_reader(&reader).await.unwrap(), ReaderState::default());
        journal.receipt(receipt(2, "a", 10)).await.unwrap();
        journal.receipt(receipt(2, "b", 10)).await.unwrap();
        journal.receipt(receipt(3, "c", 5)).await.unwrap();
        for refused in [receipt(2, "d", 1), receipt(5, "d", 1)] {
            assert_eq!(journal.receipt(refused).await.unwrap_err().kind, JournalErrorKind::Refused);
        }
        let expected = ReaderState { position: Seq(3), output_state: Some("c".to_owned()) };
        assert_eq!(journal.open_reader(&reader).await.unwrap(), expected);
        assert_eq!(journal.readers().await.unwrap(), [(reader.clone(), expected)]);
        let sums = DeliveryCounts { delivered: 15, filtered: 2, dead_lettered: 0 };
        assert_eq!(journal.report().await.unwrap()[0].deliveries, [(reader.clone(), sums)]);
        let idle = journal.register(&key("a")).await.unwrap();
        assert_ne!(idle, stream);
        let told = journal.sums().await.unwrap();
        for (sums, report) in told.iter().zip(journal.report().await.unwrap()) {
            let of_report = (report.key, report.counts, report.deliveries);
            assert_eq!((sums.key.clone(), sums.counts, sums.deliveries.clone()), of_report);
        }
        assert_eq!(told.iter().map(|sums| sums.deliveries.len()).collect::<Vec<_>>(), [0, 1]);
        journal.drop_reader(&reader).await.unwrap();
        assert!(journal.readers().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn payload_goes_when_all_readers_have_it_and_ids_stay() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), Mode::Threaded);
    let stream = journal.register(&key("s")).await.unwrap();
    for reader in ["fast", "slow"] {
        journal.open_reader(&output(reader)).await.unwrap();
    }
    for number in 0..4u8 {
        let blob =
            commit_of(stream, &format!("b{number}"), day(0), vec![chunk(&[(u128::from(number) + 1, "x")])]);
        journal.commit_blob(blob).await.unwrap();
    }
    let receipt = |reader: &str, position| Receipt {
        reader: output(reader),
        position: Seq(position),
        output_state: None,
        counts: Vec::new(),
        at: at(0),
    };
    journal.receipt(receipt("fast", 4)).await.unwrap();
    journal.receipt(receipt("slow", 2)).await.unwrap();
    assert_eq!(journal.forget(day(0) + hours(23)).await.unwrap(), 0, "younger than the retention");
    assert_eq!(journal.forget(day(0) + hours(25)).await.unwrap(), 2, "what the slow one lacks stays");
    assert_eq!(journal.forget(day(0) + hours(25)).await.unwrap(), 0);
    assert_eq!(journal.open_reader(&output("new")).await.unwrap().position, Seq(2));
    drop(journal);
    // From the disk: the oldest held chunk is the third; the first id is known all the same.
    let journal = open_at(crate::support::config(folder.path(), Mode::Threaded), day(2));
    assert_eq!(journal.read(Seq(0), usize::MAX).await.unwrap()[0].seq, Seq(3));
    let again = commit_of(stream, "later", day(1), vec![chunk(&[(1, "x")])]);
    assert_eq!(journal.commit_blob(again).await.unwrap().counts.duplicates, 1);
    journal.drop_reader(&output("slow")).await.unwrap();
    journal.drop_reader(&output("new")).await.unwrap();
    assert_eq!(journal.forget(day(0) + hours(25)).await.unwrap(), 2, "nobody keeps it any more");
}

#[tokio::test]
async fn the_numbering_goes_on_when_everything_was_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let stream = {
        let journal = open(folder.path(), Mode::Inline);
        let stream = journal.register(&key("s")).await.unwrap();
        journal.commit_blob(commit_of(stream, "b", day(0), vec![chunk(&[(1, "x")])])).await.unwrap();
        assert_eq!(journal.forget(day(0) + days(30)).await.unwrap(), 1);
        stream
    };
    let journal = open_at(crate::support::config(folder.path(), Mode::Inline), day(30));
    assert_eq!(*journal.newest().borrow(), Seq(1));
    journal.commit_blob(commit_of(stream, "c", day(30), vec![chunk(&[(1, "x")])])).await.unwrap();
    let chunks = journal.read(Seq(0), usize::MAX).await.unwrap();
    assert_eq!(chunks.iter().map(|c| c.seq).collect::<Vec<_>>(), [Seq(2)]);
}

#[tokio::test]
async fn control_state_moves_only_from_the_expected_version() {
    for mode in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path(), mode);
        assert_eq!(journal.control("app").await.unwrap(), None);
        assert!(!journal.set_control("app", Some(1), "a").await.unwrap());
        assert!(journal.set_control("app", None, "a").await.unwrap());
        assert!(!journal.set_control("app", None, "b").await.unwrap());
        assert!(journal.set_control("app", Some(1), "b").await.unwrap());
        assert!(!journal.set_control("app", Some(1), "c").await.unwrap());
        assert_eq!(journal.control("app").await.unwrap(), Some((2, "b".to_owned())));
    }
}

#[tokio::test]
async fn readers_do_not_wait_for_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let journal = std::sync::Arc::new(open(folder.path(), Mode::Threaded));
    let stream = journal.register(&key("s")).await.unwrap();
    journal.commit_blob(commit_of(stream, "first", at(0), vec![chunk(&[(1, "x")])])).await.unwrap();
    // Somebody else holds the write lock, so the writer stands still in the middle of its work.
    let other = rusqlite::Connection::open(folder.path().join("journal.sqlite")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writing = tokio::spawn({
        let journal = std::sync::Arc::clone(&journal);
        async move { journal.commit_blob(commit_of(stream, "second", at(0), vec![])).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(journal.report().await.unwrap()[0].counts.blobs.journalled, 1);
    assert!(journal.load(stream).await.unwrap().pending.is_empty());
    assert!(!writing.is_finished());
    other.execute_batch("ROLLBACK").unwrap();
    writing.await.unwrap().unwrap();
    assert_eq!(journal.report().await.unwrap()[0].counts.blobs.journalled, 2);
}
