//! From the journal's rows to lines of the report.

use trailhound_journal::{BlobPlace, BlobRow, ReaderState, StreamReport};
use trailhound_model::{OutputName, Span, Timestamp};
use trailhound_proof::{BlobLine, BlobState, Counts, Line, OutputLine, SpanKind, SpanLine, StreamLine};

use crate::commands::prove::proof::{Part, Range, StreamProof};

/// The span of the blobs told; `None`: all.
pub(super) fn limits(range: &Range) -> Option<Span> {
    if range.from.is_none() && range.to.is_none() {
        return None;
    }
    let from = range.from.unwrap_or(Timestamp::from_millis(i64::MIN));
    Some(Span { from, to: range.to.unwrap_or(Timestamp::from_millis(i64::MAX)) })
}

/// The stream and what is known of its time.
pub(super) fn before_blobs(report: &StreamReport, stream: &StreamProof) -> Vec<Line> {
    let head = StreamLine {
        application: report.key.instance.to_string(),
        stream: stream.stream.clone(),
        horizon: stream.horizon.clone(),
    };
    let part = |kind: SpanKind| {
        move |part: &Part| {
            let (from, to) = (part.from.clone(), part.to.clone());
            Line::Span(SpanLine { kind, from, to, reason: None, recorded_at: None })
        }
    };
    let mut lines = vec![Line::Stream(head)];
    lines.extend(stream.covered.iter().map(part(SpanKind::Listed)));
    lines.extend(stream.holes.iter().map(part(SpanKind::NotListed)));
    // Gaps of single blobs stand with their blobs.
    let spans = stream.gaps.iter().filter(|gap| gap.content_id.is_none());
    lines.extend(spans.map(|gap| {
        Line::Span(SpanLine {
            kind: SpanKind::Gap,
            from: gap.from.clone(),
            to: gap.to.clone(),
            reason: Some(gap.reason.clone()),
            recorded_at: Some(gap.recorded_at.clone()),
        })
    }));
    lines
}

/// One blob.
pub(super) fn blob(row: &BlobRow) -> Line {
    let text = |at: Timestamp| at.to_string();
    Line::Blob(BlobLine {
        content_id: row.blob.content_id.to_string(),
        created: text(row.blob.created),
        expires: text(row.blob.expires),
        found_at: text(row.found_at),
        state: match row.place {
            BlobPlace::Pending => BlobState::Pending,
            BlobPlace::Journalled => BlobState::Journalled,
            BlobPlace::Gap => BlobState::Gap,
        },
        records: row.counts.fetched,
        duplicates: row.counts.duplicates,
        revisions: row.counts.revisions,
        bytes: row.bytes,
        journalled_at: row.chunk.map(|(_, at)| text(at)),
        position: row.chunk.map(|(position, _)| position.0),
        reason: row.gap.as_ref().map(|gap| gap.reason.to_string()),
        recorded_at: row.gap.as_ref().map(|gap| text(gap.at)),
        attempts: (row.place == BlobPlace::Pending).then_some(row.attempts),
    })
}

/// What each output did with the stream.
pub(super) fn outputs(stream: &StreamProof, readers: &[(OutputName, ReaderState)]) -> Vec<Line> {
    let line = |output: &crate::commands::prove::proof::OutputProof| {
        let reader = readers.iter().find(|(name, _)| *name == output.output);
        Line::Output(OutputLine {
            output: output.output.to_string(),
            position: reader.map(|(_, state)| state.position.0),
            delivered: output.delivered,
            filtered: output.filtered,
            dead_lettered: output.dead_lettered,
            waiting: output.waiting,
        })
    };
    stream.outputs.iter().map(line).collect()
}

/// The kept sums of the stream.
pub(super) fn in_all(report: &StreamReport) -> Counts {
    let (blobs, records) = (&report.counts.blobs, &report.counts.records);
    Counts {
        listed: blobs.listed,
        journalled: blobs.journalled,
        gap: blobs.gap,
        pending: blobs.pending,
        records: records.fetched,
        duplicates: records.duplicates,
        revisions: records.revisions,
        bytes: report.counts.bytes,
    }
}
