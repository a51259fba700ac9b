//! A folder, a simulated Microsoft on a port, and a configuration that joins them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use trailhound_env::{Clock, SystemClock};
use trailhound_model::{ContentHash, Span, Timestamp, hours};
use trailhound_sim_microsoft::{EventsPerHour, SimConfig, SimMicrosoft, Stream, serve};

use super::files::{files_below, lines_below};

/// How many times each content is there.
pub(crate) type HashCounts = BTreeMap<u128, u64>;

pub(crate) struct Site {
    pub(crate) sim: SimMicrosoft,
    pub(crate) address: SocketAddr,
    /// Where the journal and the files go, unless a test writes another configuration.
    folder: TempDir,
    /// What a test asks for: all of it lies before the test's begin.
    pub(crate) span: Span,
    _runtime: Runtime,
}

/// One small tenant that answers at once.
pub(crate) fn quick() -> SimConfig {
    let mut config = SimConfig::default();
    config.wire.latency_ms_min = 0;
    config.wire.latency_ms_max = 3;
    config.tenants[0].events_per_hour = EventsPerHour::scaled(0.2);
    config.blobs.blob_every_seconds = 900;
    config
}

impl Site {
    /// A quick world, changed by `change`, with its configuration in `trailhound.toml`.
    pub(crate) fn new(change: impl FnOnce(&mut SimConfig)) -> Self {
        let mut config = quick();
        change(&mut config);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let sim = SimMicrosoft::new(config);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        runtime.spawn(serve(sim.clone(), listener, clock, std::future::pending()));
        let folder = TempDir::new().unwrap();
        let now = SystemClock::default().now();
        let span = Span { from: now - hours(20), to: now - hours(1) };
        let site = Self { sim, address, folder, span, _runtime: runtime };
        site.configure("");
        site
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path in it.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes the configuration of the first tenant, with `more` at its end.
    pub(crate) fn configure(&self, more: &str) {
        std::fs::write(self.at("trailhound.toml"), self.configuration() + more).unwrap();
    }

    /// The configuration of the first tenant with one file output.
    pub(crate) fn configuration(&self) -> String {
        let tenant = &self.sim.config().tenants[0];
        let streams: Vec<String> =
            Stream::ALL.iter().map(|stream| format!("\"{}\"", stream.name())).collect();
        format!(
            "data_dir = \"{folder}/data\"\n[console]\nlisten = \"127.0.0.1:0\"\n\
             [[application]]\nname = \"contoso\"\ntype = \"office365\"\ntenant_id = \"{}\"\nclient_id = \"{}\"\n\
             client_secret = {{ file = \"{folder}/secret\" }}\nstreams = [{}]\ncloud = \"custom\"\n\
             endpoints = {{ api = \"http://{address}\", login = \"http://{address}\" }}\n\
             [[output]]\nname = \"siem\"\ntype = \"file\"\n\
             path = \"{folder}/out/{{application}}/{{stream}}/{{date}}.ndjson\"\nformat = \"raw\"\n",
            tenant.tenant_id,
            tenant.client_id,
            streams.join(", "),
            folder = self.write_secret(&tenant.client_secret).display(),
            address = self.address,
        )
    }

    fn write_secret(&self, secret: &str) -> &Path {
        std::fs::write(self.at("secret"), secret).unwrap();
        self.path()
    }

    /// The arguments of a collection of exactly [`Site::span`].
    pub(crate) fn collect_args(&self) -> Vec<String> {
        ["collect", "--json", "--since", &self.span.from.to_string(), "--until", &self.span.to.to_string()]
            .map(str::to_owned)
            .to_vec()
    }

    /// Every record of a stream that could be had in the span, as often as it must arrive.
    pub(crate) fn truth(&self, stream: Stream) -> HashCounts {
        let (truth, tenant) = (self.sim.truth(), self.sim.config().tenants[0].tenant_id.clone());
        let in_span = |created: Timestamp| self.span.contains(created);
        let mut counts = HashCounts::new();
        for record in truth.records_of(&tenant, stream) {
            if truth.blobs_of(record).any(|blob| in_span(blob.created) && blob.quirk.is_obtainable()) {
                *counts.entry(record.hash.0).or_default() += 1;
            }
        }
        counts
    }

    /// What the file output holds of a stream.
    pub(crate) fn delivered(&self, stream: Stream) -> HashCounts {
        hash_counts(&lines_below(&self.at("out/contoso").join(stream.name())))
    }

    /// Every file of the output with its bytes.
    pub(crate) fn file_output(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(&self.at("out"))
    }

    /// Every record of the truth is in the files once, and nothing else; answers how many.
    pub(crate) fn assert_exactly_once(&self) -> u64 {
        let mut all = 0;
        for stream in Stream::ALL {
            let (truth, delivered) = (self.truth(stream), self.delivered(stream));
            let missing = truth.iter().filter(|(hash, count)| delivered.get(hash) < Some(count)).count();
            let extra = delivered.iter().filter(|(hash, count)| truth.get(hash) < Some(count)).count();
            assert_eq!((missing, extra), (0, 0), "missing and extra of {} in {}", truth.len(), stream.name());
            all += truth.values().sum::<u64>();
        }
        assert!(all > 0, "the simulator published nothing in the span");
        all
    }
}

/// How often each line is there, by the hash of its bytes.
pub(crate) fn hash_counts(lines: &[String]) -> HashCounts {
    let mut counts = HashCounts::new();
    for line in lines {
        *counts.entry(ContentHash::of(line.as_bytes()).0).or_default() += 1;
    }
    counts
}
