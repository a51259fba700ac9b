//! L3 and L5: the sums of the ledger, of the readers and of the receivers agree.

use trailhound_model::{OutputName, StreamKey, promises};
use trailhound_pipeline::imbalance;

use super::Evidence;
use crate::receiver::RECEIVER;
use crate::stage::FILE;

impl Evidence<'_> {
    pub(super) fn judge_sums(&mut self) {
        let mut findings: Vec<String> =
            self.end.alarms.iter().map(|alarm| format!("alarm: {alarm}")).collect();
        findings.extend(self.end.reports.iter().filter_map(imbalance));
        for (report, recount) in self.end.reports.iter().zip(&self.end.recounts) {
            if report.counts.blobs != *recount {
                let (told, counted) = (report.counts.blobs, recount);
                findings.push(format!("L5 of {}: sums {told:?}, counted afresh {counted:?}", report.key));
            }
            for (reader, done) in &report.deliveries {
                let caught_up = self.end.readers.iter().any(|(name, _, all)| name == reader && *all);
                if caught_up && !promises::records_balance(&report.counts.records, done) {
                    let records = report.counts.records;
                    findings.push(format!(
                        "L5 of {}: {reader} has everything, {records:?}, {done:?}",
                        report.key
                    ));
                }
                let held = self.held(reader, &report.key);
                if done.delivered > held {
                    findings.push(format!(
                        "L3 of {}: receipts for {} records at {reader}, which has {held}",
                        report.key, done.delivered
                    ));
                }
            }
            self.counters.add("duplicates", report.counts.records.duplicates);
            self.counters.add("revisions", report.counts.records.revisions);
            self.counters.raise("largest_blob_bytes", report.counts.bytes);
        }
        self.all_wrong(findings);
    }

    /// How many records an output has of a stream.
    fn held(&self, reader: &OutputName, key: &StreamKey) -> u64 {
        let count = match reader.as_str() {
            RECEIVER => self.holding.records.values().filter(|taken| taken.key == *key).count(),
            FILE => self.lines.get(key).map_or(0, Vec::len),
            _ => 0,
        };
        count as u64
    }
}
