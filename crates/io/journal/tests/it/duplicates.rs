//! Exact de-duplication through the journal: across blobs, days, streams, failures and restarts.

use trailhound_journal::{Committed, Journal, Mode, SqliteJournal, StreamId};
use trailhound_model::{JournalChunk, RecordCounts, RecordMark, Seq, Timestamp, days};

use crate::support::{chunk, commit_of, config, day, key, open, open_at};

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
