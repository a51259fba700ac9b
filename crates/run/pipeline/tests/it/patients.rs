//! Streams that fall ill: the real client, journal and planner on a simulated Microsoft that is made sick while
//! it runs, and their health at chosen moments.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use trailhound_env::{
    Clock, HttpTransport, Response, SecretSource, SeededEntropy, TransportError, TransportErrorKind,
    VirtualClock,
};
use trailhound_health::{Change, HealthState};
use trailhound_journal::{Journal, JournalConfig, Mode as JournalMode, SqliteJournal};
use trailhound_ledger::{BudgetLimits, Limits};
use trailhound_microsoft::{Client, ClientConfig, Credential, Endpoints, TokenVersion};
use trailhound_model::*;
use trailhound_outputs::testing::FnOutput;
use trailhound_outputs::{Output, OutputError};
use trailhound_pipeline::board::Board;
use trailhound_pipeline::health::Health;
use trailhound_pipeline::quota::QuotaKey;
use trailhound_pipeline::wire::{Instance, Mode, Plant, run};
use trailhound_pipeline::{Office365, Stop};
use trailhound_sim_microsoft::{SimConfig, SimMicrosoft, Stream};

use crate::world::{START, quota};

/// What can be done to the world while it runs.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) sim: SimMicrosoft,
    pub(crate) network_down: Arc<AtomicBool>,
    pub(crate) output_down: Arc<AtomicBool>,
}

pub(crate) type Event = fn(&World);

/// A ward: tenants of one simulated Microsoft, one stream each.
pub(crate) struct Ward {
    pub(crate) config: SimConfig,
    pub(crate) streams: Vec<Stream>,
    pub(crate) poll_every: Duration,
    pub(crate) secret_expires: Option<Timestamp>,
    pub(crate) events: Vec<(Duration, Event)>,
    folder: PathBuf,
    begin: Timestamp,
    clock: Arc<dyn Clock>,
    _scratch: tempfile::TempDir,
}

/// How it ended.
pub(crate) struct Chart {
    pub(crate) board: Board,
    pub(crate) histories: BTreeMap<StreamKey, Vec<Change>>,
}

impl Ward {
    pub(crate) fn new(tenants: usize, change: impl FnOnce(&mut SimConfig)) -> Self {
        let mut config = SimConfig { history_hours: 6, ..SimConfig::default() };
        config.tenants = SimConfig::default_tenants(tenants);
        config.blobs.blob_every_seconds = 600;
        config.login.token_life_seconds = 120;
        for tenant in &mut config.tenants {
            tenant.subscribed_from_start = true;
        }
        change(&mut config);
        let memory = Path::new("/dev/shm");
        let scratch =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        Self {
            config,
            streams: vec![Stream::General],
            poll_every: minutes(2),
            secret_expires: None,
            events: Vec::new(),
            folder: scratch.path().to_owned(),
            begin: START,
            clock: Arc::new(VirtualClock::starting_at(START)),
            _scratch: scratch,
        }
    }

    pub(crate) fn after(mut self, time: Duration, event: Event) -> Self {
        self.events.push((time, event));
        self
    }

    /// Runs for so long; to be called again for a restart on the same folder.
    pub(crate) fn live(&mut self, lasts: Duration) -> Chart {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            // A paused clock belongs to its runtime: a second life begins where the first ended.
            self.clock = Arc::new(VirtualClock::starting_at(self.begin));
            let chart = self.play(lasts).await;
            self.begin = self.clock.now();
            chart
        })
    }

    async fn play(&self, lasts: Duration) -> Chart {
        let clock = &self.clock;
        let world = World {
            sim: SimMicrosoft::new(self.config.clone()),
            network_down: Arc::default(),
            output_down: Arc::default(),
        };
        let settings =
            JournalConfig { mode: JournalMode::Inline, ..JournalConfig::new(self.folder.join("data")) };
        let journal: Arc<dyn Journal> = Arc::new(SqliteJournal::open(settings, Arc::clone(clock)).unwrap());
        let board = Board::new();
        let receiver = receiver(Arc::clone(&world.output_down));
        let plant = Plant {
            controls: trailhound_pipeline::by_hand::Controls::default(),
            journal,
            clock: Arc::clone(clock),
            entropy: Arc::new(SeededEntropy::new(7)),
            board: board.clone(),
            instances: (0..self.config.tenants.len()).map(|n| self.instance(n, &world)).collect(),
            outputs: vec![Box::new(receiver)],
            limits: Limits { poll_every: self.poll_every, ..Limits::daemon() },
        };
        let stop = Stop::new();
        for (after, event) in self.events.clone() {
            let (world, clock) = (world.clone(), Arc::clone(clock));
            tokio::spawn(async move {
                clock.sleep(after).await;
                event(&world);
            });
        }
        let (stopper, timer) = (stop.clone(), Arc::clone(clock));
        tokio::spawn(async move {
            timer.sleep(lasts).await;
            stopper.stop();
        });
        run(plant, Mode::Follow, &stop).await.unwrap();
        let keys = board.health().states().into_keys();
        let histories = keys.map(|key| (key.clone(), board.health().history(&key))).collect();
        Chart { board, histories }
    }

    fn instance(&self, number: usize, world: &World) -> Instance {
        let tenant = self.config.tenants[number].clone();
        let tenant_id = tenant.tenant_id.clone();
        let transport = Wire {
            inner: world.sim.transport(Arc::clone(&self.clock)),
            is_down: Arc::clone(&world.network_down),
        };
        let client = Client::new(
            ClientConfig {
                endpoints: Endpoints::custom(
                    "https://manage.office.com",
                    "https://login.microsoftonline.com",
                )
                .unwrap(),
                tenant_id: tenant.tenant_id,
                client_id: tenant.client_id,
                credential: Credential::Secret(SecretSource::Literal(tenant.client_secret.into())),
                publisher_id: None,
                token_version: TokenVersion::V2,
            },
            Arc::new(transport),
            Arc::clone(&self.clock),
            Arc::new(SeededEntropy::new(5)),
        )
        .unwrap();
        let quota = QuotaKey { tenant: tenant_id.clone(), publisher: tenant_id, ..quota() };
        let source = Office365::new(Arc::new(client)).with_secret_expires(self.secret_expires);
        Instance {
            name: name(number),
            source: Arc::new(source),
            streams: self.streams.iter().map(|stream| StreamName::new(stream.name()).unwrap()).collect(),
            start: None,
            poll_every: None,
            quota,
            budget: BudgetLimits::default(),
        }
    }
}

fn name(number: usize) -> InstanceName {
    InstanceName::new(["contoso", "fabrikam", "tailspin"][number]).unwrap()
}

impl Chart {
    /// Of the first tenant's stream.
    pub(crate) fn health(&self) -> Health {
        let key = self.histories.keys().next().unwrap();
        self.board.health_of(key).unwrap()
    }

    /// The states that the first tenant's stream went through.
    pub(crate) fn course(&self) -> Vec<HealthState> {
        self.histories.values().next().unwrap().iter().map(|change| change.to).collect()
    }
}

/// A network that can be cut.
struct Wire {
    inner: Arc<dyn HttpTransport>,
    is_down: Arc<AtomicBool>,
}

impl HttpTransport for Wire {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<Response, TransportError>> {
        if self.is_down.load(Ordering::Relaxed) {
            let host = request.uri().host().unwrap_or_default().to_owned();
            let detail = "no such host is known".to_owned();
            return Box::pin(async { Err(TransportError { kind: TransportErrorKind::Dns, host, detail }) });
        }
        self.inner.send(request)
    }
}

/// An output that can be down, and forgets what it takes.
fn receiver(is_down: Arc<AtomicBool>) -> impl Output {
    FnOutput::new(OutputName::new("siem").unwrap(), move |_, _| {
        if is_down.load(Ordering::Relaxed) {
            let (what, hint) = ("send to https://siem.example: HTTP 503", "see why the receiver is down");
            return Err(OutputError { what: what.to_owned(), hint: hint.to_owned(), retry: true });
        }
        Ok(())
    })
}

/// Collects log lines of one level and above in the current thread while `work` runs.
pub(crate) fn logged<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let lines = Lines::default();
    let result = tracing::subscriber::with_default(lines.clone(), work);
    let lines = lines.0.lock().unwrap().clone();
    (result, lines)
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= tracing::Level::INFO
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = format!("{}", event.metadata().level());
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            use std::fmt::Write as _;
            let _ = write!(line, " {field}={value:?}");
        });
        self.0.lock().unwrap().push(line);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}
