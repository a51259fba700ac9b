//! [`SqliteJournal`]: the contract on one file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use trailhound_env::{Clock, RealStorage, Storage};
use trailhound_model::{
    BlobCounts, ContentId, Delta, JournalChunk, NewChunk, OutputName, Seq, StreamFacts, StreamKey, Timestamp,
    days, hours,
};

use super::chunk_cache::ChunkCache;
use super::codec::is_heavy;
use super::commit::{EncodedChunk, commit_blob};
use super::core::{Core, CoreSettings, Shared};
use super::engine::{Engine, run_blocking};
use super::errors::Result;
use super::folder::HeldFolder;
use super::id_runs::IDS_FOLDER;
use super::schema::PAGE_BYTES;
use super::{blobs, control, forget, ledger, load, read, readers, report, staging};
use crate::{
    Answer, Applied, BlobChoice, BlobCommit, BlobRow, Committed, Journal, JournalError, ReaderState, Receipt,
    Recount, StreamId, StreamReport, StreamSums,
};

/// Record ids are remembered for at least this age of their blob, whatever the configuration says.
pub const MIN_DEDUP_HORIZON: Duration = days(14);

/// As many as a hash table of 2^19 places takes (17 MB); twice as many, the bound, fill one of 2^20.
const IDS_IN_MEMORY: usize = 450_000;

/// About what a ledger delta writes, in bytes: for the bounds of queue and group.
const DELTA_BYTES: usize = 512;

/// Who runs the operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A writer thread that groups commits, readers beside it. Calls need a tokio runtime.
    Threaded,
    /// The same code in the caller, one call at a time: deterministic, for virtual time.
    Inline,
}

/// How a journal is opened.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// Made when absent, for its owner only. One process at a time.
    pub data_dir: PathBuf,
    /// The file system that has it.
    pub storage: Arc<dyn Storage>,
    /// Payload is kept at least this long even when all readers have it.
    pub retention: Duration,
    /// Record ids are kept for this age of their blob; at least [`MIN_DEDUP_HORIZON`].
    pub dedup_horizon: Duration,
    /// Decoded newest chunks held in memory, in bytes.
    pub cache_bytes: usize,
    /// Newest record ids held in memory before they go into a file: about 40 bytes each, and as much again while
    /// the file is made.
    pub ids_in_memory: usize,
    /// Page of the database file when it is made, in bytes: a power of two from 512 to 65,536. Small pages make
    /// small commits cheap, large ones large chunks; a file that is there keeps its own.
    pub page_bytes: u32,
    /// Who runs the operations.
    pub mode: Mode,
    /// Check the whole file at start when it was not closed in good order.
    pub integrity_check: bool,
}

impl JournalConfig {
    /// The usual settings, on the machine's file system.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            storage: Arc::new(RealStorage),
            retention: hours(24),
            dedup_horizon: MIN_DEDUP_HORIZON,
            cache_bytes: 32 << 20,
            ids_in_memory: IDS_IN_MEMORY,
            page_bytes: PAGE_BYTES,
            mode: Mode::Threaded,
            integrity_check: true,
        }
    }
}

/// The journal in one SQLite file. Dropping it waits for what is queued and closes the file.
pub struct SqliteJournal {
    engine: Engine,
    shared: Arc<Shared>,
    // Last, so that the folder is free only when the file is closed.
    folder: HeldFolder,
}

impl SqliteJournal {
    /// Takes the folder, checks the file, brings its schema up to date, fills the duplicate index. Blocks.
    pub fn open(config: JournalConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let JournalConfig { retention, dedup_horizon, cache_bytes, mode, integrity_check, .. } = config;
        let storage = Arc::clone(&config.storage);
        let folder = HeldFolder::take(config.storage, &config.data_dir, config.page_bytes)?;
        let id_files = storage.whole_files(&config.data_dir.join(IDS_FOLDER)).map_err(|error| {
            JournalError::unusable(format!(
                "the folder `{IDS_FOLDER}` in `{}`: {error}",
                config.data_dir.display()
            ))
        })?;
        let shared = Arc::new(Shared {
            cache: Mutex::new(ChunkCache::new(cache_bytes)),
            newest: watch::Sender::new(Seq(0)),
        });
        let settings = CoreSettings {
            database: &folder.database,
            retention,
            dedup_horizon: dedup_horizon.max(MIN_DEDUP_HORIZON),
            integrity_check,
            id_files,
            hot_ids: config.ids_in_memory,
            in_background: mode == Mode::Threaded,
        };
        let core = Core::open(&settings, Arc::clone(&shared), clock)?;
        let engine = match mode {
            Mode::Threaded => Engine::threaded(core, &folder.database)?,
            Mode::Inline => Engine::Inline(Box::new(Mutex::new(core))),
        };
        Ok(Self { engine, shared, folder })
    }

    /// Only for a journal that runs in the caller.
    #[cfg(feature = "testing")]
    pub(super) fn with_core<T>(&self, work: impl FnOnce(&mut Core) -> T) -> T {
        match &self.engine {
            Engine::Inline(core) => work(&mut core.lock().unwrap_or_else(PoisonError::into_inner)),
            Engine::Threaded(_) => unreachable!("the index alone is opened inline"),
        }
    }

    async fn encode(&self, chunks: Vec<NewChunk>) -> Result<Vec<EncodedChunk>> {
        let is_heavy = chunks.iter().any(is_heavy);
        let work = move || chunks.into_iter().map(EncodedChunk::new).collect();
        if is_heavy && self.engine.is_threaded() { run_blocking(work).await } else { work() }
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        self.engine.close();
    }
}

impl Journal for SqliteJournal {
    fn register(&self, key: &StreamKey) -> Answer<'_, StreamId> {
        let key = key.clone();
        self.engine.write(DELTA_BYTES, move |core| control::register(&core.conn, &key))
    }

    fn register_many(&self, keys: Vec<StreamKey>) -> Answer<'_, Vec<StreamId>> {
        let cost_bytes = DELTA_BYTES * keys.len();
        self.engine.write(cost_bytes, move |core| {
            keys.iter().map(|key| control::register(&core.conn, key)).collect()
        })
    }

    fn load(&self, stream: StreamId) -> Answer<'_, StreamFacts> {
        self.engine.query(move |conn| load::load(conn, stream))
    }

    fn load_many(&self, streams: Vec<StreamId>) -> Answer<'_, Vec<StreamFacts>> {
        self.engine.query(move |conn| streams.iter().map(|stream| load::load(conn, *stream)).collect())
    }

    fn record(&self, stream: StreamId, deltas: Vec<Delta>) -> Answer<'_, Applied> {
        let cost_bytes = deltas.iter().map(delta_bytes).sum();
        self.engine.write(cost_bytes, move |core| ledger::record(&core.conn, stream, &deltas))
    }

    fn record_many(&self, deltas: Vec<(StreamId, Vec<Delta>)>) -> Answer<'_, Vec<Applied>> {
        let cost_bytes = deltas.iter().flat_map(|(_, deltas)| deltas).map(delta_bytes).sum();
        self.engine.write(cost_bytes, move |core| {
            let record =
                |(stream, deltas): &(StreamId, Vec<Delta>)| ledger::record(&core.conn, *stream, deltas);
            deltas.iter().map(record).collect()
        })
    }

    fn stage(
        &self,
        stream: StreamId,
        content_id: &ContentId,
        number: u32,
        chunk: NewChunk,
    ) -> Answer<'_, ()> {
        let content_id = content_id.clone();
        Box::pin(async move {
            for encoded in self.encode(vec![chunk]).await? {
                let content_id = content_id.clone();
                self.engine
                    .write(encoded.cost_bytes(), move |core| {
                        staging::stage(&core.conn, stream, &content_id, number, &encoded)
                    })
                    .await?;
            }
            Ok(())
        })
    }

    fn commit_blob(&self, mut blob: BlobCommit) -> Answer<'_, Committed> {
        let chunks = std::mem::take(&mut blob.chunks);
        Box::pin(async move {
            let chunks = self.encode(chunks).await?;
            let cost_bytes = DELTA_BYTES + chunks.iter().map(EncodedChunk::cost_bytes).sum::<usize>();
            self.engine.write(cost_bytes, move |core| commit_blob(core, &blob, chunks)).await
        })
    }

    fn open_reader(&self, reader: &OutputName) -> Answer<'_, ReaderState> {
        let reader = reader.clone();
        self.engine.write(DELTA_BYTES, move |core| readers::open_reader(&core.conn, &reader))
    }

    fn readers(&self) -> Answer<'_, Vec<(OutputName, ReaderState)>> {
        self.engine.query(readers_of)
    }

    fn drop_reader(&self, reader: &OutputName) -> Answer<'_, ()> {
        let reader = reader.clone();
        self.engine.write(DELTA_BYTES, move |core| readers::drop_reader(&core.conn, &reader))
    }

    fn read(&self, after: Seq, max_bytes: usize) -> Answer<'_, Vec<JournalChunk>> {
        Box::pin(async move {
            self.folder.database.check()?;
            if *self.shared.newest.borrow() <= after {
                return Ok(Vec::new());
            }
            let cached =
                self.shared.cache.lock().unwrap_or_else(PoisonError::into_inner).read(after, max_bytes);
            match cached {
                Some(chunks) => Ok(chunks),
                None => self.engine.query(move |conn| read::read(conn, after, max_bytes)).await,
            }
        })
    }

    fn receipt(&self, receipt: Receipt) -> Answer<'_, ()> {
        self.engine.write(DELTA_BYTES, move |core| readers::receipt(core, &receipt))
    }

    fn newest(&self) -> watch::Receiver<Seq> {
        self.shared.newest.subscribe()
    }

    fn forget(&self, now: Timestamp) -> Answer<'_, u64> {
        self.engine.write(DELTA_BYTES, move |core| forget::forget(core, now))
    }

    fn report(&self) -> Answer<'_, Vec<StreamReport>> {
        self.engine.query(report::report)
    }

    fn poisoned(&self, after: Timestamp) -> Answer<'_, BTreeMap<StreamId, Vec<ContentId>>> {
        self.engine.query(move |conn| report::poisoned(conn, after))
    }

    fn sums(&self) -> Answer<'_, Vec<StreamSums>> {
        self.engine.query(report::sums)
    }

    fn recount(&self, stream: StreamId) -> Answer<'_, BlobCounts> {
        self.engine.query(move |conn| load::recount(conn, stream))
    }

    fn recount_next(&self, after: Option<StreamId>, streams: usize) -> Answer<'_, Vec<Recount>> {
        self.engine.query(move |conn| report::recount_next(conn, after, streams))
    }

    fn blobs(&self, stream: StreamId, choice: BlobChoice) -> Answer<'_, Vec<BlobRow>> {
        self.engine.query(move |conn| blobs::blobs(conn, stream, &choice))
    }

    fn control(&self, key: &str) -> Answer<'_, Option<(u64, String)>> {
        let key = key.to_owned();
        self.engine.query(move |conn| control::control(conn, &key))
    }

    fn set_control(&self, key: &str, expected: Option<u64>, value: &str) -> Answer<'_, bool> {
        let (key, value) = (key.to_owned(), value.to_owned());
        let work = move |core: &mut Core| control::set_control(&core.conn, &key, expected, &value);
        self.engine.write(DELTA_BYTES, work)
    }
}

fn readers_of(conn: &rusqlite::Connection) -> Result<Vec<(OutputName, ReaderState)>> {
    report::readers(conn)
}

fn delta_bytes(delta: &Delta) -> usize {
    match delta {
        Delta::Found { blobs, .. } => blobs.len().saturating_mul(DELTA_BYTES),
        _ => DELTA_BYTES,
    }
}

/// The journal is shared between tasks.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<SqliteJournal>();
    is_shared::<JournalError>();
};
