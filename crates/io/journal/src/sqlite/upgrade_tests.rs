//! A data folder that version 1 left, under this build.

use std::path::Path;
use std::sync::Arc;

use trailhound_env::SystemClock;
use trailhound_model::{
    ContentHash, ContentId, InstanceName, NewChunk, OutputName, RecordCounts, RecordEntry, RecordId, Seq,
    StreamKey, StreamName, Timestamp,
};

use crate::{BlobCommit, Committed, Journal, JournalConfig, Mode, SqliteJournal, StreamId};

/// 2100: the machine's clock finds every blob young enough to be remembered.
const FAR_AHEAD: Timestamp = Timestamp::from_millis(4_102_444_800_000);

fn open(folder: &Path, ids_in_memory: usize) -> SqliteJournal {
    let config = JournalConfig { mode: Mode::Inline, ids_in_memory, ..JournalConfig::new(folder) };
    SqliteJournal::open(config, Arc::new(SystemClock::default())).unwrap()
}

async fn register(journal: &SqliteJournal) -> StreamId {
    let stream = StreamName::new("Audit.General").unwrap();
    journal.register(&StreamKey { instance: InstanceName::new("contoso").unwrap(), stream }).await.unwrap()
}

async fn commit(
    journal: &SqliteJournal,
    stream: StreamId,
    name: &str,
    ids: std::ops::Range<u128>,
) -> Committed {
    let entry = |(at, id)| RecordEntry {
        offset: u32::try_from(at).unwrap(),
        length: 1,
        id: Some(RecordId(id)),
        hash: ContentHash(id),
    };
    let entries: Vec<_> = ids.enumerate().map(entry).collect();
    let raw = vec![b'x'; entries.len()].into();
    let blob = BlobCommit {
        stream,
        content_id: ContentId::new(name),
        created: FAR_AHEAD,
        chunks: vec![NewChunk { raw, gzip: None, entries }],
        staged_chunks: 0,
        at: FAR_AHEAD,
    };
    journal.commit_blob(blob).await.unwrap()
}

#[tokio::test]
async fn all_that_version_1_knew_is_known_and_its_ids_move_to_files() {
    let folder = tempfile::tempdir().unwrap();
    let reader = OutputName::new("siem").unwrap();
    {
        let journal = open(folder.path(), 1_000_000);
        let stream = register(&journal).await;
        journal.open_reader(&reader).await.unwrap();
        for number in 0..300u128 {
            commit(&journal, stream, &format!("b{number}"), number * 10..number * 10 + 12).await;
        }
    }
    crate::testing::downgrade_to_version_1(folder.path()).unwrap();
    assert!(!folder.path().join("ids").exists());
    for round in 0..2 {
        let journal = open(folder.path(), 100);
        let files = std::fs::read_dir(folder.path().join("ids")).unwrap().count();
        assert!((1..=8).contains(&files), "{files}");
        let stream = register(&journal).await;
        assert!(commit(&journal, stream, "b7", 70..82).await.repeated);
        let again = commit(&journal, stream, &format!("again{round}"), 0..3_002).await;
        assert_eq!(again.counts, RecordCounts { fetched: 3_002, duplicates: 3_002, revisions: 0 });
        assert_eq!(journal.read(Seq(0), 1).await.unwrap().len(), 1);
        assert_eq!(journal.readers().await.unwrap()[0].0, reader);
        journal.forget(FAR_AHEAD).await.unwrap();
    }
}
