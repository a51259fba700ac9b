//! One scenario with one seed: lives of the process, one after another, then the oracle.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use trailhound_env::Clock;
use trailhound_journal::{Journal, JournalError, JournalErrorKind, SqliteJournal, StreamReport};
use trailhound_model::{BlobCounts, OutputName, Timestamp, minutes, seconds};
use trailhound_pipeline::Stop;
use trailhound_pipeline::board::Board;
use trailhound_pipeline::wire::{self, Failure};

use crate::counters::Counters;
use crate::happenings::Order;
use crate::life::Life;
use crate::log::Log;
use crate::oracle;
use crate::scenario::{Mode, Scenario};
use crate::stage::Stage;
use crate::storage::{is_up, open};

/// A process that ended with an error is started again after this, as a service manager does.
const RESTART_AFTER: Duration = seconds(30);
/// A stop in good order takes at most this long.
const STOP_WITHIN: Duration = minutes(5);
/// Most starts of the process in one run: more means that it cannot live.
const MAX_STARTS: u64 = 2_000;

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What was not as it must be; empty: all is well.
    pub violations: Vec<String>,
    /// What was counted.
    pub counters: Counters,
    /// What the product and the harness said, with virtual time.
    pub log: Vec<String>,
    /// How long the run took in virtual time.
    pub virtual_time: Duration,
    /// The journal's file as the run left it, closed in good order; only of [`play_and_keep`].
    pub journal: Vec<u8>,
}

/// What the oracle looks at, besides the world.
pub(crate) struct End {
    pub(crate) reports: Vec<StreamReport>,
    pub(crate) recounts: Vec<BlobCounts>,
    /// Each reader's position, and whether everything was delivered to it.
    pub(crate) readers: Vec<(OutputName, u64, bool)>,
    /// Alarms of all lives.
    pub(crate) alarms: BTreeSet<String>,
    /// States that streams showed, and those at the end.
    pub(crate) states_seen: BTreeSet<String>,
    pub(crate) last_states: BTreeSet<String>,
    pub(crate) failures: Vec<Failure>,
    /// Until when the product was to collect.
    pub(crate) at: Timestamp,
}

/// Plays a scenario with a seed, on this thread.
pub fn play(scenario: &Scenario, seed: u64) -> Outcome {
    perform(scenario, seed, false)
}

/// The same, and keeps the journal: to begin in it with a later version.
pub fn play_and_keep(scenario: &Scenario, seed: u64) -> Outcome {
    perform(scenario, seed, true)
}

fn perform(scenario: &Scenario, seed: u64, keep: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without I/O can be made");
    let log = Log::default();
    let played = runtime.block_on(async {
        let mut stage = Stage::set(scenario, seed, log.clone())?;
        let _collecting = log.collect(Arc::clone(&stage.true_time));
        let end = Acts::default().perform(&mut stage).await?;
        let virtual_time = stage.now().since(crate::stage::START);
        let journal = if keep { stage.storage.file() } else { Vec::new() };
        let (violations, counters) = oracle::judge(stage, end);
        Ok::<_, String>(Outcome { violations, counters, virtual_time, journal, ..Outcome::default() })
    });
    let log = log.lines().into_iter().map(|line| line.text).collect();
    match played {
        Ok(outcome) => Outcome { log, ..outcome },
        Err(error) => Outcome { violations: vec![error], log, ..Outcome::default() },
    }
}

#[derive(Default)]
struct Acts {
    alarms: BTreeSet<String>,
    states_seen: BTreeSet<String>,
    last_states: BTreeSet<String>,
    failures: Vec<Failure>,
}

/// How a life ended.
enum LifeEnd {
    /// It died; started again after so long.
    Died(Duration),
    /// The machine lost power.
    LostPower(Duration),
    /// Stopped in good order, to be started again.
    Restarting(Duration),
    /// The time of the scenario is over, or the single collection has ended.
    Over(Vec<Failure>),
    /// It gave up.
    GaveUp(JournalError),
}

type Running = BoxFuture<'static, Result<Vec<Failure>, JournalError>>;

impl Acts {
    async fn perform(mut self, stage: &mut Stage<'_>) -> Result<End, String> {
        loop {
            stage.counters.add("starts_of_process", 1);
            if stage.counters.get("starts_of_process") > MAX_STARTS {
                return Err(format!("the process was started {MAX_STARTS} times"));
            }
            let clock: Arc<dyn Clock> = Arc::clone(&stage.machine) as Arc<dyn Clock>;
            let storage = stage.storage.storage();
            let journal = match open(Arc::clone(&storage), clock) {
                Ok(journal) => Arc::new(journal),
                Err(_) if !is_up(storage.as_ref()) => {
                    lose_power(stage);
                    pass(stage, RESTART_AFTER).await?;
                    continue;
                }
                // The service manager tries again.
                Err(error) if error.kind == JournalErrorKind::Full && stage.now() < stage.end => {
                    stage.note(&format!("the process did not start: {error}"));
                    pass(stage, RESTART_AFTER).await?;
                    continue;
                }
                Err(error) => return Err(format!("the journal does not open: {error}")),
            };
            let life = Life::new(Arc::clone(&stage.fate), stage.storage.disk.clone(), storage);
            match self.live(stage, &journal, &life).await? {
                LifeEnd::Died(_) | LifeEnd::GaveUp(_) if !life.has_power() => {
                    lose_power(stage);
                    bury(stage, journal).await?;
                    pass(stage, RESTART_AFTER).await?;
                }
                LifeEnd::Over(failures) => {
                    self.failures = failures;
                    return self.curtain(stage, journal).await.map_err(|error| error.to_string());
                }
                LifeEnd::Died(down_for) => {
                    stage.counters.add("kills", 1);
                    stage.storage.disk.kill();
                    bury(stage, journal).await?;
                    pass(stage, down_for).await?;
                }
                LifeEnd::LostPower(down_for) => {
                    stage.storage.disk.power_loss();
                    lose_power(stage);
                    bury(stage, journal).await?;
                    pass(stage, down_for).await?;
                }
                LifeEnd::Restarting(down_for) => {
                    drop(alone(journal).await?);
                    pass(stage, down_for).await?;
                }
                LifeEnd::GaveUp(error) => {
                    stage.note(&format!("the process ended: {error}"));
                    drop(alone(journal).await?);
                    pass(stage, RESTART_AFTER).await?;
                }
            }
        }
    }

    async fn live(
        &mut self,
        stage: &mut Stage<'_>,
        journal: &Arc<SqliteJournal>,
        life: &Arc<Life>,
    ) -> Result<LifeEnd, String> {
        let board = Board::new();
        let (stop, board_of_plant) = (Stop::new(), board.clone());
        let plant = stage.plant(Arc::clone(journal) as Arc<dyn Journal>, life, board_of_plant)?;
        let mode = match stage.scenario.mode {
            Mode::Follow => wire::Mode::Follow,
            Mode::Once => wire::Mode::Once { since: None, until: None },
        };
        let told = stop.clone();
        let mut running: Running = Box::pin(async move { wire::run(plant, mode, &told).await });
        let mut going = None;
        let ended = loop {
            let next_event = stage.ahead.front().map_or(stage.end, |(at, _)| (*at).min(stage.end));
            let wake = if going.is_some() { stage.end } else { next_event };
            let nap = wake.since(stage.now());
            tokio::select! {
                biased;
                () = life.death() => break LifeEnd::Died(restart_after(stage)),
                ended = &mut running => break match (ended, going.take()) {
                    (Ok(_), Some(Going::Restart(down_for))) => LifeEnd::Restarting(down_for),
                    (Ok(failures), _) => LifeEnd::Over(failures),
                    (Err(error), _) => LifeEnd::GaveUp(error),
                },
                () = stage.true_time.sleep(nap) => {}
            }
            let now = stage.now();
            if now >= stage.end {
                match (stage.scenario.mode, &going) {
                    (Mode::Once, _) => return Err("the collection did not end in its time".to_owned()),
                    (_, Some(_)) => return Err(format!("it did not stop within {STOP_WITHIN:?}")),
                    (Mode::Follow, None) => {
                        stop.stop();
                        going = Some(Going::Over);
                        stage.end = now + STOP_WITHIN;
                    }
                }
            }
            if stage.ahead.front().is_some_and(|(at, _)| *at <= now) {
                match stage.happen()? {
                    Order::GoOn => {}
                    Order::Kill(down_for) => {
                        life.end();
                        break LifeEnd::Died(down_for);
                    }
                    Order::PowerLoss(down_for) => {
                        life.end();
                        break LifeEnd::LostPower(down_for);
                    }
                    Order::Restart(down_for) => {
                        stop.stop();
                        going = Some(Going::Restart(down_for));
                    }
                }
            }
        };
        self.look(&board);
        drop(running);
        Ok(ended)
    }

    /// Remembers what the board shows.
    fn look(&mut self, board: &Board) {
        self.alarms.extend(board.snapshot().alarms);
        let book = board.health();
        let states = book.states();
        for key in states.keys() {
            self.states_seen.extend(book.history(key).into_iter().map(|change| change.to.word().to_owned()));
        }
        self.last_states = states.values().map(|(state, _)| state.word().to_owned()).collect();
        self.states_seen.extend(self.last_states.iter().cloned());
    }

    async fn curtain(self, stage: &mut Stage<'_>, journal: Arc<SqliteJournal>) -> Result<End, JournalError> {
        let journal =
            alone(journal).await.map_err(|detail| JournalError { kind: JournalErrorKind::InUse, detail })?;
        let reports = journal.report().await?;
        let mut recounts = Vec::new();
        for report in &reports {
            let id = journal.register(&report.key).await?;
            recounts.push(journal.recount(id).await?);
        }
        let newest = *journal.newest().borrow();
        let readers = journal.readers().await?;
        let readers = readers
            .into_iter()
            .map(|(name, place)| (name, place.position.0, place.position == newest))
            .collect();
        let at = match stage.scenario.mode {
            Mode::Follow => stage.now(),
            Mode::Once => crate::stage::START,
        };
        let Self { alarms, states_seen, last_states, failures } = self;
        Ok(End { reports, recounts, readers, alarms, states_seen, last_states, failures, at })
    }
}

/// What a stop is for.
enum Going {
    Over,
    Restart(Duration),
}

fn restart_after(stage: &mut Stage<'_>) -> Duration {
    Duration::from_millis(stage.dice.between(200, 90_000).unsigned_abs())
}

/// Clears the remains of a dead process away; nothing of it reaches the disk any more.
async fn bury(stage: &mut Stage<'_>, journal: Arc<SqliteJournal>) -> Result<(), String> {
    stage.log.mute(true);
    let buried = alone(journal).await.map(drop);
    stage.log.mute(false);
    buried
}

/// The journal's disk has lost power; so have the outputs' disk and the process.
fn lose_power(stage: &mut Stage<'_>) {
    stage.counters.add("power_losses", 1);
    stage.fate.power_is_lost();
    stage.disk.lose_power();
}

/// The journal, once every task of its life is gone.
async fn alone(journal: Arc<SqliteJournal>) -> Result<Arc<SqliteJournal>, String> {
    for _ in 0..1_000 {
        if Arc::strong_count(&journal) == 1 {
            return Ok(journal);
        }
        tokio::task::yield_now().await;
    }
    Err("tasks of an ended process still hold its journal".to_owned())
}

/// Lets time pass without a process.
async fn pass(stage: &mut Stage<'_>, length: Duration) -> Result<(), String> {
    let until = stage.now() + length;
    loop {
        let next = stage.ahead.front().map(|(at, _)| *at).filter(|at| *at <= until);
        let wake = next.unwrap_or(until);
        let nap = wake.since(stage.now());
        stage.true_time.sleep(nap).await;
        if next.is_none() {
            return Ok(());
        }
        // What would end a process finds none.
        stage.happen()?;
    }
}
