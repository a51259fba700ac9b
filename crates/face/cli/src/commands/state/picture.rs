//! What is shown, as numbers: what `--json` prints.

use std::collections::BTreeMap;

use serde::Serialize;
use trailhound_journal::{JournalError, JournalReader, StreamReport};
use trailhound_model::{InstanceName, OutputName, StreamName, Timestamp};
use trailhound_pipeline::health::{StoredHealth, stored_key};

/// Failing blobs that are named.
const MAX_FAILING: usize = 20;

/// Everything, at one moment.
#[derive(Serialize)]
pub(crate) struct Picture {
    #[serde(serialize_with = "as_text")]
    pub(crate) now: Timestamp,
    /// A process holds the data folder.
    #[serde(rename = "daemon_running")]
    pub(crate) is_running: bool,
    pub(crate) streams: Vec<StreamPicture>,
}

#[derive(Serialize)]
pub(crate) struct StreamPicture {
    pub(crate) application: InstanceName,
    pub(crate) stream: StreamName,
    /// As the daemon judged it last; absent before its first judgement.
    pub(crate) health: Option<HealthPicture>,
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
    /// When the words were written: at the last change.
    #[serde(serialize_with = "as_text")]
    pub(crate) written_at: Timestamp,
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

impl StreamPicture {
    pub(crate) fn of(report: &StreamReport, journal: &JournalReader) -> Result<Self, JournalError> {
        let stored = journal.control(&stored_key(&report.key))?;
        Ok(Self::new(report, stored.as_deref().and_then(StoredHealth::from_text)))
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
            written_at: stored.at,
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
