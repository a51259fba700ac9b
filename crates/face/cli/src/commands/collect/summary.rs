//! What a collection did: the JSON object of the contract, and the same as a table.

use std::fmt::Write as _;

use serde::Serialize;
use trailhound_journal::StreamReport;
use trailhound_model::{DeliveryCounts, InstanceName, OutputName, Span, StreamKey};
use trailhound_pipeline::board::Snapshot;
use trailhound_pipeline::wire::{Failure as PlaceFailure, Place};

use crate::duration;
use crate::gaps::{self, GapRow};
use crate::output::{count, plural};

/// Gaps of a stream in the table before the rest is summed up.
const MAX_GAP_LINES: usize = 12;

/// What was asked for.
pub(crate) struct Asked {
    /// The streams, sorted, with the span of each.
    pub(crate) streams: Vec<(StreamKey, Span)>,
    /// The configured outputs.
    pub(crate) outputs: Vec<OutputName>,
}

impl Asked {
    /// Whether a gap lies in what was asked for.
    pub(crate) fn any_gap(&self, reports: &[StreamReport]) -> bool {
        self.streams.iter().any(|(key, span)| !gap_rows(reports, key, *span).is_empty())
    }
}

/// The summary object. Numbers are of this run; gaps are all that the ledger has in the span.
#[derive(Serialize)]
pub(crate) struct Summary {
    applications: Vec<ApplicationSummary>,
    seconds: f64,
    failures: Vec<FailureSummary>,
}

#[derive(Serialize)]
struct ApplicationSummary {
    name: InstanceName,
    streams: Vec<StreamSummary>,
}

#[derive(Serialize)]
struct StreamSummary {
    stream: String,
    listed_blobs: u64,
    fetched_blobs: u64,
    records: u64,
    revisions: u64,
    duplicates: u64,
    filtered: u64,
    /// Of several outputs: the least.
    delivered: u64,
    dead_lettered: u64,
    outputs: Vec<OutputSummary>,
    gaps: Vec<GapRow>,
}

#[derive(Serialize)]
struct OutputSummary {
    output: OutputName,
    delivered: u64,
    filtered: u64,
    dead_lettered: u64,
}

#[derive(Serialize)]
struct FailureSummary {
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<InstanceName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<OutputName>,
    what: String,
    hint: String,
}

impl Summary {
    /// Joins what was asked, what the board counted and what the ledger knows.
    pub(crate) fn new(
        asked: &Asked,
        board: &Snapshot,
        reports: &[StreamReport],
        failures: &[PlaceFailure],
        seconds: f64,
    ) -> Self {
        let mut applications: Vec<ApplicationSummary> = Vec::new();
        for (key, span) in &asked.streams {
            let stream = stream_summary(key, *span, asked, board, reports);
            match applications.last_mut().filter(|application| application.name == key.instance) {
                Some(application) => application.streams.push(stream),
                None => {
                    applications
                        .push(ApplicationSummary { name: key.instance.clone(), streams: vec![stream] });
                }
            }
        }
        let failures = failures.iter().map(failure_summary).collect();
        Self { applications, seconds: (seconds * 1_000.0).round() / 1_000.0, failures }
    }

    /// For people.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for application in &self.applications {
            let _ = writeln!(
                text,
                "{:<34}{:>17}{:>12}{:>12}{:>12}{:>6}",
                application.name.as_str(),
                "blobs",
                "records",
                "duplicates",
                "delivered",
                "gaps"
            );
            for stream in &application.streams {
                stream.line(&mut text);
            }
            text.push('\n');
        }
        let sum = |of: fn(&StreamSummary) -> u64| -> u64 {
            self.applications.iter().flat_map(|application| &application.streams).map(of).sum()
        };
        let took = duration::tell(std::time::Duration::from_secs_f64(self.seconds));
        let records = plural(sum(|s| s.records), "record");
        let blobs = plural(sum(|s| s.fetched_blobs), "blob");
        let delivered = count(sum(|s| s.delivered));
        let _ = writeln!(text, "{records} from {blobs} in {took}; {delivered} delivered");
        text
    }
}

impl StreamSummary {
    fn line(&self, text: &mut String) {
        let blobs = format!("{} of {}", count(self.fetched_blobs), count(self.listed_blobs));
        let _ = writeln!(
            text,
            "  {:<32}{blobs:>17}{:>12}{:>12}{:>12}{:>6}",
            self.stream,
            count(self.records),
            count(self.duplicates),
            count(self.delivered),
            self.gaps.len()
        );
        for gap in self.gaps.iter().take(MAX_GAP_LINES) {
            let blobs =
                if gap.blobs == 0 { String::new() } else { format!(" ({})", plural(gap.blobs, "blob")) };
            let _ = writeln!(text, "    gap {} to {}{blobs}: {}", gap.from, gap.to, gap.why());
        }
        if self.gaps.len() > MAX_GAP_LINES {
            let more = count((self.gaps.len() - MAX_GAP_LINES) as u64);
            let _ = writeln!(text, "    … and {more} more gaps: `trailhound prove --json` names them");
        }
    }
}

fn stream_summary(
    key: &StreamKey,
    span: Span,
    asked: &Asked,
    board: &Snapshot,
    reports: &[StreamReport],
) -> StreamSummary {
    let status = board.streams.get(key).cloned().unwrap_or_default();
    let done = |output: &OutputName| -> DeliveryCounts {
        board.outputs.get(output).and_then(|status| status.counts.get(key)).copied().unwrap_or_default()
    };
    let outputs: Vec<OutputSummary> = asked
        .outputs
        .iter()
        .map(|output| {
            let DeliveryCounts { delivered, filtered, dead_lettered } = done(output);
            OutputSummary { output: output.clone(), delivered, filtered, dead_lettered }
        })
        .collect();
    StreamSummary {
        stream: key.stream.to_string(),
        // Blobs that an earlier run listed and this one fetched count too.
        listed_blobs: status.listed_blobs.max(status.fetched_blobs + status.gap_blobs),
        fetched_blobs: status.fetched_blobs,
        records: status.records.fetched,
        revisions: status.records.revisions,
        duplicates: status.records.duplicates,
        filtered: outputs.iter().map(|output| output.filtered).max().unwrap_or(0),
        delivered: outputs.iter().map(|output| output.delivered).min().unwrap_or(0),
        dead_lettered: outputs.iter().map(|output| output.dead_lettered).max().unwrap_or(0),
        outputs,
        gaps: gap_rows(reports, key, span),
    }
}

fn gap_rows(reports: &[StreamReport], key: &StreamKey, span: Span) -> Vec<GapRow> {
    let report = reports.iter().find(|report| report.key == *key);
    report.map_or_else(Vec::new, |report| gaps::rows(&report.gaps, Some(span)))
}

fn failure_summary(failure: &PlaceFailure) -> FailureSummary {
    let (key, output) = match &failure.place {
        Place::Stream(key) => (Some(key), None),
        Place::Output(name) => (None, Some(name.clone())),
    };
    FailureSummary {
        application: key.map(|key| key.instance.clone()),
        stream: key.map(|key| key.stream.to_string()),
        output,
        what: failure.what.clone(),
        hint: failure.hint.clone(),
    }
}
