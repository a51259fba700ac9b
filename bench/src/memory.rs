//! `cargo xtask bench memory`: the memory formula of `docs/memory.md` against the real program.

mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;

pub(crate) use server::{ServeMemoryArguments, run as serve};

use crate::error::BenchError;
use crate::machine;
use crate::process::{Process, free_port, get};

const SECRET_VARIABLE: &str = "TRAILHOUND_BENCH_SECRET";
/// The aim, whatever is in flight.
const AIM_BYTES: u64 = 200_000_000;
/// What the longest outage may take more than one of less than half of it. The shortest has not filled the memory for
/// record ids yet.
const AIM_BACKLOG_BYTES: u64 = 25_000_000;

/// How it is run.
#[derive(Args)]
pub(crate) struct MemoryArguments {
    /// Size of the large blob, in MB of JSON.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=4_000))]
    blob_mb: u32,
    /// Most memory that any case may take, in MB.
    #[arg(long)]
    aim_mb: Option<u64>,
    /// Run the cases whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// The collector; by default the one built beside this program.
    #[arg(long)]
    trailhound: Option<PathBuf>,
}

/// What is served, and how the collector is run.
struct Case {
    name: String,
    /// Blobs, MB in each, bytes of each record, compressed.
    content: (u32, u32, u32, bool),
    output_works: bool,
}

/// Runs every case in a process of its own, and compares what it took at most.
pub(crate) fn run(arguments: &MemoryArguments) -> Result<(), BenchError> {
    let mut missed = Vec::new();
    let mut backlogs = Vec::new();
    println!("{:<44}{:>12}{:>12}", "case", "peak MB", "CPU s");
    for case in cases(arguments.blob_mb).into_iter().filter(|case| case.name.contains(&arguments.only)) {
        let (peak_bytes, cpu_seconds) = one(&case, arguments)?;
        println!("{:<44}{:>12.0}{cpu_seconds:>12.1}", case.name, peak_bytes as f64 / 1e6);
        if peak_bytes > arguments.aim_mb.map_or(AIM_BYTES, |mb| mb * 1_000_000) {
            missed.push(case.name.clone());
        }
        if !case.output_works {
            backlogs.push(peak_bytes);
        }
    }
    if let [_, long, longest] = backlogs[..]
        && longest.saturating_sub(long) > AIM_BACKLOG_BYTES
    {
        missed.push("independent of the outage's length".to_owned());
    }
    println!("\nmachine  {}\ncommit   {}", machine::describe(), machine::commit());
    if missed.is_empty() {
        Ok(())
    } else {
        Err(BenchError::wrong("memory", format!("too much: {}", missed.join(", "))))
    }
}

fn cases(blob_mb: u32) -> Vec<Case> {
    let case = |name: String, content, output_works| Case { name, content, output_works };
    vec![
        case(format!("one blob of {blob_mb} MB"), (1, blob_mb, 1_400, false), true),
        case(format!("one blob of {blob_mb} MB, gzip"), (1, blob_mb, 1_400, true), true),
        case("one blob of 150 MB, gzip".to_owned(), (1, 150, 1_400, true), true),
        case("16 blobs of 40 MB, gzip".to_owned(), (16, 40, 1_400, true), true),
        case("records of 8 MB".to_owned(), (1, 64, 8_000_000, true), true),
        case("output works, 900 MB".to_owned(), (180, 5, 1_400, true), true),
        case("output down, backlog of 300 MB".to_owned(), (60, 5, 1_400, true), false),
        case("output down, backlog of 900 MB".to_owned(), (180, 5, 1_400, true), false),
        case("output down, backlog of 2 GB".to_owned(), (400, 5, 1_400, true), false),
    ]
}

fn one(case: &Case, arguments: &MemoryArguments) -> Result<(u64, f64), BenchError> {
    let folder = std::env::temp_dir().join(format!("trailhound-memory-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(BenchError::file("create", &folder))?;
    let done = collected(case, arguments, &folder);
    std::fs::remove_dir_all(&folder).map_err(BenchError::file("remove", &folder))?;
    done
}

/// Peak of memory, bytes, and CPU seconds, when all blobs are journalled and (if the output works) delivered.
fn collected(case: &Case, arguments: &MemoryArguments, folder: &Path) -> Result<(u64, f64), BenchError> {
    let (blobs, blob_mb, record_bytes, gzip) = case.content;
    let numbers = [blobs, blob_mb, record_bytes, u32::from(gzip)].map(|number| number.to_string());
    let mut role = vec!["serve-memory"];
    role.extend(numbers.iter().map(String::as_str));
    let (_server, port) = Process::server(&role)?;
    let console = free_port()?;
    let _disk = if case.output_works { None } else { Some(SmallDisk::mount(&blocked(folder))?) };
    let config = write_config(case, folder, port, console)?;
    let log = folder.join("log");
    let log_file = std::fs::File::create(&log).map_err(BenchError::file("write", &log))?;
    let program = match &arguments.trailhound {
        Some(path) => path.clone(),
        None => std::env::current_exe()
            .map_err(BenchError::setup("find this program"))?
            .with_file_name("trailhound"),
    };
    let mut collector = Process::start(
        Command::new(&program)
            .args(["run", "--config"])
            .arg(&config)
            .env(SECRET_VARIABLE, "not-a-secret")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log_file),
    )?;
    for _ in 0..3_000 {
        std::thread::sleep(Duration::from_millis(200));
        if collector.ended().is_some() {
            let words = std::fs::read_to_string(&log).unwrap_or_default();
            return Err(BenchError::wrong("trailhound run", format!("ended: {words}")));
        }
        let Ok(metrics) = get(console, "/metrics") else { continue };
        let sum = |name: &str| -> u64 {
            let values = metrics.lines().filter(|line| line.starts_with(name));
            values.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
        };
        let journalled = sum("trailhound_blobs_total");
        let delivered = sum("trailhound_delivered_records_total");
        let all = sum("trailhound_records_total");
        if journalled < u64::from(blobs) || (case.output_works && delivered < all) {
            continue;
        }
        if !case.output_works && delivered > 0 {
            return Err(BenchError::wrong(&case.name, "the output that should fail took records"));
        }
        let vital = collector.vital()?;
        collector.stop()?;
        return Ok((vital.peak_rss_bytes, vital.cpu_seconds));
    }
    Err(BenchError::wrong(&case.name, "was not done within 10 minutes"))
}

/// An output that does not work: its disk has no room.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Result<Self, BenchError> {
        std::fs::create_dir_all(at).map_err(BenchError::file("create", at))?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(at).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Ok(Self(at.to_owned()));
        }
        Err(BenchError::wrong(
            "memory",
            "this user may not mount a small file system: `--only blob` needs none",
        ))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn write_config(case: &Case, folder: &Path, port: u16, console: u16) -> Result<PathBuf, BenchError> {
    let out = if case.output_works { folder.join("out.ndjson") } else { blocked(folder).join("out.ndjson") };
    let text = format!(
        "data_dir = {:?}\n[console]\nlisten = \"127.0.0.1:{console}\"\n\
         [[output]]\nname = \"raw\"\ntype = \"file\"\npath = {:?}\nformat = \"raw\"\n\
         [[application]]\nname = \"large\"\ntype = \"office365\"\n\
         tenant_id = \"b8d5f0a2-6c1e-4f0b-9f57-2f6a1c3e9d10\"\nclient_id = \"4f6d2f7e-58a1-4f3c-a6d4-0c8e7d1b2a93\"\n\
         client_secret = {{ env = \"{SECRET_VARIABLE}\" }}\nstreams = [\"Audit.General\"]\ncloud = \"custom\"\n\
         endpoints = {{ api = \"http://127.0.0.1:{port}\", login = \"http://127.0.0.1:{port}\" }}\n\
         requests_per_minute = 1000000\n",
        folder.join("data").display().to_string(),
        out.display().to_string(),
    );
    let file = folder.join("memory.toml");
    std::fs::write(&file, text).map_err(BenchError::file("write", &file))?;
    Ok(file)
}

fn blocked(folder: &Path) -> PathBuf {
    folder.join("blocked")
}
