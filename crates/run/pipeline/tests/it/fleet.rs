//! Many tenants with traffic in one process, in virtual time: each keeps up, whatever the others do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use trailhound_env::{Clock, SeededEntropy, VirtualClock};
use trailhound_journal::{Journal, JournalConfig, Mode as JournalMode, SqliteJournal};
use trailhound_ledger::{BudgetLimits, Limits};
use trailhound_model::*;
use trailhound_outputs::Output;
use trailhound_outputs::testing::FnOutput;
use trailhound_pipeline::Stop;
use trailhound_pipeline::board::Board;
use trailhound_pipeline::quota::QuotaKey;
use trailhound_pipeline::source::*;
use trailhound_pipeline::wire::{Instance, Mode, Plant, run};

use crate::world::{START, chunk};

const STREAMS: [&str; 5] =
    ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"];
const PAGE: usize = 200;
/// How long a fetch takes: 16 at a time are 133 a second in the whole process.
const FETCH: Duration = Duration::from_millis(120);

/// A tenant that publishes a blob in each stream every so often; the blobs before `START` are its history.
struct Town {
    clock: Arc<dyn Clock>,
    number: u32,
    every: Duration,
    history_every: Option<Duration>,
}

impl Town {
    /// When blobs are created in the span: history first.
    fn created(&self, stream: &StreamName, span: Span) -> Vec<Timestamp> {
        let place = STREAMS.iter().position(|name| *name == stream.as_str()).unwrap() as u64;
        let offset = Duration::from_millis((u64::from(self.number) * 7_919 + place * 13_007) % 60_000);
        let from = |begin: Timestamp, every: Duration, end: Timestamp| {
            (0..).map(move |n| begin + every * n + offset).take_while(move |at| *at < end)
        };
        let history = self.history_every.map(|every| from(START - hours(24), every, START - minutes(1)));
        let live = from(START, self.every, self.clock.now());
        history.into_iter().flatten().chain(live).filter(|at| span.contains(*at)).collect()
    }

    fn starts(&self) -> Timestamp {
        if self.history_every.is_some() { START - hours(24) } else { START }
    }
}

impl Source for Town {
    fn enabled_streams(&self) -> BoxFuture<'_, Result<BTreeSet<StreamName>, SourceError>> {
        Box::pin(async { Ok(STREAMS.iter().map(|name| StreamName::new(name).unwrap()).collect()) })
    }
    fn start<'a>(&'a self, _: &'a StreamName) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async { Ok(()) })
    }
    fn list<'a>(
        &'a self,
        stream: &'a StreamName,
        span: Span,
        next: Option<&'a str>,
    ) -> BoxFuture<'a, Result<SourcePage, SourceError>> {
        Box::pin(async move {
            self.clock.sleep(Duration::from_millis(150)).await;
            let skip: usize = next.map_or(0, |text| text.parse().unwrap());
            let all = self.created(stream, span);
            let next = (all.len() > skip + PAGE).then(|| (skip + PAGE).to_string());
            let blob = |created: Timestamp| Blob {
                content_id: ContentId::new(&format!("{}-{stream}-{}", self.number, created.as_millis())),
                uri: String::new(),
                created,
                expires: created + days(7),
            };
            Ok(SourcePage { blobs: all.into_iter().skip(skip).take(PAGE).map(blob).collect(), next })
        })
    }
    fn fetch<'a>(
        &'a self,
        _: &'a StreamName,
        blob: &'a Blob,
    ) -> BoxFuture<'a, Result<Box<dyn BlobReader>, SourceError>> {
        Box::pin(async move {
            self.clock.sleep(FETCH).await;
            let records = [format!("{{\"Id\":\"{}\"}}", blob.content_id)];
            let reader: Box<dyn BlobReader> = Box::new(Whole(Some(chunk(&records))));
            Ok(reader)
        })
    }
    fn clock_offset_millis(&self) -> Option<i64> {
        None
    }
}

struct Whole(Option<NewChunk>);

impl BlobReader for Whole {
    fn next_chunk(&mut self) -> BoxFuture<'_, Result<Option<NewChunk>, SourceError>> {
        Box::pin(async { Ok(self.0.take()) })
    }
    fn wire_bytes(&self) -> u64 {
        1
    }
}

/// When each blob of each stream was delivered.
pub(crate) type Deliveries = BTreeMap<StreamKey, Vec<(Timestamp, Timestamp)>>;
type Seen = Arc<Mutex<Deliveries>>;

/// An output that notes when each blob came.
fn watching(seen: Seen) -> impl Output {
    FnOutput::new(OutputName::new("watching").unwrap(), move |batch, now| {
        let mut seen = seen.lock().unwrap();
        for chunk in batch {
            seen.entry(chunk.key.clone()).or_default().push((chunk.created, now));
        }
        Ok(())
    })
}

/// Lets the instances run for so long, and looks at what came while the virtual time is still there.
pub(crate) fn watched(
    instances: Vec<Instance>,
    clock: &Arc<dyn Clock>,
    lasts: Duration,
    check: impl FnOnce(&Deliveries),
) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    // Every virtual fetch is a real commit: in memory, where there is such a place.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let seen = Seen::default();
    runtime.block_on(async {
        let data = folder.path().join("data");
        let settings = JournalConfig { mode: JournalMode::Inline, ..JournalConfig::new(data) };
        let journal: Arc<dyn Journal> = Arc::new(SqliteJournal::open(settings, Arc::clone(clock)).unwrap());
        let output = watching(Arc::clone(&seen));
        let plant = Plant {
            journal,
            clock: Arc::clone(clock),
            entropy: Arc::new(SeededEntropy::new(7)),
            board: Board::new(),
            instances,
            outputs: vec![Box::new(output)],
            limits: Limits::daemon(),
            controls: trailhound_pipeline::by_hand::Controls::default(),
        };
        let stop = Stop::new();
        let (stopping, timer) = (stop.clone(), Arc::clone(clock));
        tokio::spawn(async move {
            timer.sleep(lasts).await;
            stopping.stop();
        });
        assert!(run(plant, Mode::Follow, &stop).await.unwrap().is_empty());
        check(&seen.lock().unwrap());
    });
}

/// So many tenants; each of the first `giants` has history enough to fill all places for fetches.
struct Fleet {
    instances: u32,
    giants: u32,
    every: Duration,
    history_every: Duration,
    lasts: Duration,
}

impl Fleet {
    fn town(&self, number: u32, clock: &Arc<dyn Clock>) -> Town {
        let history_every = (number < self.giants).then_some(self.history_every);
        Town { clock: Arc::clone(clock), number, every: self.every, history_every }
    }

    fn instance(&self, number: u32, clock: &Arc<dyn Clock>) -> Instance {
        let town = self.town(number, clock);
        let tenant = format!("tenant-{number}");
        Instance {
            name: InstanceName::new(&tenant).unwrap(),
            start: Some(town.starts()),
            source: Arc::new(town),
            streams: STREAMS.iter().map(|name| StreamName::new(name).unwrap()).collect(),
            poll_every: None,
            budget: BudgetLimits::default(),
            quota: QuotaKey { api: "manage.office.com".to_owned(), publisher: tenant.clone(), tenant },
        }
    }

    fn plays(&self) {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(START));
        let instances = (0..self.instances).map(|number| self.instance(number, &clock)).collect();
        watched(instances, &clock, self.lasts, |seen| self.assert_nobody_starved(seen, &clock));
    }

    /// Each blob of each stream came, once, and soon after it was published.
    fn assert_nobody_starved(&self, seen: &Deliveries, clock: &Arc<dyn Clock>) {
        let settled = START + self.lasts - minutes(3);
        let mut lags = Vec::new();
        for number in 0..self.instances {
            let town = self.town(number, clock);
            for name in STREAMS {
                let stream = StreamName::new(name).unwrap();
                let instance = InstanceName::new(&format!("tenant-{number}")).unwrap();
                let key = StreamKey { instance, stream: stream.clone() };
                let mut came: Vec<Timestamp> = seen
                    .get(&key)
                    .into_iter()
                    .flatten()
                    .map(|(created, _)| *created)
                    .filter(|created| START <= *created && *created < settled)
                    .collect();
                came.sort();
                assert_eq!(came, town.created(&stream, Span { from: START, to: settled }), "{key}");
                let live = seen.get(&key).into_iter().flatten().filter(|(created, _)| START <= *created);
                lags.extend(live.map(|(created, at)| (at.since(*created), key.clone())));
            }
        }
        lags.sort();
        let (longest, whose) = lags.last().unwrap();
        let p99 = lags[lags.len() * 99 / 100].0;
        let history = seen.values().flatten().filter(|(created, _)| *created < START).count();
        eprintln!(
            "{} instances, {} live blobs and {history} old ones in {:?}: lag p50 {:?}, p99 {p99:?}, longest {longest:?} ({whose})",
            self.instances,
            lags.len(),
            self.lasts,
            lags[lags.len() / 2].0,
        );
        assert!(p99 < seconds(75), "{p99:?}");
        assert!(*longest < minutes(2), "{longest:?} of {whose}");
        let fetches_possible = self.lasts.as_secs_f64() / FETCH.as_secs_f64() * 16.0;
        let fetched = (lags.len() + history) as f64;
        let wanted = f64::from(self.giants * 5) * hours(24).as_secs_f64() / self.history_every.as_secs_f64();
        assert!(
            history as f64 >= wanted.floor() - f64::from(self.giants * 5) * 2.0
                || fetched > 0.9 * fetches_possible,
            "the history waits while there is room: {history} of {wanted}"
        );
    }
}

#[test]
fn a_hundred_tenants_keep_up_while_two_catch_up_on_a_day() {
    Fleet { instances: 100, giants: 2, every: minutes(5), history_every: seconds(120), lasts: minutes(20) }
        .plays();
}

/// `cargo xtask bench fleet`: an hour of a thousand tenants, 60,000 live blobs, while ten of them alone would fill
/// all places for fetches the whole hour long.
#[test]
#[ignore = "takes minutes: cargo xtask bench fleet"]
fn a_thousand_tenants_keep_up_for_an_hour() {
    Fleet { instances: 1_000, giants: 10, every: minutes(5), history_every: seconds(10), lasts: hours(1) }
        .plays();
}
