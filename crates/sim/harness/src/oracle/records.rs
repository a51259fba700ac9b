//! L1: published = delivered ∪ in a gap row ∪ not yet due, and each record once.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use trailhound_model::{ContentHash, GapReason, StreamKey, Timestamp};

use super::Evidence;
use crate::receiver::RECEIVER;
use crate::scenario::OutputKind;
use crate::stage::{FILE, START};

/// Records of one stream, by content: how often, and when first had.
type Held = HashMap<ContentHash, (usize, Timestamp)>;

/// What gap rows cover in one stream.
#[derive(Default)]
pub(super) struct Covered<'a> {
    blobs: HashSet<&'a str>,
    spans: Vec<(Timestamp, Timestamp)>,
}

impl Covered<'_> {
    fn covers(&self, blob: &trailhound_sim_microsoft::TruthBlob) -> bool {
        self.blobs.contains(blob.content_id.as_str())
            || self.spans.iter().any(|(from, to)| *from <= blob.created && blob.created < *to)
    }
}

impl Evidence<'_> {
    pub(super) fn judge_records(&mut self) {
        let mut findings = Vec::new();
        let mut outputs = Vec::new();
        if self.has(OutputKind::File) {
            outputs.push((FILE, self.held_by_files()));
        }
        if self.has(OutputKind::Receiver) {
            outputs.push((RECEIVER, self.held_by_receiver()));
        }
        let covered = self.covered();
        let mut published: HashMap<(StreamKey, ContentHash), usize> = HashMap::new();
        let (mut records, mut without_id, mut lag) = (0, 0, Duration::ZERO);
        for record in &self.truth.records {
            let Some(key) = self.truth.blobs_of(record).find_map(|blob| self.key_of(blob)) else { continue };
            records += 1;
            without_id += u64::from(record.id.is_none());
            *published.entry((key.clone(), record.hash)).or_default() += 1;
            let gaps = covered.get(&key);
            let lost = self
                .truth
                .blobs_of(record)
                .find(|blob| self.is_due(blob) && !gaps.is_some_and(|gaps| gaps.covers(blob)));
            for (output, held) in &outputs {
                let had = held.get(&key).and_then(|held| held.get(&record.hash));
                if let (None, Some(blob)) = (had, lost) {
                    findings.push(format!(
                        "L1 of {key}: output {output} lacks a record of blob {} (visible {}, {:?}), and no gap row covers it",
                        blob.content_id, blob.visible, blob.quirk
                    ));
                }
                let visible = self.truth.blobs_of(record).map(|blob| blob.visible).min().unwrap_or_default();
                if let (RECEIVER, Some((_, at)), true) = (*output, had, visible > START) {
                    lag = lag.max(at.since(visible));
                }
            }
        }
        findings.extend(too_often(&outputs, &published));
        self.counters.add("records", records);
        self.counters.add("without_id", without_id);
        self.counters.raise("lag_seconds", lag.as_secs());
        self.all_wrong(findings);
    }

    fn held_by_files(&self) -> HashMap<StreamKey, Held> {
        let mut all: HashMap<StreamKey, Held> = HashMap::new();
        for (key, lines) in &self.lines {
            let held = all.entry(key.clone()).or_default();
            for line in lines {
                held.entry(*line).or_insert((0, Timestamp::default())).0 += 1;
            }
        }
        all
    }

    fn held_by_receiver(&self) -> HashMap<StreamKey, Held> {
        let mut all: HashMap<StreamKey, Held> = HashMap::new();
        for taken in self.holding.records.values() {
            let known = all.entry(taken.key.clone()).or_default().entry(taken.hash).or_insert((0, taken.at));
            *known = (known.0 + 1, known.1.min(taken.at));
        }
        all
    }

    pub(super) fn covered(&self) -> HashMap<StreamKey, Covered<'_>> {
        let mut all: HashMap<StreamKey, Covered<'_>> = HashMap::new();
        for report in &self.end.reports {
            let covered = all.entry(report.key.clone()).or_default();
            for gap in &report.gaps {
                match &gap.content_id {
                    Some(id) => drop(covered.blobs.insert(id.as_str())),
                    None => covered.spans.push((gap.span.from, gap.span.to)),
                }
                debug_assert!(gap.content_id.is_some() || !matches!(gap.reason, GapReason::Poison(_)));
            }
        }
        all
    }
}

/// Records that an output has more often than they were published.
fn too_often(
    outputs: &[(&str, HashMap<StreamKey, Held>)],
    published: &HashMap<(StreamKey, ContentHash), usize>,
) -> Vec<String> {
    let mut findings = Vec::new();
    for (output, held) in outputs {
        for (key, held) in held {
            for (hash, (times, _)) in held {
                let most = published.get(&(key.clone(), *hash)).copied().unwrap_or(0);
                if *times > most {
                    findings.push(format!(
                        "L1 of {key}: output {output} has a record {times} times that was published {most} times"
                    ));
                }
            }
        }
    }
    findings.sort_unstable();
    findings
}
