//! A source that follows a script, an output in memory, and the pipeline between them in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use trailhound_env::{Clock, SeededEntropy, VirtualClock};
use trailhound_journal::{Journal, JournalConfig, Mode as JournalMode, SqliteJournal, StreamReport};
use trailhound_ledger::{BudgetLimits, Limits};
use trailhound_model::*;
use trailhound_outputs::testing::FnOutput;
use trailhound_outputs::{Output, OutputError};
use trailhound_pipeline::board::Board;
use trailhound_pipeline::quota::QuotaKey;
use trailhound_pipeline::source::*;
use trailhound_pipeline::wire::{Failure, Instance, Mode, Plant, run};
use trailhound_pipeline::{Stop, tend_readers};

pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_190_400_000);

/// What a fetch of a blob does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    Serve,
    /// Fails so often, then serves.
    FailFirst(u32),
    FailForEver,
    /// Fails until then.
    FailUntil(Timestamp),
    /// No listing names it before then.
    AppearsAt(Timestamp),
    /// Refused as if the credential were wrong until then.
    DeniedUntil(Timestamp),
    PanicFirst,
}

/// Blobs with records, and when things work.
pub(crate) struct Scripted {
    pub clock: Arc<dyn Clock>,
    pub blobs: Vec<(Blob, Vec<String>, Script)>,
    /// Every call fails within it.
    pub down: Option<Span>,
    pub fetches: Mutex<BTreeMap<ContentId, u32>>,
    pub starts: Mutex<u32>,
}

pub(crate) fn error(reaction: Reaction, what: &str) -> SourceError {
    let (code, hint) = ("TEST".to_owned(), "look at the script".to_owned());
    SourceError { reaction, code, what: what.to_owned(), hint, link: "", retry_after: None }
}

impl Scripted {
    fn up(&self) -> Result<(), SourceError> {
        match self.down {
            Some(span) if span.contains(self.clock.now()) => Err(error(Reaction::Retry, "reach the service")),
            _ => Ok(()),
        }
    }

    fn serve(&self, blob: &Blob) -> Result<Box<dyn BlobReader>, SourceError> {
        self.up()?;
        let tries = {
            let mut fetches = self.fetches.lock().unwrap();
            let tries = fetches.entry(blob.content_id.clone()).or_default();
            *tries += 1;
            *tries
        };
        let (_, records, script) = self.blobs.iter().find(|(b, ..)| b == blob).expect("a listed blob");
        match script {
            Script::FailForEver => return Err(error(Reaction::Retry, "fetch a blob: HTTP 500")),
            Script::FailFirst(n) if tries <= *n => return Err(error(Reaction::Retry, "fetch a blob")),
            Script::FailUntil(then) if self.clock.now() < *then => {
                return Err(error(Reaction::Retry, "fetch a blob: HTTP 500"));
            }
            Script::DeniedUntil(then) if self.clock.now() < *then => {
                return Err(error(Reaction::Credential, "fetch a blob: the secret is wrong"));
            }
            Script::PanicFirst if tries == 1 => panic!("on purpose"),
            _ => {}
        }
        Ok(Box::new(OneChunk(Some(chunk(records)))))
    }
}

pub(crate) fn chunk(records: &[String]) -> NewChunk {
    let mut raw = String::from("[");
    let mut entries = Vec::new();
    for record in records {
        let id = serde_json::from_str::<serde_json::Value>(record).unwrap()["Id"].as_str().map(str::to_owned);
        entries.push(RecordEntry {
            offset: u32::try_from(raw.len()).unwrap(),
            length: u32::try_from(record.len()).unwrap(),
            id: id.and_then(|id| RecordId::from_text(&id)),
            hash: ContentHash::of(record.as_bytes()),
        });
        raw.push_str(record);
        raw.push(',');
    }
    NewChunk { raw: raw.into(), gzip: None, entries }
}

struct OneChunk(Option<NewChunk>);

impl BlobReader for OneChunk {
    fn next_chunk(&mut self) -> BoxFuture<'_, Result<Option<NewChunk>, SourceError>> {
        Box::pin(async { Ok(self.0.take()) })
    }
    fn wire_bytes(&self) -> u64 {
        1
    }
}

impl Source for Scripted {
    fn enabled_streams(&self) -> BoxFuture<'_, Result<BTreeSet<StreamName>, SourceError>> {
        Box::pin(async {
            self.up()?;
            let started = *self.starts.lock().unwrap() > 0;
            Ok(if started { [stream()].into() } else { BTreeSet::new() })
        })
    }
    fn start<'a>(&'a self, _: &'a StreamName) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async {
            self.up()?;
            *self.starts.lock().unwrap() += 1;
            Ok(())
        })
    }
    fn list<'a>(
        &'a self,
        _: &'a StreamName,
        span: Span,
        next: Option<&'a str>,
    ) -> BoxFuture<'a, Result<SourcePage, SourceError>> {
        Box::pin(async move {
            self.up()?;
            let skip: usize = next.map_or(0, |text| text.parse().unwrap());
            let is_there =
                |script: &Script| !matches!(script, Script::AppearsAt(then) if self.clock.now() < *then);
            let there =
                self.blobs.iter().filter(|(b, _, script)| span.contains(b.created) && is_there(script));
            let all: Vec<Blob> = there.map(|(b, ..)| b.clone()).collect();
            let next = (all.len() > skip + 7).then(|| (skip + 7).to_string());
            Ok(SourcePage { blobs: all.into_iter().skip(skip).take(7).collect(), next })
        })
    }
    fn fetch<'a>(
        &'a self,
        _: &'a StreamName,
        blob: &'a Blob,
    ) -> BoxFuture<'a, Result<Box<dyn BlobReader>, SourceError>> {
        Box::pin(async move {
            self.clock.sleep(std::time::Duration::from_millis(120)).await;
            self.serve(blob)
        })
    }
    fn clock_offset_millis(&self) -> Option<i64> {
        None
    }
}

/// Keeps what it accepts; the first deliveries end as `fails` says.
pub(crate) fn memory(
    lines: Arc<Mutex<Vec<String>>>,
    mut failures_left: u32,
    fails: fn() -> OutputError,
) -> Box<dyn Output> {
    let take = move |batch: &[JournalChunk], _: Timestamp| {
        if failures_left > 0 {
            failures_left -= 1;
            return Err(fails());
        }
        let text = |raw: &[u8]| String::from_utf8(raw.to_vec()).unwrap();
        let mut lines = lines.lock().unwrap();
        lines.extend(batch.iter().flat_map(JournalChunk::deliverable).map(|(_, _, raw)| text(raw)));
        Ok(())
    };
    Box::new(FnOutput::new(OutputName::new("memory").unwrap(), take))
}

fn not_written() -> OutputError {
    OutputError { what: "write".to_owned(), hint: "wait".to_owned(), retry: true }
}

pub(crate) fn stream() -> StreamName {
    StreamName::new("Audit.General").unwrap()
}

/// The tenant's.
pub(crate) fn quota() -> QuotaKey {
    let tenant = "11111111-2222-3333-4444-555555555555".to_owned();
    QuotaKey { api: "manage.office.com".to_owned(), publisher: tenant.clone(), tenant }
}

pub(crate) fn key() -> StreamKey {
    StreamKey { instance: InstanceName::new("contoso").unwrap(), stream: stream() }
}

/// One blob a quarter of an hour for `hours`, ending now, with three records each.
pub(crate) fn history(hours: u64, script: impl Fn(u64) -> Script) -> Vec<(Blob, Vec<String>, Script)> {
    (0..hours * 4)
        .map(|n| {
            let created = START - minutes(15 * (hours * 4 - n));
            let content_id = ContentId::new(&format!("blob-{n}"));
            let blob = Blob { content_id, uri: String::new(), created, expires: created + days(7) };
            let record = |r: u64| format!("{{\"Id\":\"r-{n}-{r}\",\"Value\":{r}}}");
            (blob, (0..3).map(record).collect(), script(n))
        })
        .collect()
}

pub(crate) struct Outcome {
    pub failures: Vec<Failure>,
    pub lines: Vec<String>,
    pub board: Board,
    pub reports: Vec<StreamReport>,
    /// Of the readers a week and a day after their output was removed.
    pub(crate) readers_left: usize,
}

/// Runs the pipeline in virtual time. `stop_after`: only for [`Mode::Follow`].
pub(crate) fn play<S: Source>(
    mode: Mode,
    stop_after: Option<std::time::Duration>,
    output_failures: u32,
    make: impl FnOnce(Arc<dyn Clock>) -> S,
) -> Outcome {
    play_to(mode, stop_after, |lines| memory(lines, output_failures, not_written), make)
}

/// Like [`play`], to an output of one's own that keeps what it accepts in the given lines.
pub(crate) fn play_to<S: Source>(
    mode: Mode,
    stop_after: Option<std::time::Duration>,
    output: impl FnOnce(Arc<Mutex<Vec<String>>>) -> Box<dyn Output>,
    make: impl FnOnce(Arc<dyn Clock>) -> S,
) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(START));
        let settings =
            JournalConfig { mode: JournalMode::Inline, ..JournalConfig::new(folder.path().join("data")) };
        let journal: Arc<dyn Journal> = Arc::new(SqliteJournal::open(settings, Arc::clone(&clock)).unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let output = output(Arc::clone(&lines));
        let board = Board::new();
        let plant = Plant {
            journal: Arc::clone(&journal),
            clock: Arc::clone(&clock),
            entropy: Arc::new(SeededEntropy::new(7)),
            board: board.clone(),
            instances: vec![Instance {
                name: key().instance,
                source: Arc::new(make(Arc::clone(&clock))),
                streams: vec![stream()],
                start: None,
                poll_every: None,
                quota: quota(),
                budget: BudgetLimits::default(),
            }],
            outputs: vec![output],
            limits: if mode == Mode::Follow { Limits::daemon() } else { Limits::once() },
            controls: trailhound_pipeline::by_hand::Controls::default(),
        };
        let stop = Stop::new();
        if let Some(after) = stop_after {
            let (stop, clock) = (stop.clone(), Arc::clone(&clock));
            tokio::spawn(async move {
                clock.sleep(after).await;
                stop.stop();
            });
        }
        let failures = run(plant, mode, &stop).await.unwrap();
        let lines = lines.lock().unwrap().clone();
        let reports = journal.report().await.unwrap();
        let readers_left = without_outputs(journal.as_ref(), clock.now()).await;
        Outcome { failures, lines, board, reports, readers_left }
    })
}

/// Removes all outputs from the configuration and lets eight days pass; how many keep their place.
async fn without_outputs(journal: &dyn Journal, now: Timestamp) -> usize {
    for day in [0, 6, 8] {
        let before = readers(journal).await;
        assert!(before > 0, "forgotten before day {day}");
        tend_readers(journal, &BTreeSet::new(), now + days(day)).await.unwrap();
    }
    readers(journal).await
}

async fn readers(journal: &dyn Journal) -> usize {
    journal.readers().await.unwrap().len()
}
