//! What was asked of Microsoft: the rules that hold in every world, and how much of what.

use std::collections::HashMap;

use trailhound_model::{Timestamp, minutes};
use trailhound_sim_microsoft::Operation;

use super::Evidence;

/// Two start requests of a stream are at least this far apart, less what a correction of the clock may cost.
const START_SPACING: std::time::Duration = minutes(14);

impl Evidence<'_> {
    pub(super) fn judge_requests(&mut self) {
        let requests = std::mem::take(&mut self.requests);
        let mut last_start: HashMap<(Option<std::sync::Arc<str>>, String), Timestamp> = HashMap::new();
        for line in &requests {
            let counters = &mut self.counters;
            match line.status {
                0 => counters.add("resets", 1),
                401 => counters.add("unauthorized", 1),
                403 => counters.add("forbidden", 1),
                400 | 404 => counters.add("bad_requests", 1),
                408 | 500..=599 => counters.add("server_errors", 1),
                _ => {}
            }
            match line.operation {
                Operation::Token => counters.add("tokens", 1),
                Operation::GetContents => counters.add("pages", 1),
                Operation::GetBlob => counters.add("fetches", 1),
                Operation::StartSubscription => {
                    counters.add("starts", 1);
                    let stream = line.path.to_ascii_lowercase();
                    let before = last_start.insert((line.tenant.clone(), stream.clone()), line.time);
                    if before.is_some_and(|before| line.time.since(before) < START_SPACING) {
                        self.wrong(format!("two start requests within 15 minutes: {} {stream}", line.time));
                    }
                }
                Operation::Hostile => self.wrong(format!("a hostile address was followed: {}", line.path)),
                _ => {}
            }
        }
        self.requests = requests;
    }
}
