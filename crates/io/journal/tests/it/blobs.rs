//! Single blobs: what is told of each, and blobs that come out of their gap rows.

use trailhound_journal::{BlobChoice, BlobPlace, Journal, JournalError, MAX_BLOB_ROWS, Mode, SqliteJournal};
use trailhound_model::{ContentId, Delta, Gap, GapReason, Span};

use crate::support::{START, at, blob, chunk, commit_of, config, id, key, open_at};

fn gap(name: &str, created: u64) -> Delta {
    let span = Span::new(at(created), at(created + 1)).unwrap();
    let reason = GapReason::Poison("HTTP 500".to_owned());
    Delta::Gap(Gap { span, reason, content_id: Some(id(name)), at: at(9) })
}

#[tokio::test]
async fn each_blob_is_told_with_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open_at(config(folder.path(), Mode::Threaded), START);
    let stream = journal.register(&key("s")).await.unwrap();
    let blobs = ["a", "b", "c"].map(|name| blob(name, at(5))).to_vec();
    let found = Delta::Found { blobs, at: at(6) };
    journal.record(stream, vec![found, gap("b", 5)]).await.unwrap();
    let records = vec![chunk(&[(1, "x"), (2, "y")])];
    let committed = journal.commit_blob(commit_of(stream, "a", at(5), records)).await.unwrap();

    let asked = BlobChoice::These(["c", "a", "none", "b"].map(id).to_vec());
    let rows = journal.blobs(stream, asked).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.blob.content_id.as_str(), row.place)).collect();
    assert_eq!(told, [("c", BlobPlace::Pending), ("a", BlobPlace::Journalled), ("b", BlobPlace::Gap)]);
    assert_eq!((rows[1].counts, rows[1].bytes), (committed.counts, committed.bytes));
    assert_eq!(rows[1].chunk, Some((trailhound_model::Seq(1), at(5))));
    assert_eq!(rows[2].blob, blob("b", at(5)), "what is in a gap keeps its address");
    assert_eq!(rows[2].gap.as_ref().unwrap().reason.detail(), "HTTP 500");

    let reader = SqliteJournal::open_read_only(folder.path()).unwrap();
    let mut all = Vec::new();
    let walked: Result<(), JournalError> = reader.in_one_view(|view| {
        view.report()?;
        view.for_each_blob(&key("s"), None, |row| {
            all.push(row.blob.content_id.to_string());
            Ok(())
        })
    });
    walked.unwrap();
    assert_eq!(all, ["a", "b", "c"]);
    let later = Span::new(at(6), at(600));
    let none =
        |_| Err(JournalError { kind: trailhound_journal::JournalErrorKind::Refused, detail: String::new() });
    reader.for_each_blob(&key("s"), later, none).unwrap();
}

#[tokio::test]
async fn blobs_in_gap_rows_are_paged_and_named_when_they_are_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open_at(config(folder.path(), Mode::Inline), START);
    let stream = journal.register(&key("s")).await.unwrap();
    let names: Vec<String> = (0..MAX_BLOB_ROWS + 5).map(|n| format!("b{n:05}")).collect();
    let blobs = names.iter().map(|name| blob(name, at(5))).collect();
    journal.record(stream, vec![Delta::Found { blobs, at: at(6) }]).await.unwrap();
    journal.record(stream, names.iter().map(|name| gap(name, 5)).collect()).await.unwrap();

    let first = journal.blobs(stream, BlobChoice::GivenUp { after: None }).await.unwrap();
    assert_eq!(first.len(), MAX_BLOB_ROWS);
    let after: Option<ContentId> = first.last().map(|row| row.blob.content_id.clone());
    let rest = journal.blobs(stream, BlobChoice::GivenUp { after }).await.unwrap();
    let told: Vec<String> = first.iter().chain(&rest).map(|row| row.blob.content_id.to_string()).collect();
    assert_eq!(told, names);

    let reopened = Delta::Reopened { content_id: id("b00001"), at: at(20) };
    let applied = journal.record(stream, vec![reopened.clone()]).await.unwrap();
    let facts = journal.load(stream).await.unwrap();
    assert_eq!(applied.reopened, facts.pending.into_values().collect::<Vec<_>>());
    assert_eq!(applied.reopened[0].next_try, at(20));
    assert!(journal.record(stream, vec![reopened]).await.unwrap().reopened.is_empty(), "L4");
    let too_many = BlobChoice::These(vec![id("x"); MAX_BLOB_ROWS + 1]);
    journal.blobs(stream, too_many).await.unwrap_err();
}
