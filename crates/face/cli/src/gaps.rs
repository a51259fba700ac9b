//! Gap rows as people and scripts read them: a span by itself, and each blob, or the blobs of an hour.

use std::collections::BTreeMap;

use serde::Serialize;
use trailhound_model::{Gap, Span, Timestamp, hours};

/// More blobs than this are told by the hour.
const MAX_SINGLE_BLOBS: usize = 1_000;

/// One row: a hole in the coverage, or blobs that were given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct GapRow {
    /// RFC 3339. Of a blob: its `contentCreated`; of several: the earliest.
    pub(crate) from: String,
    /// RFC 3339, not included.
    pub(crate) to: String,
    /// The ledger's stable word: `expired`, `older than retention`, `poison`, `subscription was off`.
    pub(crate) reason: String,
    /// What goes beyond the word; may be empty, as it is where blobs of an hour failed in different ways.
    pub(crate) detail: String,
    /// How many blobs; 0: nothing is known of what the span held.
    pub(crate) blobs: u64,
}

impl GapRow {
    /// Word and detail for people.
    pub(crate) fn why(&self) -> String {
        if self.detail.is_empty() { self.reason.clone() } else { format!("{}: {}", self.reason, self.detail) }
    }
}

/// The rows of the gaps that touch `within`, oldest first. Spans are cut to it.
pub(crate) fn rows(gaps: &[Gap], within: Option<Span>) -> Vec<GapRow> {
    let touching = gaps.iter().filter_map(|gap| {
        let span = within.map_or(Some(gap.span), |within| gap.span.intersect(within))?;
        Some((gap, span))
    });
    let (blobs, spans): (Vec<_>, Vec<_>) = touching.partition(|(gap, _)| gap.content_id.is_some());
    let mut rows: Vec<(Span, GapRow)> =
        spans.into_iter().map(|(gap, span)| (span, row(gap, span, 0))).collect();
    if blobs.len() <= MAX_SINGLE_BLOBS {
        rows.extend(blobs.into_iter().map(|(gap, span)| (span, row(gap, span, 1))));
    } else {
        rows.extend(by_hour(&blobs));
    }
    rows.sort_by_key(|(span, _)| *span);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn by_hour(blobs: &[(&Gap, Span)]) -> Vec<(Span, GapRow)> {
    let mut joined: BTreeMap<(Timestamp, &str), (Span, GapRow)> = BTreeMap::new();
    for (gap, span) in blobs {
        let key = (span.from.floor_to(hours(1)), gap.reason.word());
        joined
            .entry(key)
            .and_modify(|(all, known)| {
                *all = Span { from: all.from.min(span.from), to: all.to.max(span.to) };
                (known.from, known.to) = (all.from.to_string(), all.to.to_string());
                known.blobs += 1;
                if known.detail != gap.reason.detail() {
                    known.detail.clear();
                }
            })
            .or_insert_with(|| (*span, row(gap, *span, 1)));
    }
    joined.into_values().collect()
}

fn row(gap: &Gap, span: Span, blobs: u64) -> GapRow {
    GapRow {
        from: span.from.to_string(),
        to: span.to.to_string(),
        reason: gap.reason.word().to_owned(),
        detail: gap.reason.detail().to_owned(),
        blobs,
    }
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
    fn every_blob_is_a_row_and_spans_are_cut() {
        let gaps = [
            gap(0, 100, GapReason::OlderThanRetention, None),
            gap(300, 301, GapReason::Poison("torn".to_owned()), Some("b")),
            gap(200, 201, GapReason::Poison("half".to_owned()), Some("a")),
            gap(900, 901, GapReason::Expired, Some("c")),
        ];
        let at = Timestamp::from_millis;
        let rows = rows(&gaps, Some(Span { from: at(50), to: at(500) }));
        let told: Vec<_> = rows.iter().map(|r| (r.why(), r.blobs, r.from.as_str())).collect();
        assert_eq!(
            told,
            [
                ("older than retention".to_owned(), 0, "1970-01-01T00:00:00.050Z"),
                ("poison: half".to_owned(), 1, "1970-01-01T00:00:00.200Z"),
                ("poison: torn".to_owned(), 1, "1970-01-01T00:00:00.300Z"),
            ]
        );
    }

    #[test]
    fn very_many_blobs_are_told_by_the_hour() {
        let minute = 60_000;
        let gaps: Vec<_> = (0..1_200)
            .map(|n| gap(n * minute, n * minute + 1, GapReason::Expired, Some(&n.to_string())))
            .collect();
        let rows = rows(&gaps, None);
        assert_eq!((rows.len(), rows[0].blobs, rows[0].detail.as_str()), (20, 60, ""));
        assert_eq!(rows[1].to, "1970-01-01T01:59:00.001Z");
    }
}
