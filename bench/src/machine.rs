//! Where and with what it was measured.

use std::process::Command;

/// One line: processor, cores, memory, kernel.
pub(crate) fn describe() -> String {
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory_kib = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or_default();
    let kernel = said(&["uname", "-sr"]).unwrap_or_else(|| "unknown system".to_owned());
    format!("{processor}, {cores} cores, {:.0} GiB, {kernel}", memory_kib as f64 / 1024.0 / 1024.0)
}

/// The commit of the working directory, with `+changes` when it is not all committed.
pub(crate) fn commit() -> String {
    let Some(commit) = said(&["git", "rev-parse", "--short=12", "HEAD"]) else { return "unknown".to_owned() };
    let changed = said(&["git", "status", "--porcelain"]).is_some_and(|text| !text.is_empty());
    if changed { format!("{commit}+changes") } else { commit }
}

/// The first line of `curl --version`, as far as it names the TLS library.
pub(crate) fn curl_version() -> String {
    let text = said(&["curl", "--version"]).unwrap_or_default();
    text.lines().next().unwrap_or_default().split_whitespace().take(7).collect::<Vec<_>>().join(" ")
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn said(command: &[&str]) -> Option<String> {
    let output = Command::new(command[0]).args(&command[1..]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
