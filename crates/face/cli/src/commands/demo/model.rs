//! What the live view shows, worked out once per tick.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use trailhound_model::Timestamp;
use trailhound_pipeline::board::{Snapshot, StreamPhase, StreamStatus};

use crate::output::{bytes, count};
use crate::rate::Rate;

/// Where to look further.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) data: String,
    pub(crate) files: String,
    pub(crate) config: String,
    pub(crate) log: String,
    pub(crate) metrics: String,
    pub(crate) simulator: String,
}

impl Places {
    pub(crate) fn new(data: &Path, console: SocketAddr, simulator: SocketAddr) -> Self {
        let inside = |name: &str| data.join(name).display().to_string();
        Self {
            data: data.display().to_string(),
            files: inside("records"),
            config: inside("trailhound.toml"),
            log: inside("demo.log"),
            metrics: format!("http://{console}/metrics"),
            simulator: format!("http://{simulator}/_truth"),
        }
    }
}

/// One stream as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamRow {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) is_well: bool,
    /// listed, fetched, pending, records, duplicates, gaps, lag
    pub(crate) numbers: [String; 7],
    pub(crate) error: String,
}

/// One output as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OutputRow {
    pub(crate) name: String,
    pub(crate) delivered: String,
    pub(crate) backlog: String,
    pub(crate) error: String,
}

/// Everything on the screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) places: Places,
    pub(crate) elapsed: Duration,
    pub(crate) records: u64,
    pub(crate) blobs: u64,
    pub(crate) delivered: u64,
    /// In the journal, to be delivered: `records = delivered + duplicates + waiting`.
    pub(crate) waiting: u64,
    pub(crate) duplicates: u64,
    pub(crate) gaps: u64,
    pub(crate) pending: u64,
    pub(crate) raw_bytes: u64,
    pub(crate) records_per_second: f64,
    pub(crate) bytes_per_second: f64,
    pub(crate) streams: Vec<StreamRow>,
    pub(crate) outputs: Vec<OutputRow>,
    pub(crate) alarms: Vec<String>,
    started: Duration,
    records_rate: Rate,
    bytes_rate: Rate,
}

impl Model {
    pub(crate) fn new(places: Places, started: Duration) -> Self {
        Self { places, started, ..Self::default() }
    }

    /// Takes the board in. `monotonic` is for rates, `now` for ages.
    pub(crate) fn update(&mut self, board: &Snapshot, monotonic: Duration, now: Timestamp) {
        let sum = |of: fn(&StreamStatus) -> u64| board.streams.values().map(of).sum::<u64>();
        self.elapsed = monotonic.saturating_sub(self.started);
        self.records = sum(|status| status.records.fetched);
        self.blobs = sum(|status| status.fetched_blobs);
        self.duplicates = sum(|status| status.records.duplicates);
        self.gaps = sum(|status| status.gap_blobs);
        self.pending = sum(|status| status.pending_blobs);
        self.raw_bytes = sum(|status| status.raw_bytes);
        self.records_per_second = self.records_rate.update(monotonic, self.records);
        self.bytes_per_second = self.bytes_rate.update(monotonic, self.raw_bytes);
        self.streams = board.streams.iter().map(|(key, status)| row(key.to_string(), status, now)).collect();
        self.outputs = board
            .outputs
            .iter()
            .map(|(name, status)| OutputRow {
                name: name.to_string(),
                delivered: count(status.counts.values().map(|counts| counts.delivered).sum()),
                backlog: count(status.backlog_chunks),
                error: status.error.as_ref().map_or_else(String::new, |(_, what, _)| what.clone()),
            })
            .collect();
        self.delivered = board
            .outputs
            .values()
            .map(|status| status.counts.values().map(|counts| counts.delivered).sum())
            .max()
            .unwrap_or(0);
        self.waiting = self.records.saturating_sub(self.duplicates).saturating_sub(self.delivered);
        self.alarms.clone_from(&board.alarms);
        self.alarms.extend(board.journal_error.clone());
    }

    /// `1,234 records/s` and `1.5 MB/s`.
    pub(crate) fn rates(&self) -> [String; 2] {
        // A rounded rate is what a person reads.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is small and positive"
        )]
        let records = self.records_per_second.round() as u64;
        [format!("{} records/s", count(records)), format!("{}/s", bytes(self.bytes_per_second))]
    }
}

fn row(name: String, status: &StreamStatus, now: Timestamp) -> StreamRow {
    let (state, is_well) = state(status.phase);
    let lag = match status.lag_millis {
        None => "–".to_owned(),
        Some(millis) => tell_lag(Duration::from_millis(u64::try_from(millis).unwrap_or(0))),
    };
    let numbers = [
        count(status.listed_blobs.max(status.fetched_blobs + status.gap_blobs)),
        count(status.fetched_blobs),
        count(status.pending_blobs),
        count(status.records.fetched),
        count(status.records.duplicates),
        count(status.gap_blobs),
        lag,
    ];
    let error = status
        .last_error
        .as_ref()
        .map_or_else(String::new, |(at, what, _)| format!("{} ago: {what}", tell_lag(now.since(*at))));
    StreamRow { name, state, is_well, numbers, error }
}

fn state(phase: StreamPhase) -> (&'static str, bool) {
    match phase {
        StreamPhase::New => ("starting", true),
        StreamPhase::WaitingForFirstData => ("waiting", true),
        StreamPhase::Ok => ("ok", true),
        StreamPhase::Throttled => ("throttled", false),
        StreamPhase::Retrying => ("retrying", false),
        StreamPhase::Failed(_) => ("failed", false),
    }
}

/// One unit is enough in a table: `12s`, `3m`, `5h`, `6d`.
fn tell_lag(lag: Duration) -> String {
    match lag.as_secs() {
        seconds @ 0..100 => format!("{seconds}s"),
        seconds @ 100..6_000 => format!("{}m", seconds / 60),
        seconds @ 6_000..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}
