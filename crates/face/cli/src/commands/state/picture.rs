//! What is shown, as numbers: what `--json` prints.

use std::collections::BTreeMap;

use serde::Serialize;
use trailhound_journal::{JournalError, JournalReader, StreamReport};
use trailhound_model::{InstanceName, OutputName, StreamName, Timestamp};
use trailhound_pipeline::health::{HealthState, StoredHealth, stored_key};

use crate::control::{FailingOutput, LiveStream, OutsideChange, Status};

/// Failing blobs that are named.
const MAX_FAILING: usize = 20;

/// Everything, at one moment.
#[derive(Default, Serialize)]
pub(crate) struct Picture {
    #[serde(serialize_with = "as_text")]
    pub(crate) now: Timestamp,
    /// A process holds the data folder.
    #[serde(rename = "daemon_running")]
    pub(crate) is_running: bool,
    /// A daemon runs and does not say how it is: why. All that follows is as it was written last.
    pub(crate) daemon_silent: Option<String>,
    /// Why the daemon cannot write the journal, with what to do.
    pub(crate) journal_error: Option<String>,
    /// Outputs that fail now, as the daemon says.
    pub(crate) failing_outputs: Vec<FailingOutput>,
    /// What others did last to what an output had delivered, as the daemon has noticed since it began.
    pub(crate) outside_changes: Vec<OutsideChange>,
    pub(crate) streams: Vec<StreamPicture>,
}

#[derive(Serialize)]
pub(crate) struct StreamPicture {
    pub(crate) application: InstanceName,
    pub(crate) stream: StreamName,
    /// As the daemon judged it last; absent before its first judgement.
    pub(crate) health: Option<HealthPicture>,
    /// When the subscription was last seen enabled.
    #[serde(serialize_with = "as_optional_text")]
    pub(crate) subscribed_at: Option<Timestamp>,
    /// When a start of it was last sent.
    #[serde(serialize_with = "as_optional_text")]
    pub(crate) start_sent_at: Option<Timestamp>,
    /// When a listing or fetch last succeeded.
    #[serde(serialize_with = "as_optional_text")]
    pub(crate) last_success: Option<Timestamp>,
    /// Listed without a hole up to here.
    #[serde(serialize_with = "as_optional_text")]
    pub(crate) listed_to: Option<Timestamp>,
    /// Holes behind it that are not listed yet.
    pub(crate) holes: usize,
    #[serde(serialize_with = "as_optional_text")]
    pub(crate) newest_blob: Option<Timestamp>,
    #[serde(serialize_with = "as_optional_text")]
    pub(crate) last_journalled_at: Option<Timestamp>,
    pub(crate) pending_blobs: u64,
    /// Pending blobs that failed, at most 20.
    pub(crate) failing: Vec<FailingPicture>,
    /// Gap rows by reason.
    pub(crate) gaps: BTreeMap<String, u64>,
    pub(crate) outputs: Vec<OutputPicture>,
}

#[derive(Serialize)]
pub(crate) struct HealthPicture {
    pub(crate) state: &'static str,
    pub(crate) severity: &'static str,
    #[serde(serialize_with = "as_text")]
    pub(crate) since: Timestamp,
    pub(crate) cause: String,
    pub(crate) cure: String,
    /// What else is known, a line each.
    pub(crate) details: Vec<String>,
    /// States that hold besides.
    pub(crate) also: Vec<String>,
    /// When it was judged; of what was written: at the last change.
    #[serde(serialize_with = "as_text")]
    pub(crate) written_at: Timestamp,
    /// The running daemon's own judgement; if not, it is what some process wrote last.
    #[serde(rename = "live")]
    pub(crate) is_live: bool,
}

#[derive(Serialize)]
pub(crate) struct FailingPicture {
    pub(crate) content_id: String,
    pub(crate) attempts: u32,
    pub(crate) last_error: String,
}

#[derive(Serialize)]
pub(crate) struct OutputPicture {
    pub(crate) output: OutputName,
    pub(crate) done_records: u64,
    pub(crate) waiting_records: u64,
}

impl Picture {
    /// What the running daemon says.
    pub(crate) fn overlay(&mut self, status: Status) {
        self.journal_error = status.journal_error;
        self.failing_outputs = status.failing_outputs;
        self.outside_changes = status.outside_changes;
        let by_name = |live: LiveStream| ((live.application.clone(), live.stream.clone()), live);
        let mut live: BTreeMap<_, _> = status.streams.into_iter().map(by_name).collect();
        for stream in &mut self.streams {
            if let Some(live) = live.remove(&(stream.application.to_string(), stream.stream.to_string())) {
                stream.overlay(live);
            }
        }
    }
}

impl StreamPicture {
    pub(crate) fn of(report: &StreamReport, journal: &JournalReader) -> Result<Self, JournalError> {
        let stored = journal.control(&stored_key(&report.key))?;
        let mut picture = Self::new(report, stored.as_deref().and_then(StoredHealth::from_text));
        [picture.subscribed_at, picture.start_sent_at, picture.last_success] =
            journal.last_times(&report.key)?;
        Ok(picture)
    }

    /// What the running daemon says goes before what was written. A state that is well and that it has not seen
    /// confirmed stays the earlier process's.
    pub(crate) fn overlay(&mut self, live: LiveStream) {
        let state = live.state.as_deref().and_then(HealthState::from_word);
        let times = (Timestamp::parse(&live.since), Timestamp::parse(&live.judged_at));
        let (Some(state), (Ok(since), Ok(judged_at))) = (state, times) else { return };
        if state.is_well() && !live.has_succeeded {
            return;
        }
        self.health = Some(HealthPicture {
            state: state.word(),
            severity: state.severity().word(),
            since,
            cause: live.cause,
            cure: live.cure,
            details: live.details,
            also: live.also,
            written_at: judged_at,
            is_live: true,
        });
    }

    pub(crate) fn new(report: &StreamReport, health: Option<StoredHealth>) -> Self {
        let mut gaps = BTreeMap::new();
        for gap in &report.gaps {
            *gaps.entry(gap.reason.word().to_owned()).or_default() += 1;
        }
        let failing = report.failing.iter().take(MAX_FAILING).map(|(id, attempts, error)| FailingPicture {
            content_id: id.to_string(),
            attempts: *attempts,
            last_error: error.clone(),
        });
        let deliverable = report.counts.records.deliverable();
        let outputs = report.deliveries.iter().map(|(output, done)| OutputPicture {
            output: output.clone(),
            done_records: done.done(),
            waiting_records: deliverable.saturating_sub(done.done()),
        });
        Self {
            application: report.key.instance.clone(),
            stream: report.key.stream.clone(),
            health: health.map(HealthPicture::of),
            subscribed_at: None,
            start_sent_at: None,
            last_success: None,
            listed_to: report.covered.last().map(|span| span.to),
            holes: report.covered.len().saturating_sub(1),
            newest_blob: report.newest_blob,
            last_journalled_at: report.last_journalled_at,
            pending_blobs: report.counts.blobs.pending,
            failing: failing.collect(),
            gaps,
            outputs: outputs.collect(),
        }
    }
}

impl HealthPicture {
    fn of(stored: StoredHealth) -> Self {
        Self {
            state: stored.state.word(),
            severity: stored.state.severity().word(),
            since: stored.since,
            cause: stored.cause,
            cure: stored.cure,
            details: Vec::new(),
            also: Vec::new(),
            written_at: stored.at,
            is_live: false,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls")]
fn as_text<S: serde::Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

#[expect(clippy::ref_option, reason = "the shape that serde calls")]
fn as_optional_text<S: serde::Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.collect_str(at),
        None => to.serialize_none(),
    }
}
