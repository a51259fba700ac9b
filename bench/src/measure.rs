//! What one program used: run by a process of its own, whose only child it is.
//!
//! The system adds up what the ended children of a process used, and keeps the largest peak of memory among them;
//! with one child each, both belong to that child alone.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Args;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};
use trailhound_env::{Clock, SystemClock};

use crate::error::BenchError;

/// The hidden command that runs one program.
#[derive(Args)]
pub(crate) struct MeasureArguments {
    /// Where to write the [`Usage`] as JSON.
    #[arg(long)]
    report: PathBuf,
    /// Where the program's standard output goes.
    #[arg(long)]
    stdout: PathBuf,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// What a program used.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// CPU time in its own code, seconds.
    pub(crate) user_seconds: f64,
    /// CPU time in the kernel on its behalf, seconds.
    pub(crate) system_seconds: f64,
    /// From start to end, seconds.
    pub(crate) wall_seconds: f64,
    /// Most memory at any time (resident set), bytes.
    pub(crate) peak_rss_bytes: u64,
    /// Its exit code; `None` when a signal ended it.
    pub(crate) exit_code: Option<i32>,
}

impl Usage {
    /// CPU time altogether, seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.user_seconds + self.system_seconds
    }
}

/// Runs `command` to its end through a measuring process; what it prints goes to `stdout`.
pub(crate) fn of(
    command: &[String],
    environment: &[(&str, &str)],
    stdout: &Path,
) -> Result<Usage, BenchError> {
    let report = stdout.with_extension("usage.json");
    let myself = std::env::current_exe().map_err(BenchError::setup("find this program"))?;
    let mut measuring = Command::new(&myself);
    measuring.arg("measure").arg("--report").arg(&report).arg("--stdout").arg(stdout).arg("--").args(command);
    // A proxy of the surroundings has no part in this.
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        measuring.env_remove(name);
    }
    measuring.envs(environment.iter().copied());
    let start = |source| BenchError::Start { program: myself.display().to_string(), source };
    let status = measuring.status().map_err(start)?;
    if !status.success() {
        return Err(BenchError::wrong(&command[0], "could not be measured"));
    }
    let text = std::fs::read(&report).map_err(BenchError::file("read", &report))?;
    serde_json::from_slice(&text).map_err(BenchError::setup("read the measurement"))
}

/// The measuring process itself.
pub(crate) fn run(arguments: &MeasureArguments) -> ExitCode {
    match measure(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &MeasureArguments) -> Result<(), BenchError> {
    let (program, rest) =
        arguments.command.split_first().ok_or_else(|| BenchError::wrong("measure", "nothing to run"))?;
    let stdout =
        std::fs::File::create(&arguments.stdout).map_err(BenchError::file("write", &arguments.stdout))?;
    let clock = SystemClock::default();
    let began = clock.monotonic();
    let status = Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .stdout(stdout)
        .status()
        .map_err(|source| BenchError::Start { program: program.clone(), source })?;
    let wall_seconds = clock.monotonic().saturating_sub(began).as_secs_f64();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(BenchError::setup("ask what was used"))?;
    let usage = Usage {
        user_seconds: seconds(used.user_time()),
        system_seconds: seconds(used.system_time()),
        wall_seconds,
        // Linux counts in KiB.
        peak_rss_bytes: u64::try_from(used.max_rss()).unwrap_or_default() * 1024,
        exit_code: status.code(),
    };
    let text = serde_json::to_vec(&usage).map_err(BenchError::setup("write the measurement"))?;
    std::fs::write(&arguments.report, text).map_err(BenchError::file("write", &arguments.report))
}

fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}
