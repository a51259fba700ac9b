//! `bench ids`: the duplicate index with very many ids: checks a second on one core, memory, disk, restart.
//!
//! The index is the journal's own, with its files and its database, but without the records: 100 million of them
//! would not be measured but written. Ids are made from their number, so every answer can be checked. Filling and
//! checking are processes of their own, whose peak memory is theirs alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};
use trailhound_env::{Clock, SystemClock};
use trailhound_journal::testing::IdIndex;
use trailhound_journal::{JournalConfig, StreamId};
use trailhound_model::{ContentHash, RecordEntry, RecordId, RecordMark, Timestamp, days};
use xxhash_rust::xxh3::xxh3_128;

use crate::error::BenchError;
use crate::machine;

/// What is filled and asked.
#[derive(Args, Clone)]
pub(crate) struct IdsArguments {
    /// Remembered ids.
    #[arg(long, default_value_t = 100_000_000)]
    ids: u64,
    /// Checks of each mix.
    #[arg(long, default_value_t = 3_000_000)]
    checks: u64,
    /// Where the files lie meanwhile (4 GB); by default a folder in the system's temporary folder.
    #[arg(long)]
    work: Option<PathBuf>,
    /// One of the two processes.
    #[arg(long, hide = true)]
    stage: Option<Stage>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Stage {
    Fill,
    Check,
}

const AIM_RSS_MB: f64 = 512.0;
const AIM_DISK_GB: f64 = 4.0;
const AIM_CHECKS_A_SECOND: f64 = 300_000.0;

/// Ids are spread over the days of the duplicate horizon and these streams.
const DAYS: u64 = 14;
const STREAMS: u64 = 5;
/// Records that are asked about together, as those of one blob are.
const BLOB_RECORDS: u64 = 500;
/// The first day: 2026-11-01.
const START: Timestamp = Timestamp::from_millis(1_793_491_200_000);

#[derive(Serialize, Deserialize)]
struct StageResult {
    open_seconds: f64,
    peak_rss_bytes: u64,
    rss_after_open_bytes: u64,
    ids: u64,
    files: usize,
    mixes: Vec<Mix>,
}

/// One measurement.
#[derive(Serialize, Deserialize)]
struct Mix {
    name: String,
    checks: u64,
    wall_seconds: f64,
    cpu_seconds: f64,
    wrong: u64,
}

/// Runs both processes and prints what they measured.
pub(crate) fn run(arguments: &IdsArguments) -> Result<(), BenchError> {
    let work = arguments
        .work
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("trailhound-bench-ids-{}", std::process::id())));
    if let Some(stage) = arguments.stage {
        return run_stage(stage, arguments, &work);
    }
    std::fs::create_dir_all(&work).map_err(BenchError::file("make", &work))?;
    let done = measure(arguments, &work);
    std::fs::remove_dir_all(&work).map_err(BenchError::file("remove", &work))?;
    done
}

fn measure(arguments: &IdsArguments, work: &Path) -> Result<(), BenchError> {
    let fill = process("fill", arguments, work)?;
    let disk_bytes = bytes_in(work)?;
    let check = process("check", arguments, work)?;
    print(arguments, &fill, &check, disk_bytes);
    let wrong: u64 = fill.mixes.iter().chain(&check.mixes).map(|mix| mix.wrong).sum();
    if wrong > 0 {
        return Err(BenchError::wrong("the duplicate index", format!("{wrong} wrong answers")));
    }
    Ok(())
}

fn process(stage: &str, arguments: &IdsArguments, work: &Path) -> Result<StageResult, BenchError> {
    let myself = std::env::current_exe().map_err(BenchError::setup("find this program"))?;
    let start = |source| BenchError::Start { program: myself.display().to_string(), source };
    let (ids, checks) = (arguments.ids.to_string(), arguments.checks.to_string());
    let mut command = Command::new(&myself);
    command.args(["ids", "--stage", stage, "--ids", &ids, "--checks", &checks, "--work"]).arg(work);
    if !command.status().map_err(start)?.success() {
        return Err(BenchError::wrong(stage, "did not end well"));
    }
    let report = report_of(work);
    let text = std::fs::read(&report).map_err(BenchError::file("read", &report))?;
    serde_json::from_slice(&text).map_err(BenchError::setup("read the measurement"))
}

fn run_stage(stage: Stage, arguments: &IdsArguments, work: &Path) -> Result<(), BenchError> {
    let clock = Arc::new(SystemClock::default());
    let began = clock.monotonic();
    let index = IdIndex::open(JournalConfig::new(work.join("data")), Arc::clone(&clock) as Arc<dyn Clock>)
        .map_err(BenchError::setup("open the journal"))?;
    let open_seconds = clock.monotonic().saturating_sub(began).as_secs_f64();
    let rss_after_open_bytes = peak_rss_bytes()?;
    let mut asker = Asker { index: &index, clock: &clock, random: 1 };
    let mixes = match stage {
        Stage::Fill => vec![asker.fill(arguments.ids)?],
        Stage::Check => {
            let mut next_new = arguments.ids;
            let mut mixes = Vec::new();
            for (name, old_percent) in [("95 % new", 5), ("50 % new", 50), ("all old", 100)] {
                mixes.push(asker.check(name, arguments, old_percent, &mut next_new)?);
            }
            mixes
        }
    };
    if matches!(stage, Stage::Fill) {
        index.seal();
    }
    let (ids, files) = index.size();
    let peak_rss_bytes = peak_rss_bytes()?;
    let result = StageResult { open_seconds, peak_rss_bytes, rss_after_open_bytes, ids, files, mixes };
    let text = serde_json::to_vec(&result).map_err(BenchError::setup("write the measurement"))?;
    let report = report_of(work);
    std::fs::write(&report, text).map_err(BenchError::file("write", &report))
}

struct Asker<'a> {
    index: &'a IdIndex,
    clock: &'a SystemClock,
    random: u64,
}

impl Asker<'_> {
    fn fill(&mut self, ids: u64) -> Result<Mix, BenchError> {
        let mut mix = Mix::named("fill");
        let mut number = 0;
        while number < ids {
            let (stream, day) = place(number, ids);
            let blob: Vec<(RecordEntry, RecordMark)> = (number..ids.min(number + BLOB_RECORDS))
                .filter(|number| place(*number, ids) == (stream, day))
                .map(|number| (entry(number), RecordMark::New))
                .collect();
            number += blob.len() as u64;
            self.ask(stream, day, &blob, &mut mix)?;
        }
        Ok(mix)
    }

    /// Blobs of the newest day: so an old id is looked for in all days. One in a hundred old ids comes with other
    /// content.
    fn check(
        &mut self,
        name: &str,
        arguments: &IdsArguments,
        old_percent: u64,
        next_new: &mut u64,
    ) -> Result<Mix, BenchError> {
        let mut mix = Mix::named(name);
        while mix.checks < arguments.checks {
            let stream = self.draw() % STREAMS;
            let mut asked = std::collections::BTreeSet::new();
            let blob: Vec<(RecordEntry, RecordMark)> = (0..BLOB_RECORDS)
                .map(|_| {
                    if self.draw() % 100 >= old_percent {
                        *next_new += 1;
                        return (entry(*next_new), RecordMark::New);
                    }
                    let old = self.draw_old(stream, arguments.ids);
                    let is_revised = self.draw().is_multiple_of(100);
                    let first = asked.insert(old);
                    if is_revised && first {
                        return (revised(old, self.draw()), RecordMark::Revision);
                    }
                    (entry(old), RecordMark::Duplicate)
                })
                .collect();
            self.ask(stream, DAYS - 1, &blob, &mut mix)?;
        }
        Ok(mix)
    }

    fn ask(
        &self,
        stream: u64,
        day: u64,
        blob: &[(RecordEntry, RecordMark)],
        mix: &mut Mix,
    ) -> Result<(), BenchError> {
        let entries: Vec<RecordEntry> = blob.iter().map(|(entry, _)| *entry).collect();
        let created = START + days(day);
        let stream = StreamId(u32::try_from(stream).unwrap_or(0) + 1);
        let (began, used) = (self.clock.monotonic(), cpu_time()?);
        let marks = self.index.mark(stream, created, &entries).map_err(BenchError::setup("ask the index"))?;
        mix.wall_seconds += self.clock.monotonic().saturating_sub(began).as_secs_f64();
        mix.cpu_seconds += cpu_time()?.saturating_sub(used).as_secs_f64();
        mix.checks += marks.len() as u64;
        mix.wrong += marks.iter().zip(blob).filter(|(mark, (_, right))| *mark != right).count() as u64;
        Ok(())
    }

    fn draw_old(&mut self, stream: u64, ids: u64) -> u64 {
        loop {
            let number = self.draw() % ids;
            if place(number, ids).0 == stream {
                return number;
            }
        }
    }

    /// Xorshift: the same in every run.
    fn draw(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

impl Mix {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), checks: 0, wall_seconds: 0.0, cpu_seconds: 0.0, wrong: 0 }
    }
}

/// Stream and day of an id: days one after the other, in each the streams' blobs in turns.
fn place(number: u64, ids: u64) -> (u64, u64) {
    let a_day = ids.div_ceil(DAYS);
    (number / BLOB_RECORDS % STREAMS, number / a_day)
}

fn entry(number: u64) -> RecordEntry {
    let id = xxh3_128(&number.to_le_bytes());
    RecordEntry { offset: 0, length: 0, id: Some(RecordId(id)), hash: ContentHash(!id) }
}

/// The same id with a content that nobody has seen.
fn revised(number: u64, draw: u64) -> RecordEntry {
    RecordEntry { hash: ContentHash(u128::from(draw)), ..entry(number) }
}

fn report_of(work: &Path) -> PathBuf {
    work.join("result.json")
}

fn cpu_time() -> Result<Duration, BenchError> {
    let used = getrusage(UsageWho::RUSAGE_SELF).map_err(BenchError::setup("ask what was used"))?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    let micros = micros(used.user_time()) + micros(used.system_time());
    Ok(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

/// Linux counts in KiB.
fn peak_rss_bytes() -> Result<u64, BenchError> {
    let used = getrusage(UsageWho::RUSAGE_SELF).map_err(BenchError::setup("ask what was used"))?;
    Ok(u64::try_from(used.max_rss()).unwrap_or_default() * 1024)
}

fn bytes_in(folder: &Path) -> Result<u64, BenchError> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).map_err(BenchError::file("read", folder))? {
        let path = entry.map_err(BenchError::file("read", folder))?.path();
        let facts = std::fs::metadata(&path).map_err(BenchError::file("read", &path))?;
        bytes += if facts.is_dir() { bytes_in(&path)? } else { facts.len() };
    }
    Ok(bytes)
}

fn print(arguments: &IdsArguments, fill: &StageResult, check: &StageResult, disk_bytes: u64) {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    println!();
    println!("{} ids of {DAYS} days and {STREAMS} streams in {} files", fill.ids, fill.files);
    println!();
    println!(
        "{:<12}{:>12}{:>10}{:>10}{:>16}{:>16}{:>8}",
        "", "checks", "wall s", "CPU s", "checks/s", "per CPU-s", "wrong"
    );
    for mix in fill.mixes.iter().chain(&check.mixes) {
        let checks = mix.checks as f64;
        println!(
            "{:<12}{:>12}{:>10.2}{:>10.2}{:>16.0}{:>16.0}{:>8}",
            mix.name,
            mix.checks,
            mix.wall_seconds,
            mix.cpu_seconds,
            checks / mix.wall_seconds.max(f64::EPSILON),
            checks / mix.cpu_seconds.max(f64::EPSILON),
            mix.wrong
        );
    }
    println!();
    let verdict = |met: bool| if met { "met" } else { "MISSED" };
    let slowest = check
        .mixes
        .iter()
        .map(|mix| mix.checks as f64 / mix.wall_seconds.max(f64::EPSILON))
        .fold(f64::INFINITY, f64::min);
    let peak = mb(fill.peak_rss_bytes.max(check.peak_rss_bytes));
    println!(
        "checks   {slowest:.0} a second in the slowest mix, making files included (aim: at least {AIM_CHECKS_A_SECOND}): {}",
        verdict(slowest >= AIM_CHECKS_A_SECOND)
    );
    println!(
        "memory   {peak:.0} MB at the peak, {:.0} MB after a start (aim: at most {AIM_RSS_MB}): {}",
        mb(check.rss_after_open_bytes),
        verdict(peak <= AIM_RSS_MB)
    );
    println!(
        "disk     {:.2} GB (aim: at most {AIM_DISK_GB}): {}",
        mb(disk_bytes) / 1e3,
        verdict(mb(disk_bytes) / 1e3 <= AIM_DISK_GB)
    );
    println!("restart  {:.2} s, with the files in the system's cache", check.open_seconds);
    println!("machine  {}", machine::describe());
    println!("commit   {}", machine::commit());
    println!("command  cargo xtask bench ids --ids {} --checks {}", arguments.ids, arguments.checks);
}
