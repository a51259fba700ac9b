//! The journal with commit points: at some of them the process dies, or the answer is an error.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use trailhound_journal::{
    Answer, Applied, BlobChoice, BlobCommit, BlobRow, Committed, Journal, JournalError, JournalErrorKind,
    ReaderState, Receipt, Recount, StreamId, StreamReport, StreamSums,
};
use trailhound_model::{
    BlobCounts, ContentId, Delta, JournalChunk, NewChunk, OutputName, Seq, StreamFacts, StreamKey, Timestamp,
};

use crate::fate::Deed;
use crate::life::Life;
use crate::news::News;

/// Every changing call of the journal inside is a commit point of this life.
pub(crate) struct PointJournal {
    inner: Arc<dyn Journal>,
    life: Arc<Life>,
    news: News,
}

impl PointJournal {
    /// Needs the runtime of the run.
    pub(crate) fn new(inner: Arc<dyn Journal>, life: Arc<Life>) -> Self {
        let news = News::of(inner.newest());
        Self { inner, life, news }
    }

    fn change<'a, T: Send + 'a>(&'a self, call: Answer<'a, T>) -> Answer<'a, T> {
        Box::pin(async move {
            if self.life.is_dead() {
                return std::future::pending().await;
            }
            match self.life.point() {
                Deed::KillBefore => self.life.end_here().await,
                Deed::KillAfter => {
                    drop(call.await);
                    self.life.end_here().await
                }
                Deed::FailBefore => Err(failed()),
                Deed::FailAfter => {
                    self.answer(call).await?;
                    Err(failed())
                }
                Deed::Go | Deed::LosePowerSoon(_) => self.answer(call).await,
            }
        })
    }

    /// A machine without power answers nothing.
    async fn answer<T>(&self, call: Answer<'_, T>) -> Result<T, JournalError> {
        let answer = call.await;
        if answer.is_err() && !self.life.has_power() {
            return self.life.end_here().await;
        }
        answer
    }

    fn look<'a, T: Send + 'a>(&'a self, call: Answer<'a, T>) -> Answer<'a, T> {
        Box::pin(async move {
            if self.life.is_dead() {
                return std::future::pending().await;
            }
            self.answer(call).await
        })
    }
}

fn failed() -> JournalError {
    JournalError { kind: JournalErrorKind::Failed, detail: "the simulation said so".to_owned() }
}

impl Journal for PointJournal {
    fn register(&self, key: &StreamKey) -> Answer<'_, StreamId> {
        self.change(self.inner.register(key))
    }
    fn register_many(&self, keys: Vec<StreamKey>) -> Answer<'_, Vec<StreamId>> {
        self.change(self.inner.register_many(keys))
    }
    fn load(&self, stream: StreamId) -> Answer<'_, StreamFacts> {
        self.look(self.inner.load(stream))
    }
    fn load_many(&self, streams: Vec<StreamId>) -> Answer<'_, Vec<StreamFacts>> {
        self.look(self.inner.load_many(streams))
    }
    fn record(&self, stream: StreamId, deltas: Vec<Delta>) -> Answer<'_, Applied> {
        self.change(self.inner.record(stream, deltas))
    }
    fn record_many(&self, deltas: Vec<(StreamId, Vec<Delta>)>) -> Answer<'_, Vec<Applied>> {
        self.change(self.inner.record_many(deltas))
    }
    fn stage(
        &self,
        stream: StreamId,
        content_id: &ContentId,
        number: u32,
        chunk: NewChunk,
    ) -> Answer<'_, ()> {
        self.change(self.inner.stage(stream, content_id, number, chunk))
    }
    fn commit_blob(&self, blob: BlobCommit) -> Answer<'_, Committed> {
        self.change(self.inner.commit_blob(blob))
    }
    fn open_reader(&self, reader: &OutputName) -> Answer<'_, ReaderState> {
        self.change(self.inner.open_reader(reader))
    }
    fn readers(&self) -> Answer<'_, Vec<(OutputName, ReaderState)>> {
        self.look(self.inner.readers())
    }
    fn drop_reader(&self, reader: &OutputName) -> Answer<'_, ()> {
        self.change(self.inner.drop_reader(reader))
    }
    fn read(&self, after: Seq, max_bytes: usize) -> Answer<'_, Vec<JournalChunk>> {
        self.look(self.inner.read(after, max_bytes))
    }
    fn receipt(&self, receipt: Receipt) -> Answer<'_, ()> {
        self.change(self.inner.receipt(receipt))
    }
    fn newest(&self) -> watch::Receiver<Seq> {
        self.news.subscribe()
    }
    fn forget(&self, now: Timestamp) -> Answer<'_, u64> {
        self.change(self.inner.forget(now))
    }
    fn report(&self) -> Answer<'_, Vec<StreamReport>> {
        self.look(self.inner.report())
    }
    fn poisoned(&self, after: Timestamp) -> Answer<'_, BTreeMap<StreamId, Vec<ContentId>>> {
        self.look(self.inner.poisoned(after))
    }
    fn sums(&self) -> Answer<'_, Vec<StreamSums>> {
        self.look(self.inner.sums())
    }
    fn recount(&self, stream: StreamId) -> Answer<'_, BlobCounts> {
        self.look(self.inner.recount(stream))
    }
    fn recount_next(&self, after: Option<StreamId>, streams: usize) -> Answer<'_, Vec<Recount>> {
        self.look(self.inner.recount_next(after, streams))
    }
    fn blobs(&self, stream: StreamId, choice: BlobChoice) -> Answer<'_, Vec<BlobRow>> {
        self.look(self.inner.blobs(stream, choice))
    }
    fn control(&self, key: &str) -> Answer<'_, Option<(u64, String)>> {
        self.look(self.inner.control(key))
    }
    fn set_control(&self, key: &str, expected: Option<u64>, value: &str) -> Answer<'_, bool> {
        self.change(self.inner.set_control(key, expected, value))
    }
}
