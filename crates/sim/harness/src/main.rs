//! `trailhound-sim-run`: plays scenarios of the harness with many seeds and tells what failed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use flate2::Compression;
use flate2::write::GzEncoder;
use trailhound_env::{Clock, Entropy, SystemClock, SystemEntropy};
use trailhound_harness::{Campaign, Failed, Row, Scenario, play_and_keep};

/// Plays scenarios with seeds; ends with 1 when one of them failed.
#[derive(Parser)]
struct Arguments {
    /// Plays this scenario (again: this too); without it, all of them.
    #[arg(long = "scenario", value_name = "NAME")]
    scenarios: Vec<String>,
    /// How many seeds of each scenario.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    seeds: u64,
    /// Plays this seed alone and shows what was said and counted.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// With one seed: keeps the journal that the run leaves in this file, packed with gzip.
    #[arg(long, value_name = "FILE", requires = "seed")]
    save_journal: Option<PathBuf>,
    /// The first of the seeds; without it, a random one.
    #[arg(long, value_name = "S")]
    first_seed: Option<u64>,
    /// Worker threads; without it, as many as there are cores.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// After so many minutes begins no further run, and tells how many were made.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_080))]
    minutes: Option<u32>,
    /// Where the scenarios are.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, String> {
    let folder = arguments.folder.clone().unwrap_or_else(Scenario::folder);
    let all = Scenario::all(&folder).map_err(|error| error.to_string())?;
    let scenarios = chosen(all, &arguments.scenarios)?;
    if let Some(seed) = arguments.seed {
        let save = arguments.save_journal.as_deref();
        let shown: Result<Vec<bool>, String> = scenarios.iter().map(|s| show(s, seed, save)).collect();
        return Ok(shown?.into_iter().all(|well| well));
    }
    let first_seed =
        arguments.first_seed.unwrap_or_else(|| SystemEntropy::default().next_u64() % 1_000_000_000);
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    println!("{} scenarios, {} seeds from {first_seed}", scenarios.len(), arguments.seeds);
    let campaign = Campaign::of_seeds(scenarios, first_seed, arguments.seeds);
    let clock = SystemClock::default();
    let at_most = arguments.minutes.map(|minutes| Duration::from_secs(60 * u64::from(minutes)));
    let (mut failures, mut next_word) = (0, PROGRESS_EVERY);
    let (rows, failed) = campaign.run(arguments.jobs.unwrap_or(cores), at_most, |done, all, failure| {
        if let Some(failed) = failure {
            failures += 1;
            tell(failed);
        }
        let passed = clock.monotonic();
        if passed >= next_word || done == all {
            next_word = passed + PROGRESS_EVERY;
            eprintln!("{done} of {all} runs, {failures} failed, {} s", passed.as_secs());
        }
    });
    print_table(&rows);
    println!("wall time: {:.1} s", clock.monotonic().as_secs_f64());
    let made: u64 = rows.iter().map(|row| row.runs).sum();
    if made < campaign.runs() as u64 {
        println!("the time was over: {made} of {} runs were made", campaign.runs());
    } else {
        println!("{made} runs, {} failed", failed.len());
    }
    for failure in &failed {
        println!("replay: {}", failure.replay());
    }
    Ok(failed.is_empty())
}

/// Time between two words on standard error about how far a campaign is.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

fn chosen(all: Vec<Scenario>, names: &[String]) -> Result<Vec<Scenario>, String> {
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|scenario| scenario.name == **name)) {
        let known: Vec<&str> = all.iter().map(|scenario| scenario.name.as_str()).collect();
        return Err(format!("there is no scenario `{unknown}`; choose among: {}", known.join(", ")));
    }
    Ok(all.into_iter().filter(|scenario| names.is_empty() || names.contains(&scenario.name)).collect())
}

/// Plays one run and shows everything of it.
fn show(scenario: &Scenario, seed: u64, save_journal: Option<&Path>) -> Result<bool, String> {
    let outcome = play_and_keep(scenario, seed);
    if let Some(path) = save_journal {
        let written = std::fs::File::create(path).and_then(|file| {
            let mut packed = GzEncoder::new(file, Compression::best());
            packed.write_all(&outcome.journal)?;
            packed.finish()
        });
        written.map_err(|error| format!("`{}`: {error}", path.display()))?;
    }
    outcome.log.iter().for_each(|line| println!("{line}"));
    outcome.counters.iter().for_each(|(name, count)| println!("{name:>28} {count}"));
    for violation in &outcome.violations {
        println!("violation: {violation}");
    }
    println!("{} with seed {seed}: {} violations", scenario.name, outcome.violations.len());
    Ok(outcome.violations.is_empty())
}

/// Most violations that are shown of one run.
const SHOWN_VIOLATIONS: usize = 5;

fn tell(failed: &Failed) {
    println!("FAILED {} with seed {}", failed.scenario, failed.seed);
    for violation in failed.violations.iter().take(SHOWN_VIOLATIONS) {
        println!("    {violation}");
    }
    println!("replay: {}", failed.replay());
}

fn print_table(rows: &[Row]) {
    println!(
        "\n{:<34}{:>8}{:>10}{:>11}{:>11}{:>12}{:>14}",
        "scenario", "runs", "failures", "mean ms", "max ms", "records", "virtual days"
    );
    for row in rows {
        let mean = row.wall.as_secs_f64() * 1e3 / row.runs.max(1) as f64;
        println!(
            "{:<34}{:>8}{:>10}{mean:>11.1}{:>11.1}{:>12}{:>14.1}",
            row.scenario,
            row.runs,
            row.failures,
            row.longest.as_secs_f64() * 1e3,
            row.records,
            row.virtual_time.as_secs_f64() / 86_400.0,
        );
    }
}
