//! The oracle: what the outputs hold and the ledger says, against what Microsoft published.

mod due;
mod expectations;
mod gaps;
mod records;
mod requests;
mod sums;

use std::collections::BTreeMap;

use trailhound_model::{ContentHash, StreamKey, StreamName, Timestamp};
use trailhound_sim_microsoft::{RequestLine, Stream, Truth, TruthBlob};

use crate::counters::Counters;
use crate::log::Line;
use crate::play::End;
use crate::receiver::Holding;
use crate::scenario::{OutputKind, Scenario};
use crate::stage::{FILE, Stage, instance_name};

/// Most violations that a run tells; one of each kind is what helps.
const MAX_VIOLATIONS: usize = 40;

/// Everything there is to look at.
struct Evidence<'a> {
    scenario: &'a Scenario,
    end: End,
    truth: Truth,
    /// Instance by tenant id.
    tenants: Vec<String>,
    holding: Holding,
    /// Hashes of the lines of each stream's files, in order.
    lines: BTreeMap<StreamKey, Vec<ContentHash>>,
    requests: Vec<RequestLine>,
    log: Vec<Line>,
    disabled: Vec<(Stream, Timestamp)>,
    violations: Vec<String>,
    counters: Counters,
}

/// Judges a run: what is not as it must be, and what was counted.
pub(crate) fn judge(mut stage: Stage<'_>, end: End) -> (Vec<String>, Counters) {
    stage.sim.advance(end.at);
    let holding = stage.receiver.holding();
    let mut violations = std::mem::take(&mut stage.wrongs);
    violations.extend(holding.wrongs.iter().map(|wrong| format!("L4: {wrong}")));
    if stage.sim.tokens_leaked() > 0 {
        violations.push(format!("S2: {} tokens went to a foreign host", stage.sim.tokens_leaked()));
    }
    let (lines, torn) = lines(&stage);
    violations.extend(torn);
    let mut counters = std::mem::take(&mut stage.counters);
    counters.add("points", stage.fate.points());
    counters.add("injected_errors", stage.fate.errors());
    let throttled = stage.sim.accounts().iter().map(|(_, _, accounts)| accounts.throttled).sum();
    counters.add("too_many_requests", throttled);
    let mut evidence = Evidence {
        scenario: stage.scenario,
        truth: stage.sim.truth(),
        tenants: stage.sim.config().tenants.into_iter().map(|tenant| tenant.tenant_id).collect(),
        requests: stage.sim.requests(),
        log: stage.log.lines(),
        disabled: std::mem::take(&mut stage.disabled),
        end,
        holding,
        lines,
        violations,
        counters,
    };
    evidence.count_world();
    evidence.judge_records();
    evidence.judge_gaps();
    evidence.judge_sums();
    evidence.judge_requests();
    evidence.judge_expectations();
    evidence.violations.truncate(MAX_VIOLATIONS);
    (evidence.violations, evidence.counters)
}

impl Evidence<'_> {
    fn wrong(&mut self, what: String) {
        // A thousand records missing are one defect: the first ones tell it.
        if self.violations.len() < 4 * MAX_VIOLATIONS {
            self.violations.push(what);
        }
    }

    fn all_wrong(&mut self, findings: Vec<String>) {
        for finding in findings {
            self.wrong(finding);
        }
    }

    fn has(&self, output: OutputKind) -> bool {
        self.scenario.product.outputs.contains(&output)
    }

    /// The stream of the ledger that a blob belongs to; `None`: of no stream that is collected.
    fn key_of(&self, blob: &TruthBlob) -> Option<StreamKey> {
        let tenant = self.tenants.iter().position(|id| *id == *blob.tenant)?;
        let collected = self.scenario.product.streams.contains(&blob.stream);
        let stream = StreamName::new(blob.stream.name()).ok().filter(|_| collected)?;
        Some(StreamKey { instance: instance_name(tenant), stream })
    }

    fn count_world(&mut self) {
        let mut newest: BTreeMap<StreamKey, Timestamp> = BTreeMap::new();
        for blob in &self.truth.blobs {
            let Some(key) = self.key_of(blob) else { continue };
            let late = blob.visible.since(blob.created).as_secs();
            let counters = &mut self.counters;
            counters.add("blobs", 1);
            counters.add("late_blobs", u64::from(late > 3_600));
            counters.add("behind_blobs", u64::from((1..=3_600).contains(&late)));
            counters.add("unobtainable_blobs", u64::from(!blob.quirk.is_obtainable()));
            let before = newest.insert(key, blob.created);
            counters.add("twin_blobs", u64::from(before == Some(blob.created)));
        }
        self.counters.add("delivered", self.holding.records.len() as u64);
        self.counters.add("repeats", self.holding.repeats);
        self.counters.add("failed_deliveries", self.holding.failures);
    }
}

/// What the file output's disk holds, and lines that are torn.
fn lines(stage: &Stage<'_>) -> (BTreeMap<StreamKey, Vec<ContentHash>>, Vec<String>) {
    let mut lines: BTreeMap<StreamKey, Vec<ContentHash>> = BTreeMap::new();
    let mut torn = Vec::new();
    for (path, bytes) in stage.disk.files() {
        let text = path.to_string_lossy().into_owned();
        let Some(key) = key_of_path(&text) else {
            torn.push(format!("output {FILE} made a file that nobody asked for: `{text}`"));
            continue;
        };
        // What stands after the last line break is no record yet: a delivery may be under way.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let records = bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.entry(key).or_default().extend(records.map(ContentHash::of));
    }
    (lines, torn)
}

/// `/out/{application}/{stream}.ndjson`, or a later part of it.
fn key_of_path(path: &str) -> Option<StreamKey> {
    let (instance, file) = path.strip_prefix("/out/")?.split_once('/')?;
    let stream = Stream::ALL.iter().find(|s| file.starts_with(s.name()))?;
    Some(StreamKey {
        instance: trailhound_model::InstanceName::new(instance).ok()?,
        stream: StreamName::new(stream.name()).ok()?,
    })
}
