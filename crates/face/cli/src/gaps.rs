//! Gap rows as people and scripts read them: a span by itself, blobs of one reason together.

use std::collections::BTreeMap;

use serde::Serialize;
use trailhound_model::{Gap, Span, Timestamp};

/// One row: a hole in the coverage, or blobs that were given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct GapRow {
    /// RFC 3339. Of blobs: the earliest `contentCreated`.
    pub(crate) from: String,
    /// RFC 3339, not included.
    pub(crate) to: String,
    /// As in the ledger; the mere word when blobs failed in different ways.
    pub(crate) reason: String,
    /// How many blobs; 0: nothing is known of what the span held.
    pub(crate) blobs: u64,
}

/// The rows of the gaps that touch `within`, oldest first. Spans are cut to it.
pub(crate) fn rows(gaps: &[Gap], within: Option<Span>) -> Vec<GapRow> {
    let mut spans: Vec<(Span, String)> = Vec::new();
    let mut blobs: BTreeMap<&'static str, Blobs> = BTreeMap::new();
    for gap in gaps {
        let Some(span) = within.map_or(Some(gap.span), |within| gap.span.intersect(within)) else { continue };
        if gap.content_id.is_none() {
            spans.push((span, gap.reason.to_string()));
        } else {
            let reason = gap.reason.to_string();
            blobs
                .entry(gap.reason.word())
                .and_modify(|joined| joined.add(span, &reason, gap.reason.word()))
                .or_insert(Blobs { span, reason, count: 1 });
        }
    }
    let mut rows: Vec<(Timestamp, GapRow)> =
        spans.into_iter().map(|(span, reason)| (span.from, row(span, reason, 0))).collect();
    rows.extend(
        blobs.into_values().map(|joined| (joined.span.from, row(joined.span, joined.reason, joined.count))),
    );
    rows.sort_by_key(|(from, _)| *from);
    rows.into_iter().map(|(_, row)| row).collect()
}

struct Blobs {
    span: Span,
    reason: String,
    count: u64,
}

impl Blobs {
    fn add(&mut self, span: Span, reason: &str, word: &str) {
        self.span = Span { from: self.span.from.min(span.from), to: self.span.to.max(span.to) };
        self.count += 1;
        if self.reason != reason {
            word.clone_into(&mut self.reason);
        }
    }
}

fn row(span: Span, reason: String, blobs: u64) -> GapRow {
    GapRow { from: span.from.to_string(), to: span.to.to_string(), reason, blobs }
}

#[cfg(test)]
mod tests {
    use trailhound_model::{ContentId, GapReason};

    use super::*;

    fn gap(from: i64, to: i64, reason: GapReason, blob: Option<&str>) -> Gap {
        let at = Timestamp::from_millis;
        Gap {
            span: Span { from: at(from), to: at(to) },
            reason,
            content_id: blob.map(ContentId::new),
            at: at(0),
        }
    }

    #[test]
    fn blobs_of_a_reason_are_one_row_and_spans_are_cut() {
        let gaps = [
            gap(0, 100, GapReason::OlderThanRetention, None),
            gap(200, 201, GapReason::Poison("half".to_owned()), Some("a")),
            gap(300, 301, GapReason::Poison("torn".to_owned()), Some("b")),
            gap(900, 901, GapReason::Expired, Some("c")),
        ];
        let at = Timestamp::from_millis;
        let rows = rows(&gaps, Some(Span { from: at(50), to: at(500) }));
        let told: Vec<_> = rows.iter().map(|r| (r.reason.as_str(), r.blobs, r.from.as_str())).collect();
        assert_eq!(
            told,
            [
                ("older than retention", 0, "1970-01-01T00:00:00.050Z"),
                ("poison", 2, "1970-01-01T00:00:00.200Z"),
            ]
        );
    }
}
