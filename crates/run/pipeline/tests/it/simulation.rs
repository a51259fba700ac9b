//! The real client, journal, planner and file output on the simulated Microsoft in virtual time, and the
//! oracle: what the output holds against what the simulator published.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use trailhound_env::{Clock, RealDisk, SecretSource, SeededEntropy, VirtualClock};
use trailhound_journal::{Journal, JournalConfig, Mode as JournalMode, SqliteJournal, StreamReport};
use trailhound_ledger::{BudgetLimits, Limits};
use trailhound_microsoft::{Client, ClientConfig, Credential, Endpoints, TokenVersion};
use trailhound_model::*;
use trailhound_outputs::{Compression, FileConfig, FileOutput, Format};
use trailhound_pipeline::board::{Board, Snapshot};
use trailhound_pipeline::wire::{Failure, Instance, Mode, Plant, run};
use trailhound_pipeline::{Office365, Stop, imbalance};
use trailhound_sim_microsoft::{SimConfig, SimMicrosoft, Stream, Truth};

use crate::world::{START, quota};

/// A collection of the simulated tenant, and what came of it.
pub(crate) struct Played {
    pub(crate) failures: Vec<Failure>,
    pub(crate) reports: Vec<StreamReport>,
    pub(crate) snapshot: Snapshot,
    pub(crate) truth: Truth,
    pub(crate) sim: SimMicrosoft,
    /// Hashes of the lines of each stream's file, in order.
    pub(crate) lines: BTreeMap<String, Vec<ContentHash>>,
    /// Until when it was to collect.
    pub(crate) end: Timestamp,
}

pub(crate) const ONCE: Mode = Mode::Once { since: None, until: None };

/// Something done to the simulated world.
pub(crate) type Change = fn(&SimMicrosoft);

/// What to play besides the simulator's switches.
pub(crate) struct Play {
    pub(crate) mode: Mode,
    /// For [`Mode::Follow`]: how long.
    pub(crate) lasts: Duration,
    pub(crate) poll_every: Duration,
    pub(crate) streams: Vec<Stream>,
    /// Done to the world while it runs: after so long.
    pub(crate) events: Vec<(Duration, Change)>,
}

impl Default for Play {
    fn default() -> Self {
        Self {
            mode: ONCE,
            lasts: Duration::ZERO,
            poll_every: minutes(5),
            streams: vec![Stream::Exchange, Stream::General],
            events: Vec::new(),
        }
    }
}

impl Play {
    pub(crate) fn follow(lasts: Duration) -> Self {
        Self { mode: Mode::Follow, lasts, ..Self::default() }
    }

    /// Plays in a folder of its own.
    pub(crate) fn on(self, config: SimConfig) -> Played {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let folder = scratch();
        runtime.block_on(self.play(config, folder.path()))
    }

    async fn play(self, config: SimConfig, folder: &Path) -> Played {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(START));
        let sim = SimMicrosoft::new(config);
        let settings = JournalConfig { mode: JournalMode::Inline, ..JournalConfig::new(folder.join("data")) };
        let journal: Arc<dyn Journal> = Arc::new(SqliteJournal::open(settings, Arc::clone(&clock)).unwrap());
        let board = Board::new();
        let mut limits = if self.mode == Mode::Follow { Limits::daemon() } else { Limits::once() };
        limits.poll_every = self.poll_every;
        let plant = Plant {
            journal: Arc::clone(&journal),
            clock: Arc::clone(&clock),
            entropy: Arc::new(SeededEntropy::new(7)),
            board: board.clone(),
            instances: vec![instance(&sim, 0, "contoso", &clock, &self.streams)],
            outputs: vec![Box::new(output(folder))],
            limits,
            controls: trailhound_pipeline::by_hand::Controls::default(),
        };
        let stop = Stop::new();
        for (after, change) in self.events {
            let (sim, clock) = (sim.clone(), Arc::clone(&clock));
            tokio::spawn(async move {
                clock.sleep(after).await;
                change(&sim);
            });
        }
        if self.mode == Mode::Follow {
            let (stop, clock) = (stop.clone(), Arc::clone(&clock));
            tokio::spawn(async move {
                clock.sleep(self.lasts).await;
                stop.stop();
            });
        }
        let failures = run(plant, self.mode, &stop).await.unwrap();
        let reports = journal.report().await.unwrap();
        let snapshot = board.snapshot();
        let lines = self.streams.iter().map(|s| (s.name().to_owned(), read_lines(folder, *s))).collect();
        let end = if self.mode == Mode::Follow { clock.now() } else { START };
        Played { failures, reports, snapshot, truth: sim.truth(), sim, lines, end }
    }
}

/// A folder in memory where there is one: what a crash does to a real disk is tested with the journal.
pub(crate) fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// The real client for the app at this index of the simulated world.
pub(crate) fn instance(
    sim: &SimMicrosoft,
    app: usize,
    name: &str,
    clock: &Arc<dyn Clock>,
    streams: &[Stream],
) -> Instance {
    let tenant = sim.config().tenants[app].clone();
    let client = Client::new(
        ClientConfig {
            endpoints: Endpoints::custom("https://manage.office.com", "https://login.microsoftonline.com")
                .unwrap(),
            tenant_id: tenant.tenant_id,
            client_id: tenant.client_id,
            credential: Credential::Secret(SecretSource::Literal(tenant.client_secret.into())),
            publisher_id: None,
            token_version: TokenVersion::V2,
        },
        sim.transport(Arc::clone(clock)),
        Arc::clone(clock),
        Arc::new(SeededEntropy::new(5)),
    )
    .unwrap();
    Instance {
        name: InstanceName::new(name).unwrap(),
        source: Arc::new(Office365::new(Arc::new(client))),
        streams: streams.iter().map(|s| StreamName::new(s.name()).unwrap()).collect(),
        start: None,
        poll_every: None,
        quota: quota(),
        budget: BudgetLimits::default(),
    }
}

fn output(folder: &Path) -> FileOutput {
    let path = folder.join("out/{application}/{stream}.ndjson").to_str().unwrap().to_owned();
    let config = FileConfig {
        name: OutputName::new("file").unwrap(),
        path,
        rotate_bytes: None,
        rotate_after: None,
        compression: Compression::None,
        format: Format::Raw,
    };
    FileOutput::new(config, Arc::new(RealDisk)).unwrap()
}

fn read_lines(folder: &Path, stream: Stream) -> Vec<ContentHash> {
    let bytes =
        std::fs::read(folder.join(format!("out/contoso/{}.ndjson", stream.name()))).unwrap_or_default();
    assert!(bytes.is_empty() || bytes.ends_with(b"\n"), "a torn line");
    bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()).map(ContentHash::of).collect()
}

impl Played {
    /// Published = delivered ∪ in a gap row ∪ not yet due; each once; nothing else. Gap rows name exactly the
    /// blobs that cannot be had.
    pub(crate) fn assert_complete(&self, not_due: Duration) {
        assert!(self.failures.is_empty(), "{:?}", self.failures);
        assert_eq!(self.reports.iter().filter_map(imbalance).collect::<Vec<_>>(), Vec::<String>::new());
        assert_eq!(self.sim.tokens_leaked(), 0, "S2: a token went to a foreign host");
        let due = self.end - not_due;
        for (stream, lines) in &self.lines {
            let mut delivered: HashMap<ContentHash, usize> = HashMap::new();
            for line in lines {
                *delivered.entry(*line).or_default() += 1;
            }
            let mut published: HashMap<ContentHash, usize> = HashMap::new();
            for record in &self.truth.records {
                let mut blobs = self.truth.blobs_of(record).filter(|b| b.stream.name() == stream).peekable();
                if blobs.peek().is_none() {
                    continue;
                }
                *published.entry(record.hash).or_default() += 1;
                let must = blobs.any(|blob| blob.quirk.is_obtainable() && blob.visible < due);
                assert!(
                    !must || delivered.contains_key(&record.hash),
                    "{stream}: {:?} is missing",
                    record.id
                );
            }
            for (hash, times) in delivered {
                let most = published.get(&hash).copied().unwrap_or(0);
                assert!(times <= most, "{stream}: a record came {times} times, published {most} times");
            }
        }
        self.assert_gaps(due);
    }

    fn assert_gaps(&self, due: Timestamp) {
        for report in &self.reports {
            let rows: BTreeSet<&str> =
                report.gaps.iter().filter_map(|gap| gap.content_id.as_ref()).map(ContentId::as_str).collect();
            for blob in self.truth.blobs.iter().filter(|b| b.stream.name() == report.key.stream.as_str()) {
                let named = rows.contains(blob.content_id.as_str());
                if blob.quirk.is_obtainable() {
                    assert!(!named, "{} could be had, but is in a gap row", blob.content_id);
                } else if blob.visible < due {
                    assert!(named, "{} cannot be had, but is in no gap row", blob.content_id);
                }
            }
        }
    }

    pub(crate) fn records(&self) -> RecordCounts {
        let mut sum = RecordCounts::default();
        for report in &self.reports {
            sum += report.counts.records;
        }
        sum
    }
}
