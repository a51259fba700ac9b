//! A collection that is killed fifty times: nothing lost, nothing twice, no torn line.

use std::time::Duration;

use trailhound_env::{Entropy, SeededEntropy};
use trailhound_sim_microsoft::{Coding, EventsPerHour, SimConfig};

use crate::support::{Running, Site, lines_below, trailhound};

const KILLS: u32 = 50;
/// A kill falls into this time after the start, in milliseconds.
const KILL_MILLIS: std::ops::Range<u64> = 200..800;
/// The run that is let alone may take this long.
const LAST_RUN: Duration = Duration::from_mins(3);
const DEFAULT_SEED: u64 = 20_261_122;

/// A world with every ordinary fault, and slow enough for fifty kills to fall into the work.
fn world(seed: u64, config: &mut SimConfig) {
    config.seed = seed;
    config.tenants[0].events_per_hour = EventsPerHour::scaled(1.0);
    config.tenants[0].subscribed_from_start = true;
    config.blobs.blob_every_seconds = 280;
    config.feed.page_size_blobs = 40;
    config.records.duplicate_rate = 0.03;
    config.records.revision_rate = 0.01;
    config.wire.coding = Coding::Gzip;
    config.wire.error_rate = 0.02;
    config.wire.unavailable_rate = 0.01;
    config.wire.unauthorized_rate = 0.005;
    config.wire.reset_rate = 0.005;
    config.wire.slow_rate = 1.0;
    config.wire.slow_pieces = 4;
    config.wire.slow_pause_ms = 60;
}

#[test]
fn fifty_kills_in_one_collection_lose_nothing_and_repeat_nothing() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("TRAILHOUND_SEED").unwrap_or(DEFAULT_SEED);
    for seed in first..first + number("TRAILHOUND_SEEDS").unwrap_or(1) {
        println!("TRAILHOUND_SEED={seed}");
        kill_and_go_on(seed);
    }
}

fn kill_and_go_on(seed: u64) {
    let site = Site::new(|config| world(seed, config));
    let dice = SeededEntropy::new(seed);
    let args = site.collect_args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();

    let mut sizes = Vec::new();
    for kill in 1..=KILLS {
        let mut child = Running::start(site.path(), &args);
        let millis = KILL_MILLIS.start + dice.next_u64() % (KILL_MILLIS.end - KILL_MILLIS.start);
        let ended = child.wait_for(Duration::from_millis(millis));
        assert!(ended.is_none(), "run {kill} ended ({ended:?}) before its kill: {}", child.stderr());
        child.kill();
        sizes.push(bytes_below(&site.at("out")));
    }
    let rounds_with_work = sizes.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!(rounds_with_work > 12, "the kills fell into work: {sizes:?}");

    let mut last = Running::start(site.path(), &args);
    let ended = last.wait_for(LAST_RUN).unwrap_or_else(|| panic!("it did not end: {}", last.stderr()));
    assert_eq!(ended.code(), Some(0), "{}", last.stderr());
    let records = site.assert_exactly_once();
    for line in lines_below(&site.at("out")) {
        serde_json::from_str::<serde::de::IgnoredAny>(&line)
            .unwrap_or_else(|error| panic!("{error}: {line}"));
    }

    let proof = trailhound(site.path(), &["prove", "--json"]);
    assert_eq!(proof.code, Some(0), "{}{}", proof.stdout, proof.stderr);
    println!("{records} records, {KILLS} kills, of which {rounds_with_work} rounds delivered something");
}

/// Sizes only: a file may end anywhere after a kill.
fn bytes_below(folder: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes_below(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}
