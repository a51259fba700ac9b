//! The contract, call by call.

use crate::support::{at, chunk, commit_of, gzipped, key, open};
use bytes::Bytes;
use trailhound_journal::{Journal, Mode};
use trailhound_model::{JournalChunk, Seq};

const BOTH: [Mode; 2] = [Mode::Threaded, Mode::Inline];

#[tokio::test]
async fn records_come_back_as_they_were_before_and_after_a_restart() {
    for mode in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let long = "y".repeat(5_000);
        let chunks =
            [chunk(&[(1, "tiny")]), chunk(&[(2, &long), (3, "b"), (0, "c")]), gzipped(chunk(&[(4, &long)]))];
        let mut expected = Vec::new();
        {
            let journal = open(folder.path(), mode);
            let stream = journal.register(&key("Audit.General")).await.unwrap();
            let mut newest = journal.newest();
            for (number, chunk) in chunks.iter().enumerate() {
                expected.push((chunk.raw.clone(), chunk.entries.clone()));
                let name = format!("b{number}");
                let blob = commit_of(stream, &name, at(number as u64), vec![chunk.clone()]);
                let committed = journal.commit_blob(blob).await.unwrap();
                assert_eq!(committed.bytes, chunk.raw.len() as u64);
                assert!(!committed.repeated);
                assert_eq!(*newest.borrow_and_update(), Seq(number as u64 + 1));
            }
            check(&journal.read(Seq(0), usize::MAX).await.unwrap(), &expected);
        }
        let journal = open(folder.path(), mode);
        assert_eq!(*journal.newest().borrow(), Seq(3));
        check(&journal.read(Seq(0), usize::MAX).await.unwrap(), &expected);
        let one = journal.read(Seq(1), 1).await.unwrap();
        assert_eq!(one.len(), 1, "at least one, however small the limit");
        assert_eq!(one[0].seq, Seq(2));
    }
}

fn check(chunks: &[JournalChunk], expected: &[(Bytes, Vec<trailhound_model::RecordEntry>)]) {
    assert_eq!(chunks.len(), expected.len());
    for (chunk, (raw, entries)) in chunks.iter().zip(expected) {
        assert_eq!(chunk.raw, raw);
        assert_eq!(&chunk.records.iter().map(|(entry, _)| *entry).collect::<Vec<_>>(), entries);
        assert_eq!(chunk.key, key("Audit.General"));
        assert_eq!(chunk.deliverable().count(), entries.len());
    }
}
