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
    let mut sum = 0;
    let chosen: Vec<_> = smallest_first(runs)
        .take(MERGED_AT_ONCE)
        .enumerate()
        .take_while(|(at, run)| {
            let entries = run.facts.entries;
            let joins = sum + entries <= MAX_MERGED_IDS && (*at < 2 || entries <= sum * GROWTH);
            sum += entries;
            joins
        })
        .map(|(_, run)| run)
        .collect();
    (chosen.len() > 1).then_some(chosen)
}

/// The runs of a day that hardly grows any more, when it is time that they become one.
pub(super) fn to_close(days: &BTreeMap<Day, Vec<Arc<Run>>>) -> Option<Vec<Arc<Run>>> {
    days.iter().rev().skip(GROWING_DAYS).find_map(|(_, runs)| {
        let mut sum = 0;
        let chosen: Vec<_> = smallest_first(runs)
            .take(MERGED_AT_ONCE)
            .take_while(|run| {
                sum += run.facts.entries;
                sum <= MAX_MERGED_IDS
            })
            .collect();
        let (largest, smaller) = chosen.split_last()?;
        let late: u64 = smaller.iter().map(|run| run.facts.entries).sum();
        (late > 0 && late * LATE_PART >= largest.facts.entries).then_some(chosen)
    })
}

fn smallest_first(runs: &[Arc<Run>]) -> impl Iterator<Item = Arc<Run>> {
    let mut by_size = runs.to_vec();
    by_size.sort_by_key(|run| (run.facts.entries, run.facts.number));
    by_size.into_iter()
}
