//! The contest: everything is made, the server started, and both run in turns.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use trailhound_env::{Clock, SystemClock};

use crate::ContestArguments;
use crate::contestants::{Arena, Contestant};
use crate::error::BenchError;
use crate::{certificates, report, workload};

/// Runs all rounds and prints the result. Fails when a program fails or a record is not what it was.
pub(crate) fn run(arguments: &ContestArguments) -> Result<(), BenchError> {
    let folder = work_folder(arguments);
    let blobs = folder.join("blobs");
    std::fs::create_dir_all(&blobs).map_err(BenchError::file("create", &blobs))?;
    let done = contest(arguments, &folder, &blobs);
    if !arguments.keep {
        std::fs::remove_dir_all(&folder).map_err(BenchError::file("remove", &folder))?;
    }
    done
}

fn contest(arguments: &ContestArguments, folder: &Path, blobs: &Path) -> Result<(), BenchError> {
    eprintln!("making {} blobs of {} records in {}", arguments.blobs, arguments.records, folder.display());
    let workload = workload::make(blobs, arguments.blobs, arguments.records, SystemClock::default().now())?;
    certificates::write(blobs)?;
    let (server, port) = Server::start(blobs)?;
    let trailhound = collector(arguments)?;
    let arena = Arena { folder: blobs, port, workload: &workload, arguments, trailhound };
    let mut rounds = Vec::new();
    for round in 0..arguments.rounds {
        for who in order(round, arguments.only_curl) {
            flush_disks();
            let usage = who.run(&arena)?;
            eprintln!("round {}: {} took {:.2} CPU seconds", round + 1, who.name(), usage.cpu_seconds());
            rounds.push((*who, usage));
        }
    }
    drop(server);
    report::print(&workload, &rounds, arguments);
    Ok(())
}

/// Each goes first in every other round.
fn order(round: u32, only_curl: bool) -> &'static [Contestant] {
    match (only_curl, round % 2) {
        (true, _) => &[Contestant::Curl],
        (false, 0) => &[Contestant::Trailhound, Contestant::Curl],
        (false, _) => &[Contestant::Curl, Contestant::Trailhound],
    }
}

/// What one leaves to be written must not slow down the next.
fn flush_disks() {
    let _ = Command::new("sync").status();
}

fn work_folder(arguments: &ContestArguments) -> PathBuf {
    let name = format!("trailhound-bench-{}", std::process::id());
    arguments.work.clone().unwrap_or_else(std::env::temp_dir).join(name)
}

fn collector(arguments: &ContestArguments) -> Result<PathBuf, BenchError> {
    if let Some(path) = &arguments.trailhound {
        return Ok(path.clone());
    }
    let myself = std::env::current_exe().map_err(BenchError::setup("find this program"))?;
    Ok(myself.with_file_name("trailhound"))
}

/// The server's process; killed when dropped.
struct Server(Child);

impl Server {
    /// Starts it and waits for its port, which it prints once everything is loaded.
    fn start(folder: &Path) -> Result<(Self, u16), BenchError> {
        let myself = std::env::current_exe().map_err(BenchError::setup("find this program"))?;
        let mut child = Command::new(&myself)
            .arg("serve")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| BenchError::Start { program: myself.display().to_string(), source })?;
        let stdout = child.stdout.take();
        let server = Self(child);
        let mut line = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut line).map_err(BenchError::setup("start the server"))?;
        }
        let port = line.trim().parse().map_err(BenchError::setup("start the server"))?;
        Ok((server, port))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
