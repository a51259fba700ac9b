//! Which runs of a day are merged.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::day::Day;
use super::run::Run;

/// A day that has more runs than this is merged.
const RUNS_A_DAY: usize = 4;
/// Most runs that are merged at a time.
const MERGED_AT_ONCE: usize = 8;
/// No merge makes a larger run (470 MB): that is what the disk needs on top for a moment.
const MAX_MERGED_IDS: u64 = 16 << 20;
/// A run joins a merge while it is at most so many times as large as the smaller ones together: so each id is written
/// a few times in its life, not with every new file of its day.
const GROWTH: u64 = 4;
/// Days that still grow much; of an older one a single file is made, since every file costs each question a look.
const GROWING_DAYS: usize = 2;
/// The files of an older day become one when what the smaller ones hold together is at least this part of the largest:
/// a few ids that come late do not rewrite their day.
const LATE_PART: u64 = 8;

/// The runs of a day that are to become one, the smallest first; `None` when they are few enough.
pub(super) fn to_merge(runs: &[Arc<Run>]) -> Option<Vec<Arc<Run>>> {
    if runs.len() <= RUNS_A_DAY {
        return None;
    }
    let chosen = smallest_while(runs, |at, entries, sum| at < 2 || entries <= sum * GROWTH);
    (chosen.len() > 1).then_some(chosen)
}

/// The runs of a day that hardly grows any more, when it is time that they become one.
pub(super) fn to_close(days: &BTreeMap<Day, Vec<Arc<Run>>>) -> Option<Vec<Arc<Run>>> {
    days.iter().rev().skip(GROWING_DAYS).find_map(|(_, runs)| {
        let chosen = smallest_while(runs, |_, _, _| true);
        let (largest, smaller) = chosen.split_last()?;
        let late: u64 = smaller.iter().map(|run| run.facts.entries).sum();
        (late > 0 && late * LATE_PART >= largest.facts.entries).then_some(chosen)
    })
}

/// As many runs as one merge takes, the smallest first, while each joins: its place from 0, its entries, and those of the
/// smaller ones together.
fn smallest_while(runs: &[Arc<Run>], joins: impl Fn(usize, u64, u64) -> bool) -> Vec<Arc<Run>> {
    let mut by_size = runs.to_vec();
    by_size.sort_by_key(|run| (run.facts.entries, run.facts.number));
    let mut sum = 0;
    let fitting = by_size.into_iter().take(MERGED_AT_ONCE).enumerate().take_while(|(at, run)| {
        let (entries, smaller) = (run.facts.entries, sum);
        sum += entries;
        sum <= MAX_MERGED_IDS && joins(*at, entries, smaller)
    });
    fitting.map(|(_, run)| run).collect()
}
