//! `cargo xtask bench idle`: what it costs to watch very many quiet tenants from one process.

mod server;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use trailhound_env::{Clock, SystemClock};
use trailhound_model::minutes;

pub(crate) use server::run as serve;
use server::{STATISTICS_PATH, Statistics};

use crate::error::BenchError;
use crate::machine;
use crate::process::{Process, Vital, free_port, get};

/// Streams of each instance.
const STREAMS: [&str; 5] =
    ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"];
const SECRET_VARIABLE: &str = "TRAILHOUND_BENCH_SECRET";
/// The aims, with 10,000 instances.
const AIM_RSS_BYTES: u64 = 1_000_000_000;
const AIM_CORES: f64 = 0.5;
/// A poll is on time when it begins within this of its due time.
const TOLERANCE_MILLIS: u32 = 5_000;

/// How it is run.
#[derive(Args)]
pub(crate) struct IdleArguments {
    /// Instances, of five streams each.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    instances: u32,
    /// Seconds between two polls of a stream.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=3_600))]
    poll_seconds: u64,
    /// How long is measured, once every stream was polled and settled, in minutes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=240))]
    minutes: u64,
    /// The collector; by default the one built beside this program.
    #[arg(long)]
    trailhound: Option<PathBuf>,
    /// Leave the data folder and the log there.
    #[arg(long)]
    keep: bool,
}

/// Starts both, waits until all streams are polled, measures. Fails when an aim is missed with 10,000 instances.
pub(crate) fn run(arguments: &IdleArguments) -> Result<(), BenchError> {
    let folder = std::env::temp_dir().join(format!("trailhound-idle-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(BenchError::file("create", &folder))?;
    let done = measured(arguments, &folder);
    if !arguments.keep {
        std::fs::remove_dir_all(&folder).map_err(BenchError::file("remove", &folder))?;
    }
    done
}

fn measured(arguments: &IdleArguments, folder: &Path) -> Result<(), BenchError> {
    let clock = SystemClock::default();
    let (server, port) = Process::server(&["serve-idle"])?;
    let console = free_port()?;
    let config = write_config(arguments, folder, port, console, &clock)?;
    let log = folder.join("log");
    let log_file = std::fs::File::create(&log).map_err(BenchError::file("write", &log))?;
    let program = match &arguments.trailhound {
        Some(path) => path.clone(),
        None => std::env::current_exe()
            .map_err(BenchError::setup("find this program"))?
            .with_file_name("trailhound"),
    };
    let began = clock.monotonic();
    let mut collector = Process::start(
        Command::new(&program)
            .args(["run", "--config"])
            .arg(&config)
            .env(SECRET_VARIABLE, "not-a-secret")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log_file),
    )?;
    let wanted = arguments.instances as usize * STREAMS.len();
    let first = all_polled(&mut collector, port, wanted, &log)?;
    let started = clock.monotonic().saturating_sub(began);
    let start = collector.vital()?;
    eprintln!(
        "all {wanted} streams polled after {:.0} s, {:.1} CPU s, {} tokens, {} lists of subscriptions",
        started.as_secs_f64(),
        start.cpu_seconds,
        first.tokens,
        first.subscriptions
    );
    // The last to begin fill their first holes; then all of them only wait.
    std::thread::sleep(Duration::from_secs(arguments.poll_seconds));
    let _: Statistics = statistics(port)?;
    let (before, from) = (collector.vital()?, clock.monotonic());
    std::thread::sleep(minutes(arguments.minutes));
    let (after, window) = (collector.vital()?, clock.monotonic().saturating_sub(from));
    let seen = statistics(port)?;
    let metrics = get(console, "/metrics")?;
    let stopping = clock.monotonic();
    let status = collector.stop()?;
    let stopped = clock.monotonic().saturating_sub(stopping);
    drop(server);
    if !status.success() {
        return Err(BenchError::wrong("trailhound run", format!("ended with {status}")));
    }
    let cores = (after.cpu_seconds - before.cpu_seconds) / window.as_secs_f64();
    report(arguments, &seen, &after, cores, window, &metrics, stopped)
}

fn statistics(port: u16) -> Result<Statistics, BenchError> {
    serde_json::from_str(&get(port, STATISTICS_PATH)?).map_err(BenchError::setup("read the server's numbers"))
}

/// Waits until the server has seen every stream; answers what it saw.
fn all_polled(
    collector: &mut Process,
    port: u16,
    wanted: usize,
    log: &Path,
) -> Result<Statistics, BenchError> {
    let mut sum = Statistics::default();
    for _ in 0..1_200 {
        std::thread::sleep(Duration::from_secs(1));
        if collector.ended().is_some() {
            let words = std::fs::read_to_string(log).unwrap_or_default();
            let last: Vec<&str> = words.lines().rev().take(5).collect();
            return Err(BenchError::wrong("trailhound run", format!("ended: {last:?}")));
        }
        let seen = statistics(port)?;
        sum.tokens += seen.tokens;
        sum.subscriptions += seen.subscriptions;
        if seen.streams >= wanted {
            return Ok(sum);
        }
    }
    Err(BenchError::wrong("trailhound run", "has not polled every stream within 20 minutes"))
}

/// The interval of a stream's polls may be shorter or longer by how late either was.
fn report(
    arguments: &IdleArguments,
    seen: &Statistics,
    vital: &Vital,
    cores: f64,
    window: Duration,
    metrics: &str,
    stopped: Duration,
) -> Result<(), BenchError> {
    let due = u32::try_from(arguments.poll_seconds * 1_000).unwrap_or(u32::MAX);
    let mut off: Vec<u32> = seen.intervals.iter().map(|interval| interval.abs_diff(due)).collect();
    off.sort_unstable();
    let share =
        |percent: usize| off.get(off.len() * percent / 100).or(off.last()).copied().unwrap_or_default();
    let streams = arguments.instances as usize * STREAMS.len();
    let expected = streams as f64 * window.as_secs_f64() / arguments.poll_seconds as f64;
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<12}{value}");
    };
    line(
        "streams",
        format!("{streams} of {} instances, polled every {} s", arguments.instances, arguments.poll_seconds),
    );
    line(
        "polls",
        format!(
            "{} in {:.0} s ({:.0} a second; {:.1} % of those due), {} re-sweeps, {} tokens, {} looks at subscriptions",
            seen.polls,
            window.as_secs_f64(),
            seen.polls as f64 / window.as_secs_f64(),
            100.0 * seen.polls as f64 / expected,
            seen.sweeps,
            seen.tokens,
            seen.subscriptions
        ),
    );
    line(
        "off beat",
        format!("p50 {} ms, p99 {} ms, max {} ms (by the server's clock)", share(50), share(99), share(100)),
    );
    for told in metrics.lines().filter(|line| line.starts_with("trailhound_poll_lateness_seconds")) {
        line("lateness", told.to_owned());
    }
    line(
        "CPU",
        format!("{cores:.3} cores ({:.0} µs a poll)", cores * window.as_secs_f64() / seen.polls as f64 * 1e6),
    );
    line(
        "memory",
        format!(
            "{:.0} MB now, {:.0} MB at most ({:.1} KB a stream)",
            mb(vital.rss_bytes),
            mb(vital.peak_rss_bytes),
            vital.rss_bytes as f64 / 1e3 / streams as f64
        ),
    );
    line(
        "system",
        format!(
            "{} file descriptors, {} threads, {} connections in all, {} at once",
            vital.files, vital.threads, seen.connections, seen.most_open
        ),
    );
    line("/metrics", format!("{} bytes, {} lines", metrics.len(), metrics.lines().count()));
    line("stop", format!("{:.1} s after SIGTERM", stopped.as_secs_f64()));
    line("machine", machine::describe());
    line("commit", machine::commit());
    println!("{text}");
    let mut missed = Vec::new();
    if arguments.instances <= 10_000 && vital.peak_rss_bytes > AIM_RSS_BYTES {
        missed.push("memory");
    }
    if arguments.instances <= 10_000 && cores > AIM_CORES {
        missed.push("CPU");
    }
    if share(99) > TOLERANCE_MILLIS || (seen.polls as f64) < 0.98 * expected {
        missed.push("punctuality");
    }
    if missed.is_empty() {
        Ok(())
    } else {
        Err(BenchError::wrong("trailhound run", format!("missed: {}", missed.join(", "))))
    }
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// One `[[application]]` for each instance. The collection starts now, so that nothing is to be caught up on.
fn write_config(
    arguments: &IdleArguments,
    folder: &Path,
    port: u16,
    console: u16,
    clock: &SystemClock,
) -> Result<PathBuf, BenchError> {
    let start = clock.now() - minutes(10);
    let mut text = format!(
        "data_dir = {:?}\n[console]\nlisten = \"127.0.0.1:{console}\"\n\
         [[output]]\nname = \"raw\"\ntype = \"file\"\npath = {:?}\nformat = \"raw\"\n",
        folder.join("data").display().to_string(),
        folder.join("out.ndjson").display().to_string(),
    );
    for number in 0..arguments.instances {
        let _ = writeln!(
            text,
            "[[application]]\nname = \"tenant-{number:05}\"\ntype = \"office365\"\n\
             tenant_id = \"b8d5f0a2-6c1e-4f0b-9f57-{number:012x}\"\nclient_id = \"4f6d2f7e-58a1-4f3c-a6d4-{number:012x}\"\n\
             client_secret = {{ env = \"{SECRET_VARIABLE}\" }}\nstreams = {STREAMS:?}\ncloud = \"custom\"\n\
             endpoints = {{ api = \"http://127.0.0.1:{port}\", login = \"http://127.0.0.1:{port}\" }}\n\
             collection_start = \"{start}\"\npoll_interval = \"{}s\"",
            arguments.poll_seconds
        );
    }
    let file = folder.join("idle.toml");
    std::fs::write(&file, text).map_err(BenchError::file("write", &file))?;
    Ok(file)
}
