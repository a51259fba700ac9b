//! Gap rows: what nobody can have is in one with a reason that fits, and nothing else is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use trailhound_model::{ContentId, Gap, GapReason, Span, SpanSet, StreamKey, days, minutes};
use trailhound_sim_microsoft::{Operation, Quirk, TruthBlob};

use super::Evidence;
use super::due::had_expired;

/// How far a gap row for what is too old may reach into what could just be had: the planner's margin and slack.
const EDGE: Duration = minutes(6);

impl Evidence<'_> {
    pub(super) fn judge_gaps(&mut self) {
        let mut findings = Vec::new();
        let mut reasons = BTreeSet::new();
        let (mut of_blobs, mut of_spans, mut aged_out) = (0, 0, Duration::ZERO);
        let blobs = self.blobs_by_key();
        for report in &self.end.reports {
            let of_stream = blobs.get(&report.key).map_or(&[][..], Vec::as_slice);
            let by_id: HashMap<&str, &TruthBlob> =
                of_stream.iter().map(|blob| (blob.content_id.as_str(), *blob)).collect();
            for gap in &report.gaps {
                reasons.insert(gap.reason.word().to_owned());
                if gap.content_id.is_some() {
                    of_blobs += 1;
                } else {
                    of_spans += 1;
                }
                if let Some(why) = self.unjust(gap, &by_id, of_stream) {
                    findings.push(format!("L1 of {}: gap row {gap:?}: {why}", report.key));
                }
            }
            let named: BTreeSet<&str> =
                report.gaps.iter().filter_map(|gap| gap.content_id.as_ref()).map(ContentId::as_str).collect();
            for blob in of_stream.iter().filter(|blob| !blob.quirk.is_obtainable() && self.is_due(blob)) {
                if !named.contains(blob.content_id.as_str()) && !is_in_a_span(blob, &report.gaps) {
                    findings.push(format!(
                        "L1 of {}: blob {} ({:?}) cannot be had, but is in no gap row",
                        report.key, blob.content_id, blob.quirk
                    ));
                }
            }
            findings.extend(self.uncovered_time(&report.key, &report.gaps));
            let lost = spans(&report.gaps, |gap| gap.reason == GapReason::OlderThanRetention);
            aged_out = aged_out.max(lost.spans().iter().map(Span::length).sum());
        }
        let (expected, allowed) = (&self.scenario.expect.gaps, &self.scenario.expect.gaps_allowed);
        let missing = expected.iter().filter(|reason| !reasons.contains(*reason));
        findings.extend(missing.map(|reason| format!("no gap row says `{reason}`")));
        let surprising =
            reasons.iter().filter(|reason| !expected.contains(reason) && !allowed.contains(reason));
        findings.extend(surprising.map(|reason| format!("a gap row says `{reason}`, which is not expected")));
        self.counters.add("blob_gaps", of_blobs);
        self.counters.add("span_gaps", of_spans);
        self.counters.raise("aged_out_minutes", aged_out.as_secs().div_ceil(60));
        self.all_wrong(findings);
    }

    fn blobs_by_key(&self) -> BTreeMap<StreamKey, Vec<&TruthBlob>> {
        let mut all: BTreeMap<StreamKey, Vec<&TruthBlob>> = BTreeMap::new();
        for blob in &self.truth.blobs {
            if let Some(key) = self.key_of(blob) {
                all.entry(key).or_default().push(blob);
            }
        }
        all
    }

    /// Why a gap row should not be there.
    fn unjust(&self, gap: &Gap, by_id: &HashMap<&str, &TruthBlob>, all: &[&TruthBlob]) -> Option<String> {
        // A blob that a window's edge cut bears an id of its own.
        let blob = gap.content_id.as_ref().and_then(|id| {
            let cut = |blob: &&&TruthBlob| {
                blob.created <= gap.span.from && gap.span.from < blob.created + minutes(5)
            };
            by_id.get(id.as_str()).or_else(|| all.iter().rev().find(cut)).copied()
        });
        match (&gap.reason, blob) {
            (GapReason::Expired, Some(blob)) => {
                let fits = blob.quirk == Quirk::ExpiredEarly || had_expired(blob, gap.at);
                (!fits).then(|| format!("it could be had until {}", blob.until))
            }
            (GapReason::Poison(_), Some(blob)) => {
                let fits = !blob.quirk.is_obtainable() && blob.quirk != Quirk::ExpiredEarly;
                (!fits).then(|| format!("it could be had ({:?})", blob.quirk))
            }
            (GapReason::Expired | GapReason::Poison(_), None) => Some("there is no such blob".to_owned()),
            (GapReason::OlderThanRetention, _) => {
                let reachable = gap.at - days(7) + EDGE;
                (gap.span.to > reachable).then(|| "a part of it was still in reach".to_owned())
            }
            (GapReason::SubscriptionOff, _) => {
                let was_off = self.disabled.iter().any(|(_, off)| *off < gap.span.to && *off <= gap.at);
                (!was_off).then(|| "the subscription was never off".to_owned())
            }
        }
    }

    /// Times without a subscription that no gap row tells.
    fn uncovered_time(&self, key: &StreamKey, gaps: &[Gap]) -> Option<String> {
        let off = self.disabled.iter().find(|(stream, _)| stream.name() == key.stream.as_str())?.1;
        let on = self.requests.iter().find(|line| {
            line.operation == Operation::StartSubscription
                && line.time >= off
                && line.status == 200
                && line.path.to_ascii_lowercase().contains(&key.stream.as_str().to_ascii_lowercase())
        })?;
        let told = spans(gaps, |gap| gap.reason == GapReason::SubscriptionOff);
        let hole = Span::new(off, on.time).and_then(|span| told.holes(span).into_iter().next())?;
        Some(format!("L1 of {key}: the subscription was off in {hole}, but no gap row tells it"))
    }
}

fn is_in_a_span(blob: &TruthBlob, gaps: &[Gap]) -> bool {
    gaps.iter().any(|gap| gap.content_id.is_none() && gap.span.contains(blob.created))
}

/// The time that gap rows of spans cover.
fn spans(gaps: &[Gap], which: impl Fn(&Gap) -> bool) -> SpanSet {
    let mut set = SpanSet::new();
    for gap in gaps.iter().filter(|gap| gap.content_id.is_none() && which(gap)) {
        set.insert(gap.span);
    }
    set
}
