//! A process of the bench: its first line, what it uses (as Linux tells in `/proc`), and its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::BenchError;

/// Longest answer of [`get`], in bytes.
const MAX_ANSWER_BYTES: u64 = 256 << 20;
/// What `/proc` counts CPU time in: 100 a second on all Linux that matters.
const TICKS_PER_SECOND: f64 = 100.0;

/// Killed when dropped.
pub(crate) struct Process(Child);

/// What a living process uses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Vital {
    /// CPU time since its start, seconds.
    pub(crate) cpu_seconds: f64,
    /// Resident set, bytes.
    pub(crate) rss_bytes: u64,
    /// The most it ever was, bytes.
    pub(crate) peak_rss_bytes: u64,
    /// Open file descriptors.
    pub(crate) files: usize,
    /// Threads.
    pub(crate) threads: u64,
}

impl Process {
    /// Starts a program.
    pub(crate) fn start(command: &mut Command) -> Result<Self, BenchError> {
        let program = command.get_program().to_string_lossy().into_owned();
        command.spawn().map(Self).map_err(|source| BenchError::Start { program, source })
    }

    /// Starts this program in another role, and waits for the port that it prints.
    pub(crate) fn server(role: &[&str]) -> Result<(Self, u16), BenchError> {
        let myself = std::env::current_exe().map_err(BenchError::setup("find this program"))?;
        let mut command = Command::new(myself);
        let mut server = Self::start(command.args(role).stdin(Stdio::null()).stdout(Stdio::piped()))?;
        let mut line = String::new();
        if let Some(stdout) = server.0.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(BenchError::setup("start the server"))?;
        }
        let port = line.trim().parse().map_err(BenchError::setup("start the server"))?;
        Ok((server, port))
    }

    /// What it uses now.
    pub(crate) fn vital(&self) -> Result<Vital, BenchError> {
        let folder = Path::new("/proc").join(self.0.id().to_string());
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).map_err(BenchError::file("read", &path))
        };
        let (status, stat) = (read("status")?, read("stat")?);
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
        };
        // After the name in brackets: utime and stime are the 12th and 13th.
        let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        let ticks: f64 = ticks.filter_map(|number| number.parse::<f64>().ok()).sum();
        Ok(Vital {
            cpu_seconds: ticks / TICKS_PER_SECOND,
            rss_bytes: field("VmRSS:") * 1024,
            peak_rss_bytes: field("VmHWM:") * 1024,
            files: std::fs::read_dir(folder.join("fd")).map_or(0, Iterator::count),
            threads: field("Threads:"),
        })
    }

    /// Whether it has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().ok().flatten()
    }

    /// Asks it to end, and waits.
    pub(crate) fn stop(&mut self) -> Result<ExitStatus, BenchError> {
        if let Ok(id) = i32::try_from(self.0.id()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        self.0.wait().map_err(BenchError::setup("wait for the end"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The body of a small page of a local server.
pub(crate) fn get(port: u16, path: &str) -> Result<String, BenchError> {
    let wrong = BenchError::setup("ask a local server");
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = ask().map_err(wrong)?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// A port that is free now.
pub(crate) fn free_port() -> Result<u16, BenchError> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(BenchError::setup("find a port"))?;
    Ok(listener.local_addr().map_err(BenchError::setup("find a port"))?.port())
}
