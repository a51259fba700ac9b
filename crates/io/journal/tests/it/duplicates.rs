//! Exact de-duplication through the journal: across blobs, days, streams, failures and restarts.

use std::sync::Arc;

use trailhound_journal::{
    Committed, Journal, JournalConfig, JournalErrorKind, Mode, SqliteJournal, StreamId,
};
use trailhound_model::{JournalChunk, RecordCounts, RecordMark, Seq, Timestamp, days};

use crate::support::{FixedClock, chunk, commit_of, config, day, key, open, open_at};

use RecordMark::{Duplicate, New, Revision};

async fn commit(
    journal: &SqliteJournal,
    stream: StreamId,
    name: &str,
    created: Timestamp,
    records: &[(u128, &str)],
) -> Committed {
    journal.commit_blob(commit_of(stream, name, created, vec![chunk(records)])).await.unwrap()
}

async fn marks(journal: &SqliteJournal) -> Vec<Vec<RecordMark>> {
    let of_chunk = |chunk: &JournalChunk| chunk.records.iter().map(|(_, mark)| *mark).collect();
    journal.read(Seq(0), usize::MAX).await.unwrap().iter().map(of_chunk).collect()
}

#[tokio::test]
async fn the_same_content_is_a_duplicate_and_other_content_a_revision() {
    let folder = tempfile::tempdir().unwrap();
    {
        let journal = open(folder.path(), Mode::Threaded);
        let stream = journal.register(&key("a")).await.unwrap();
        let other = journal.register(&key("b")).await.unwrap();
        commit(&journal, stream, "1", day(3), &[(1, "x"), (1, "x"), (0, "x"), (0, "x"), (2, "x")]).await;
        // An older blob that comes later, and one that repeats a revision.
        commit(&journal, stream, "2", day(1), &[(1, "y"), (2, "x"), (3, "x")]).await;
        commit(&journal, stream, "3", day(5), &[(1, "y"), (1, "x"), (1, "z"), (3, "x")]).await;
        commit(&journal, other, "4", day(5), &[(1, "x")]).await;
    }
    let journal = open(folder.path(), Mode::Threaded);
    let stream = journal.register(&key("a")).await.unwrap();
    let after = commit(&journal, stream, "5", day(6), &[(1, "z"), (1, "w"), (4, "x")]).await;
    assert_eq!(after.counts, RecordCounts { fetched: 3, duplicates: 1, revisions: 1 });
    let expected: [&[RecordMark]; 5] = [
        &[New, Duplicate, New, New, New],
        &[Revision, Duplicate, New],
        &[Duplicate, Duplicate, Revision, Duplicate],
        &[New],
        &[Duplicate, Revision, New],
    ];
    assert_eq!(marks(&journal).await, expected);
    let counts = journal.report().await.unwrap()[0].counts.records;
    assert_eq!(counts, RecordCounts { fetched: 15, duplicates: 6, revisions: 3 });
}

#[tokio::test]
async fn a_refused_commit_leaves_no_ids_behind() {
    for mode in [Mode::Threaded, Mode::Inline] {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path(), mode);
        let stream = journal.register(&key("a")).await.unwrap();
        let mut wrong = commit_of(stream, "1", day(0), vec![chunk(&[(1, "x")])]);
        wrong.staged_chunks = 1;
        // Refused after its first chunk was marked.
        journal.stage(stream, &wrong.content_id, 0, chunk(&[(2, "x")])).await.unwrap();
        let conn = rusqlite::Connection::open(folder.path().join("journal.sqlite")).unwrap();
        conn.execute(
            "CREATE TRIGGER no BEFORE UPDATE OF bytes ON blob BEGIN SELECT raise(ABORT, 'no'); END",
            [],
        )
        .unwrap();
        journal.commit_blob(wrong.clone()).await.unwrap_err();
        conn.execute("DROP TRIGGER no", []).unwrap();
        assert_eq!(*journal.newest().borrow(), Seq(0));
        let committed = journal.commit_blob(wrong).await.unwrap();
        assert_eq!(committed.counts, RecordCounts { fetched: 2, duplicates: 0, revisions: 0 });
        assert_eq!(marks(&journal).await, [[New], [New]]);
    }
}

#[tokio::test]
async fn ids_are_known_for_fourteen_days_of_blob_age() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), Mode::Inline);
    let stream = journal.register(&key("a")).await.unwrap();
    commit(&journal, stream, "1", day(0), &[(1, "x"), (2, "x")]).await;
    commit(&journal, stream, "2", day(4), &[(2, "x")]).await;
    journal.forget(day(14)).await.unwrap();
    let kept = commit(&journal, stream, "3", day(0), &[(1, "x")]).await;
    assert_eq!(kept.counts.duplicates, 1, "exactly fourteen days old");
    journal.forget(day(15)).await.unwrap();
    let later = commit(&journal, stream, "4", day(15), &[(1, "x"), (2, "x")]).await;
    assert_eq!(later.counts.duplicates, 1, "the first was forgotten, the second came again on day 4");
    drop(journal);
    // A restart knows neither more nor less.
    let journal = open_at(config(folder.path(), Mode::Inline), day(15) + days(1));
    let later = commit(&journal, stream, "5", day(16), &[(1, "x"), (2, "x"), (3, "x")]).await;
    assert_eq!(later.counts.duplicates, 2);
    let old: i64 = rusqlite::Connection::open(folder.path().join("journal.sqlite"))
        .unwrap()
        .query_row("SELECT count(*) FROM chunk WHERE created = ?1", [day(0).as_millis()], |row| row.get(0))
        .unwrap();
    assert_eq!(old, 0, "the record indexes of day 0 are gone from the file");
}

fn small(folder: &std::path::Path, mode: Mode) -> JournalConfig {
    JournalConfig { ids_in_memory: 4, ..config(folder, mode) }
}

fn names_in(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join("ids")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn ids_in_files_are_known_after_a_restart_without_their_chunks_and_go_with_their_day() {
    for mode in [Mode::Threaded, Mode::Inline] {
        let folder = tempfile::tempdir().unwrap();
        let journal = open_at(small(folder.path(), mode), day(0));
        let stream = journal.register(&key("a")).await.unwrap();
        for number in 1..60u64 {
            let own = u128::from(number);
            let records = [(own, "x"), (own / 2 + 1, "x"), (0, "x"), (own, "y")];
            let created = day(number / 20);
            let counts = commit(&journal, stream, &number.to_string(), created, &records).await.counts;
            let expected = RecordCounts { fetched: 4, duplicates: 1, revisions: 1 };
            assert_eq!(counts, expected);
        }
        assert!(journal.forget(day(4)).await.unwrap() > 50, "payload");
        drop(journal);
        let files = names_in(folder.path());
        assert!(!files.is_empty() && files.len() <= 27, "{files:?}");
        let conn = rusqlite::Connection::open(folder.path().join("journal.sqlite")).unwrap();
        let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
        assert!(number("SELECT count(*) FROM chunk WHERE record_index = x''") > 20);
        // What a crash between a file and its transaction leaves.
        std::fs::write(folder.path().join("ids/0000009999.ids"), "half a file").unwrap();

        let journal = open_at(small(folder.path(), mode), day(4));
        assert!(!names_in(folder.path()).contains(&"0000009999.ids".to_owned()));
        let again: Vec<(u128, &str)> = (1..60).flat_map(|id| [(id, "x"), (id, "y")]).collect();
        let counts = commit(&journal, stream, "again", day(3), &again).await.counts;
        assert_eq!(counts, RecordCounts { fetched: 118, duplicates: 118, revisions: 0 });
        let counts = commit(&journal, stream, "new", day(3), &[(60, "x"), (59, "z"), (61, "x")]).await.counts;
        assert_eq!(counts, RecordCounts { fetched: 3, duplicates: 0, revisions: 1 });
        journal.forget(day(40)).await.unwrap();
        let counts = commit(&journal, stream, "late", day(39), &[(60, "x"), (1, "x")]).await.counts;
        assert_eq!(counts.duplicates, 0, "all days are forgotten");
        drop(journal);
        open_at(small(folder.path(), mode), day(40));
        assert_eq!(number("SELECT count(*) FROM id_run WHERE day < 20777 + 26"), 0);
        assert_eq!(names_in(folder.path()).len(), number("SELECT count(*) FROM id_run") as usize);
    }
}

#[tokio::test]
async fn a_file_of_ids_that_is_missing_is_named_and_nothing_is_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open_at(small(folder.path(), Mode::Inline), day(0));
    let stream = journal.register(&key("a")).await.unwrap();
    commit(&journal, stream, "1", day(0), &[(1, "x"), (2, "x"), (3, "x"), (4, "x")]).await;
    drop(journal);
    let files = names_in(folder.path());
    assert_eq!(files.len(), 1);
    std::fs::remove_file(folder.path().join("ids").join(&files[0])).unwrap();
    let error =
        SqliteJournal::open(small(folder.path(), Mode::Inline), Arc::new(FixedClock(day(0)))).err().unwrap();
    assert_eq!(error.kind, JournalErrorKind::Damaged);
    assert!(error.detail.contains(&files[0]) && error.detail.contains("it is missing"), "{error}");
}

#[tokio::test]
async fn without_room_for_files_commits_are_refused_and_go_on_with_room() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open_at(small(folder.path(), Mode::Inline), day(0));
    let stream = journal.register(&key("a")).await.unwrap();
    // A file where the folder was: no new file can be made in it.
    let ids = folder.path().join("ids");
    std::fs::remove_dir(&ids).unwrap();
    std::fs::write(&ids, "").unwrap();
    let mut committed = 0u64;
    let refused = loop {
        let blob = commit_of(
            stream,
            &committed.to_string(),
            day(0),
            vec![chunk(&[(u128::from(committed) + 1, "x")])],
        );
        match journal.commit_blob(blob).await {
            Ok(_) => committed += 1,
            Err(error) => break error,
        }
        assert!(committed < 100, "memory is bounded");
    };
    assert_eq!(refused.kind, JournalErrorKind::Failed);
    assert!(refused.detail.contains("record ids"), "{refused}");
    assert!(committed >= 8);
    std::fs::remove_file(&ids).unwrap();
    std::fs::create_dir(&ids).unwrap();
    journal.forget(day(0)).await.unwrap();
    let all: Vec<(u128, &str)> = (1..=committed).map(|id| (u128::from(id), "x")).collect();
    let counts = commit(&journal, stream, "all", day(0), &all).await.counts;
    assert_eq!(counts.duplicates, committed);
    assert!(!names_in(folder.path()).is_empty());
}
