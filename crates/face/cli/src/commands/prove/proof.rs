//! The account of what was collected, as numbers: what `--json` prints.

use serde::Serialize;
use trailhound_journal::{MAX_REPORTED_GAPS, StreamReport};
use trailhound_model::{
    BlobCounts, ContentId, DeliveryCounts, Gap, OutputName, RecordCounts, Span, SpanSet, Timestamp, promises,
};

use super::changes::ChangeProof;
use crate::exit::Exit;

/// Which part of the coverage is looked at.
pub(crate) struct Range {
    /// Default: where each stream's coverage begins.
    pub(crate) from: Option<Timestamp>,
    /// Default: where each stream's coverage ends.
    pub(crate) to: Option<Timestamp>,
    /// Nothing later can be covered.
    pub(crate) now: Timestamp,
}

/// The whole account.
#[derive(Serialize)]
pub(crate) struct Proof {
    pub(crate) applications: Vec<ApplicationProof>,
    /// No gap, no hole, nothing pending.
    pub(crate) complete: bool,
    /// The sums of promise L5 agree.
    pub(crate) balanced: bool,
    /// The range was asked for: the sums go beyond it.
    #[serde(skip)]
    pub(crate) is_limited: bool,
    /// The newest 1,000 changes by hand or from outside, oldest first.
    pub(crate) changes: Vec<ChangeProof>,
}

#[derive(Serialize)]
pub(crate) struct ApplicationProof {
    pub(crate) name: String,
    pub(crate) streams: Vec<StreamProof>,
}

/// The account of one stream. Sums are of everything in the ledger; spans and gaps of the range.
#[derive(Serialize)]
pub(crate) struct StreamProof {
    pub(crate) stream: String,
    /// From when on the stream is to be covered.
    pub(crate) horizon: Option<String>,
    /// The range looked at; absent when nothing was listed yet.
    pub(crate) range: Option<Part>,
    /// Listed to the last page; whether everything listed was fetched, `blobs.pending` tells.
    pub(crate) covered: Vec<Part>,
    /// Neither listed nor in a gap row.
    pub(crate) holes: Vec<Part>,
    pub(crate) gaps: Vec<GapProof>,
    pub(crate) blobs: BlobCounts,
    pub(crate) records: RecordCounts,
    pub(crate) bytes: u64,
    pub(crate) outputs: Vec<OutputProof>,
    /// Pending blobs that failed at least once.
    pub(crate) failing: Vec<FailingBlob>,
    pub(crate) newest_blob: Option<String>,
    pub(crate) last_journalled_at: Option<String>,
    pub(crate) balanced: bool,
}

/// A half-open span of `contentCreated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Part {
    pub(crate) from: String,
    pub(crate) to: String,
    #[serde(skip)]
    pub(crate) span: Span,
}

#[derive(Serialize)]
pub(crate) struct GapProof {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The ledger's stable word.
    pub(crate) reason: String,
    /// What goes beyond the word; may be empty.
    pub(crate) detail: String,
    /// The blob, when the gap is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_id: Option<ContentId>,
    pub(crate) recorded_at: String,
    #[serde(skip)]
    pub(crate) gap: Gap,
}

#[derive(Serialize)]
pub(crate) struct OutputProof {
    pub(crate) output: OutputName,
    pub(crate) delivered: u64,
    pub(crate) filtered: u64,
    pub(crate) dead_lettered: u64,
    /// In the journal, to be delivered; negative would mean more delivered than there was.
    pub(crate) waiting: i64,
}

#[derive(Serialize)]
pub(crate) struct FailingBlob {
    pub(crate) content_id: ContentId,
    pub(crate) attempts: u32,
    pub(crate) last_error: String,
}

impl Proof {
    /// Makes the account from the journal's reports, which are sorted by key.
    pub(crate) fn new(reports: &[StreamReport], outputs: &[OutputName], range: &Range) -> Self {
        let mut applications: Vec<ApplicationProof> = Vec::new();
        for report in reports {
            let name = report.key.instance.to_string();
            let stream = StreamProof::new(report, outputs, range);
            match applications.last_mut().filter(|application| application.name == name) {
                Some(application) => application.streams.push(stream),
                None => applications.push(ApplicationProof { name, streams: vec![stream] }),
            }
        }
        let all = |is: fn(&StreamProof) -> bool| {
            applications.iter().flat_map(|application| &application.streams).all(is)
        };
        let (complete, balanced) = (all(StreamProof::is_complete), all(|stream| stream.balanced));
        let complete = complete && !applications.is_empty();
        let is_limited = range.from.is_some() || range.to.is_some();
        Self { applications, complete, balanced, is_limited, changes: Vec::new() }
    }

    /// The exit code that it means.
    pub(crate) fn exit(&self) -> Exit {
        match (self.balanced, self.complete) {
            (false, _) => Exit::Failed,
            (true, false) => Exit::Gaps,
            (true, true) => Exit::Done,
        }
    }
}

impl StreamProof {
    fn new(report: &StreamReport, outputs: &[OutputName], range: &Range) -> Self {
        let listed: SpanSet = report.covered.iter().copied().collect();
        let span = range.of(report.horizon, &listed);
        let lost: SpanSet =
            report.gaps.iter().filter(|gap| gap.content_id.is_none()).map(|gap| gap.span).collect();
        let within = |span: &Span, range: Option<Span>| range.and_then(|range| span.intersect(range));
        let covered = listed.spans().iter().filter_map(|part| within(part, span));
        let gaps = report.gaps.iter().filter_map(|gap| Some(GapProof::new(gap, within(&gap.span, span)?)));
        let outputs = output_proofs(report, outputs);
        Self {
            stream: report.key.stream.to_string(),
            horizon: report.horizon.map(|at| at.to_string()),
            range: span.map(Part::new),
            // A lost span counts as done in the ledger; here it stands with the gaps alone.
            covered: covered.flat_map(|part| lost.holes(part)).map(Part::new).collect(),
            holes: span.map_or_else(Vec::new, |span| listed.holes(span)).into_iter().map(Part::new).collect(),
            gaps: gaps.collect(),
            blobs: report.counts.blobs,
            records: report.counts.records,
            bytes: report.counts.bytes,
            balanced: balances(report, &outputs),
            outputs,
            failing: report.failing.iter().map(FailingBlob::new).collect(),
            newest_blob: report.newest_blob.map(|at| at.to_string()),
            last_journalled_at: report.last_journalled_at.map(|at| at.to_string()),
        }
    }

    fn is_complete(&self) -> bool {
        self.range.is_some() && self.gaps.is_empty() && self.holes.is_empty() && self.blobs.pending == 0
    }
}

impl Range {
    /// The span to look at, given where a stream's coverage begins and what was listed.
    fn of(&self, horizon: Option<Timestamp>, listed: &SpanSet) -> Option<Span> {
        let from = self.from.or(horizon).or(listed.first())?;
        let to = self.to.or(listed.last())?.min(self.now);
        Span::new(from, to)
    }
}

impl Part {
    fn new(span: Span) -> Self {
        Self { from: span.from.to_string(), to: span.to.to_string(), span }
    }
}

impl GapProof {
    fn new(gap: &Gap, span: Span) -> Self {
        Self {
            from: span.from.to_string(),
            to: span.to.to_string(),
            reason: gap.reason.word().to_owned(),
            detail: gap.reason.detail().to_owned(),
            content_id: gap.content_id.clone(),
            recorded_at: gap.at.to_string(),
            gap: Gap { span, ..gap.clone() },
        }
    }
}

impl FailingBlob {
    fn new((content_id, attempts, last_error): &(ContentId, u32, String)) -> Self {
        Self { content_id: content_id.clone(), attempts: *attempts, last_error: last_error.clone() }
    }
}

/// The configured outputs and those that once were, with what each did.
fn output_proofs(report: &StreamReport, configured: &[OutputName]) -> Vec<OutputProof> {
    let mut names: Vec<&OutputName> = report.deliveries.iter().map(|(name, _)| name).collect();
    names.extend(configured);
    names.sort();
    names.dedup();
    let done = |name: &OutputName| -> DeliveryCounts {
        report.deliveries.iter().find(|(known, _)| known == name).map(|(_, done)| *done).unwrap_or_default()
    };
    names
        .into_iter()
        .map(|name| {
            let counts = done(name);
            OutputProof {
                output: name.clone(),
                delivered: counts.delivered,
                filtered: counts.filtered,
                dead_lettered: counts.dead_lettered,
                waiting: report.counts.records.deliverable() as i64 - counts.done() as i64,
            }
        })
        .collect()
}

/// Promise L5, and that every blob in a gap is named by a row.
fn balances(report: &StreamReport, outputs: &[OutputProof]) -> bool {
    let rows = report.gaps.iter().filter(|gap| gap.content_id.is_some()).count() as u64;
    let rows_were_cut = report.gaps.len() >= MAX_REPORTED_GAPS;
    promises::blobs_balance(&report.counts.blobs)
        && (rows_were_cut || rows == report.counts.blobs.gap)
        && outputs.iter().all(|output| output.waiting >= 0)
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
