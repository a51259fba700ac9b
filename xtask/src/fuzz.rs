//! `cargo xtask fuzz [TARGET].. [--seconds N] [--seed N]`: lets libFuzzer look for inputs that break a promise.
//!
//! Only the workspace's own crates are built anew with coverage counters (`fuzz/rustc`); what they stand on is
//! shared with the ordinary build. New finds that widen the coverage are kept in the target folder, so that the
//! next run goes on from there; an input that breaks a promise is put into `fuzz/artifacts`. With a seed a run begins
//! from the repository's corpus alone and draws by the seed: whether a change goes in must not hang on a throw of dice.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::error::ChoreError;
use crate::process;

/// Every folder in `fuzz/corpus` is a target.
const CORPUS: &str = "fuzz/corpus";

/// How long a target is tried, in seconds, when nothing is said.
const DEFAULT_SECONDS: u64 = 60;
const MAX_SECONDS: u64 = 7 * 86_400;

/// As `trailhound_fuzz::MAX_INPUT_BYTES`.
const MAX_INPUT_BYTES: usize = 8_192;
/// Longest that one input may take, in seconds, and the most memory that it may use, in MB.
const INPUT_TIMEOUT_SECONDS: u64 = 20;
const MAX_RSS_MB: u64 = 1_024;
/// Lines of the fuzzer's words that are shown after a failure.
const SHOWN_LINES: usize = 40;

/// What the command line says.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// None: all.
    targets: Vec<String>,
    seconds: u64,
    seed: Option<u32>,
}

/// Builds the instrumented program and runs it for every target, as many at a time as there are cores.
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    let known = targets()?;
    let options = Options::read(arguments, &known)?;
    let program = build()?;
    let waiting = Mutex::new(options.targets.iter().rev().collect::<Vec<_>>());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(target) = pop(&waiting) {
                    if let Err(error) = fuzz(&program, target, options.seconds, options.seed) {
                        eprintln!("error: {error}");
                        if let Ok(mut failed) = failed.lock() {
                            failed.push(target.clone());
                        }
                    }
                }
            });
        }
    });
    match failed.into_inner().unwrap_or_default() {
        failed if failed.is_empty() => Ok(()),
        failed => Err(ChoreError::Found(format!("{} failed", failed.join(", ")))),
    }
}

impl Options {
    fn read(arguments: &[String], known: &[String]) -> Result<Self, ChoreError> {
        let (mut targets, mut seconds, mut seed) = (Vec::new(), DEFAULT_SECONDS, None);
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--seconds" {
                let number = rest.next().and_then(|text| text.parse().ok());
                seconds = number.filter(|number| (1..=MAX_SECONDS).contains(number)).ok_or_else(|| {
                    ChoreError::Usage(format!("`--seconds` takes a number from 1 to {MAX_SECONDS}"))
                })?;
            } else if argument == "--seed" {
                let number = rest.next().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
                let number = number.ok_or_else(|| {
                    ChoreError::Usage(format!("`--seed` takes a number from 1 to {}", u32::MAX))
                })?;
                seed = Some(number);
            } else if known.contains(argument) {
                targets.push(argument.clone());
            } else {
                return Err(ChoreError::Usage(format!(
                    "`{argument}` is not a target; there are {}",
                    known.join(", ")
                )));
            }
        }
        Ok(Self { targets: if targets.is_empty() { known.to_vec() } else { targets }, seconds, seed })
    }
}

fn targets() -> Result<Vec<String>, ChoreError> {
    let folder = process::workspace_root().join(CORPUS);
    let unreadable = |source| ChoreError::Read { path: CORPUS.to_owned(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn pop<'t>(waiting: &Mutex<Vec<&'t String>>) -> Option<&'t String> {
    waiting.lock().ok()?.pop()
}

/// Features are chosen over the whole workspace, as in the ordinary build, so that its libraries serve here too.
fn build() -> Result<PathBuf, ChoreError> {
    let wrapper = process::workspace_root().join("fuzz/rustc");
    let arguments = ["build", "--quiet", "--workspace", "--bin", "fuzz-target"];
    let mut command = process::cargo();
    command
        .args(arguments)
        .args(["--features", "trailhound-fuzz/libfuzzer"])
        // The fuzzer's own book-keeping was half of the time without.
        .args(["--config", "profile.dev.package.libfuzzer-sys.opt-level=2"])
        .env("RUSTC_WORKSPACE_WRAPPER", wrapper)
        .env("CARGO_INCREMENTAL", "0");
    process::run(&mut command)?;
    Ok(target_folder()?.join("debug/fuzz-target"))
}

fn target_folder() -> Result<PathBuf, ChoreError> {
    let here = std::env::current_exe();
    let here = here.map_err(|source| ChoreError::Read { path: "xtask".to_owned(), source })?;
    // This program is `TARGET/debug/xtask`.
    Ok(here.ancestors().nth(2).map(Path::to_owned).unwrap_or_default())
}

/// One target for so many seconds. Prints a line; after a failure the fuzzer's last words.
fn fuzz(program: &Path, target: &str, seconds: u64, seed: Option<u32>) -> Result<(), ChoreError> {
    let root = process::workspace_root();
    let found = found_folder(target, seed)?;
    let artifacts = root.join("fuzz/artifacts").join(target);
    for folder in [&found, &artifacts] {
        std::fs::create_dir_all(folder)
            .map_err(|source| ChoreError::Read { path: folder.display().to_string(), source })?;
    }
    let mut command = Command::new(program);
    command
        .env("TRAILHOUND_FUZZ_TARGET", target)
        .env("RUST_BACKTRACE", "0")
        .arg(format!("-max_total_time={seconds}"))
        // 0: a random one.
        .arg(format!("-seed={}", seed.unwrap_or(0)))
        .arg(format!("-max_len={MAX_INPUT_BYTES}"))
        .arg(format!("-timeout={INPUT_TIMEOUT_SECONDS}"))
        .arg(format!("-rss_limit_mb={MAX_RSS_MB}"))
        .arg(format!("-dict={}", root.join(format!("fuzz/dict/{target}.dict")).display()))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args([&found, &root.join(CORPUS).join(target)])
        .stdin(Stdio::null());
    let output = command.output();
    let output = output.map_err(|source| ChoreError::Start { program: "fuzz-target".to_owned(), source })?;
    let words = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        println!("fuzz {target}: {}", summary(&words));
        return Ok(());
    }
    // Its progress is of no use to anybody now.
    let lines: Vec<&str> = words.lines().filter(|line| !line.starts_with(['#', '\t'])).collect();
    eprintln!("{}", lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n"));
    eprintln!(
        "the input is in `{}`: mend what it shows, and move it to `{CORPUS}/{target}`, where the tests replay it",
        artifacts.display()
    );
    Err(ChoreError::Ended { command: format!("fuzz-target {target}"), status: output.status })
}

/// Where new finds go; empty at the beginning of a run with a seed.
fn found_folder(target: &str, seed: Option<u32>) -> Result<PathBuf, ChoreError> {
    if seed.is_none() {
        return Ok(target_folder()?.join("fuzz-corpus").join(target));
    }
    let folder = target_folder()?.join("fuzz-corpus-of-seed").join(target);
    match std::fs::remove_dir_all(&folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(ChoreError::Read { path: folder.display().to_string(), source })
        }
        _ => Ok(folder),
    }
}

/// From `#4096 DONE cov: 12 ft: 34 corp: 5/6b … exec/s: 7 …` and `Done 4096 runs in 5 second(s)`.
fn summary(words: &str) -> String {
    let runs = words.lines().rev().find_map(|line| line.strip_prefix("Done ")).unwrap_or("no runs");
    let coverage = words.lines().rev().find_map(|line| {
        let after = line.split_once("DONE")?.1.trim_start().strip_prefix("cov: ")?;
        after.split(' ').next()
    });
    format!("{runs}, {} places covered", coverage.unwrap_or("no"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Options, ChoreError> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Options::read(&arguments, &["config".to_owned(), "token".to_owned()])
    }

    #[test]
    fn targets_and_seconds_are_read() {
        assert_eq!(read(&[]).unwrap().targets, ["config", "token"]);
        let options = read(&["token", "--seconds", "5"]).unwrap();
        assert_eq!(options, Options { targets: vec!["token".to_owned()], seconds: 5, seed: None });
        assert_eq!(read(&["--seed", "7"]).unwrap().seed, Some(7));
        for wrong in
            [&["nothing"][..], &["--seed", "0"], &["--seconds"], &["--seconds", "0"], &["--seconds", "x"]]
        {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_fuzzers_last_words_are_told_in_a_line() {
        let words = "#2\tINITED cov: 7\n#99\tDONE   cov: 12 ft: 34 corp: 5/6b\nDone 99 runs in 5 second(s)\n";
        assert_eq!(summary(words), "99 runs in 5 second(s), 12 places covered");
        assert_eq!(summary(""), "no runs, no places covered");
    }
}
