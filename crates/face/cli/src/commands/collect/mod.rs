//! `trailhound collect`: everything once, then exit.

mod progress;
mod span;
mod summary;

use std::sync::Arc;
use std::time::Duration;

use trailhound_journal::StreamReport;
use trailhound_ledger::{Limits, earliest_valid};
use trailhound_model::{InstanceName, Span, StreamKey, Timestamp};
use trailhound_pipeline::Stop;
use trailhound_pipeline::board::Board;
use trailhound_pipeline::site::{self, Surroundings};
use trailhound_pipeline::wire::{self, Failure as PlaceFailure, Mode, Place};

use self::progress::Progress;
use self::summary::{Asked, Summary};
use crate::args::CollectArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::logging::LogPlace;
use crate::output;
use crate::runtime::block_on;
use crate::setup;
use crate::signals::Signals;

/// Time between looks at the progress.
const TICK: Duration = Duration::from_millis(200);
/// How long work under way may take to end after the first signal.
const STOP_GRACE: Duration = Duration::from_secs(9);

pub(crate) fn collect(args: &CollectArgs, log: &LogPlace) -> Result<Exit, Failure> {
    let around = setup::surroundings();
    span::check(args.since, args.until, around.clock.now())?;
    let config = setup::load_to_collect(&args.file.config)?;
    let collected = block_on(async {
        let asked = asked(args, &config, around.clock.now());
        let journal = site::open_journal(&config, &around)?;
        let board = Board::new();
        let mut plant = setup::plant(&config, &args.apps, &journal, &board, Limits::once(), &around)?;
        setup::check_outputs(&mut plant, false, around.clock.now()).await?;

        let started = around.clock.monotonic();
        let work = Work { plant, mode: Mode::Once { since: args.since, until: args.until } };
        let ended = work.run(&board, &asked, &around, log).await?;

        let seconds = around.clock.monotonic().saturating_sub(started).as_secs_f64();
        let reports = journal.report().await?;
        let summary = Summary::new(&asked, &board.snapshot(), &reports, &ended.failures, seconds);
        if args.json {
            output::print_json(&summary)?;
        } else {
            output::print(&summary.table())?;
        }
        ended.verdict(&asked, &reports)
    });
    collected.map_err(Failure::of_one_shot)
}

/// Which streams, and which span of each.
fn asked(args: &CollectArgs, config: &trailhound_config::Config, now: Timestamp) -> Asked {
    let limits = Limits::once();
    let chosen = |name: &InstanceName| args.apps.is_empty() || args.apps.contains(name);
    let mut streams = Vec::new();
    for application in config.applications.iter().filter(|application| chosen(&application.name)) {
        let to = args.until.unwrap_or(now).min(now);
        let from = args.since.or(application.collection_start).unwrap_or(earliest_valid(now, &limits));
        for stream in &application.streams {
            let key = StreamKey { instance: application.name.clone(), stream: stream.clone() };
            streams.push((key, Span { from: from.min(to), to }));
        }
    }
    streams.sort();
    let outputs = config.outputs.iter().map(|output| output.name().clone()).collect();
    Asked { streams, outputs }
}

struct Work {
    plant: wire::Plant,
    mode: Mode,
}

struct Ended {
    failures: Vec<PlaceFailure>,
    stopped: bool,
}

impl Work {
    /// Runs the pipeline to its end, or to the first signal's.
    async fn run(
        self,
        board: &Board,
        asked: &Asked,
        around: &Surroundings,
        log: &LogPlace,
    ) -> Result<Ended, Failure> {
        let mut signals = Signals::listen()?;
        let mut progress = Progress::start(asked, log);
        let stop = Stop::new();
        let clock = Arc::clone(&around.clock);
        let mut running = {
            let stop = stop.clone();
            tokio::spawn(async move { wire::run(self.plant, self.mode, &stop).await })
        };
        let mut deadline = None;
        let ended = loop {
            tokio::select! {
                ended = &mut running => break ended,
                () = signals.stop() => {
                    if deadline.is_some() {
                        running.abort();
                    } else {
                        deadline = Some(clock.monotonic() + STOP_GRACE);
                        progress.say("stopping; once more to stop at once");
                        stop.stop();
                    }
                }
                () = clock.sleep(TICK) => {
                    let now = clock.monotonic();
                    progress.show(&board.snapshot(), now);
                    if deadline.is_some_and(|deadline| deadline < now) {
                        running.abort();
                    }
                }
            }
        };
        progress.finish();
        let failures = match ended {
            Ok(failures) => failures?,
            Err(error) if error.is_cancelled() => Vec::new(),
            Err(error) => {
                return Err(Failure::new(Exit::Failed, format!("the pipeline failed: {error}"), ""));
            }
        };
        Ok(Ended { failures, stopped: stop.is_stopped() })
    }
}

impl Ended {
    fn verdict(self, asked: &Asked, reports: &[StreamReport]) -> Result<Exit, Failure> {
        if !self.failures.is_empty() {
            return Err(together(&self.failures));
        }
        if self.stopped {
            let hint = "what is counted above is safe in the journal; the same command goes on from there";
            return Err(Failure::new(Exit::Failed, "stopped before everything was collected", hint));
        }
        Ok(if asked.any_gap(reports) { Exit::Gaps } else { Exit::Done })
    }
}

/// Equal failures of several places are said once, with the words of the first.
fn together(failures: &[PlaceFailure]) -> Failure {
    let is_access = |failure: &PlaceFailure| failure.source.as_ref().is_some_and(|e| e.reaction.is_access());
    let exit = if failures.iter().any(is_access) { Exit::Access } else { Exit::Failed };
    let mut failures: Vec<Problem> = failures.iter().map(problem).collect();
    failures.sort_by(|a, b| a.place.cmp(&b.place));
    let mut problems: Vec<Problem> = Vec::new();
    for failure in failures {
        match problems.iter_mut().find(|known| known.what == failure.what && known.hint == failure.hint) {
            Some(known) => known.place = format!("{}, {}", known.place, failure.place),
            None => problems.push(failure),
        }
    }
    Failure::many(exit, problems)
}

fn problem(failure: &PlaceFailure) -> Problem {
    let place = match &failure.place {
        Place::Stream(key) => key.to_string(),
        Place::Output(name) => format!("output `{name}`"),
    };
    // The client adds the server's words, which name the single request, after its own.
    let (what, said) = failure.what.split_once("; said: ").unwrap_or((&failure.what, ""));
    // Words of a call fit after "failed to"; those of the journal are a sentence of their own.
    let what = if what.starts_with("the ") { what.to_owned() } else { format!("failed to {what}") };
    Problem { what, said: said.to_owned(), place, hint: failure.hint.clone(), ..Problem::default() }
}
