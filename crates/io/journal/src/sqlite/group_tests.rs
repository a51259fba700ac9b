//! Groups that fail in part or as a whole, with SQLite's own page limit as the full disk.

use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::watch;
use trailhound_env::{RealStorage, Storage, SystemClock};
use trailhound_model::{
    ContentHash, ContentId, InstanceName, NewChunk, RecordEntry, RecordId, Seq, StreamKey, StreamName,
    Timestamp, days,
};

use super::*;
use crate::sqlite::chunk_cache::ChunkCache;
use crate::sqlite::commit::{EncodedChunk, commit_blob};
use crate::sqlite::control::register;
use crate::sqlite::core::{CoreSettings, Shared};
use crate::sqlite::{folder::HeldFolder, read::read};
use crate::{BlobCommit, Committed, JournalErrorKind, StreamId};

/// 2100: the machine's clock finds every blob young enough to be remembered.
const FAR_AHEAD: Timestamp = Timestamp::from_millis(4_102_444_800_000);

type Reply = oneshot::Receiver<Result<Committed>>;

fn open(folder: &Path) -> (Core, HeldFolder, Arc<Shared>) {
    let id_files = RealStorage.whole_files(&folder.join("ids")).unwrap();
    let folder = HeldFolder::take(Arc::new(RealStorage), folder, 4_096).unwrap();
    let shared =
        Arc::new(Shared { cache: Mutex::new(ChunkCache::new(1 << 20)), newest: watch::Sender::new(Seq(0)) });
    let settings = CoreSettings {
        database: &folder.database,
        retention: days(1),
        dedup_horizon: days(14),
        integrity_check: true,
        id_files,
        hot_ids: 1_000,
        in_background: false,
    };
    let core = Core::open(&settings, Arc::clone(&shared), Arc::new(SystemClock::default())).unwrap();
    (core, folder, shared)
}

/// A commit of one record whose bytes do not compress, as a waiting job.
fn job(stream: StreamId, number: u8, raw_bytes: usize) -> (Box<dyn Job>, Reply) {
    let mut state = u64::from(number) + 1;
    let raw: Bytes = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()[7]
    })
    .take(raw_bytes)
    .collect();
    let entry = RecordEntry {
        offset: 0,
        length: u32::try_from(raw.len()).unwrap(),
        id: Some(RecordId(u128::from(number))),
        hash: ContentHash::of(&raw),
    };
    let encoded = EncodedChunk::new(NewChunk { raw, gzip: None, entries: vec![entry] }).unwrap();
    let blob = BlobCommit {
        stream,
        content_id: ContentId::new(&format!("b{number}")),
        created: FAR_AHEAD,
        chunks: Vec::new(),
        staged_chunks: 0,
        at: FAR_AHEAD,
    };
    let (reply, answer) = oneshot::channel();
    let work = move |core: &mut Core| commit_blob(core, &blob, vec![encoded]);
    (Box::new(Call { work: Some(work), result: None, reply, cost_bytes: raw_bytes, room: None }), answer)
}

fn run(core: &mut Core, jobs: Vec<(Box<dyn Job>, Reply)>) -> Vec<Result<Committed>> {
    let (jobs, replies): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
    run_group(core, jobs);
    replies.into_iter().map(|reply| reply.blocking_recv().unwrap()).collect()
}

fn general(core: &Core) -> StreamId {
    let key = StreamKey {
        instance: InstanceName::new("contoso").unwrap(),
        stream: StreamName::new("Audit.General").unwrap(),
    };
    register(&core.conn, &key).unwrap()
}

#[test]
fn one_failing_operation_takes_back_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (mut core, _held, shared) = open(folder.path());
    let stream = general(&core);
    let unknown = StreamId(stream.0 + 1);
    let group = vec![job(stream, 1, 10), job(unknown, 2, 10), job(stream, 3, 10), job(stream, 1, 10)];
    let answers = run(&mut core, group);
    assert_eq!(answers[1].as_ref().unwrap_err().kind, JournalErrorKind::Refused);
    assert!(!answers[0].as_ref().unwrap().repeated && !answers[2].as_ref().unwrap().repeated);
    assert!(answers[3].as_ref().unwrap().repeated, "within one group too");
    assert_eq!((core.index.len(), *shared.newest.borrow()), (2, Seq(2)));
    let read = read(&core.conn, Seq(0), usize::MAX).unwrap();
    assert_eq!(read.iter().map(|c| c.content_id.as_str()).collect::<Vec<_>>(), ["b1", "b3"]);
}

#[test]
fn without_room_nothing_happened_and_with_room_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (mut core, held, shared) = open(folder.path());
    let stream = general(&core);
    run(&mut core, vec![job(stream, 1, 40_000)]).remove(0).unwrap();
    let pages: i64 = core.conn.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    core.conn.pragma_update(None, "max_page_count", pages + 10).unwrap();
    let group = || vec![job(stream, 2, 40_000), job(stream, 3, 400_000), job(stream, 4, 40_000)];
    let answers = run(&mut core, group());
    assert_eq!(answers[1].as_ref().unwrap_err().kind, JournalErrorKind::Full);
    // The acknowledged ones are there, whichever they are; the others left no trace.
    let acknowledged = 1 + answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(read(&core.conn, Seq(0), usize::MAX).unwrap().len(), acknowledged);
    assert_eq!((core.index.len(), *shared.newest.borrow()), (acknowledged as u64, Seq(acknowledged as u64)));
    core.conn.pragma_update(None, "max_page_count", 1_000_000).unwrap();
    for answer in run(&mut core, group()) {
        assert_eq!(answer.unwrap().counts.duplicates, 0);
    }
    core.close();
    drop((core, held));
    let (core, _held, _) = open(folder.path());
    assert_eq!((core.index.len(), core.newest), (4, Seq(4)));
    assert_eq!(read(&core.conn, Seq(0), usize::MAX).unwrap().len(), 4);
}
