//! `trailhound run`: the daemon.

mod console;
mod generation;
mod health;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use trailhound_config::Config;
use trailhound_journal::Journal;
use trailhound_ledger::Limits;
use trailhound_pipeline::board::Board;
use trailhound_pipeline::by_hand::Controls;
use trailhound_pipeline::site::{self, Surroundings};
use trailhound_pipeline::telemetry;
use trailhound_pipeline::wire::Plant;

pub(crate) use self::console::Console;
pub(crate) use self::generation::Generation;
pub(crate) use self::health::Health;
use crate::control::ControlServer;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::runtime::block_on;
use crate::setup;
use crate::signals::{Asked, Signals};

/// Time between the lines with numbers.
const NUMBERS_EVERY: Duration = Duration::from_mins(1);

pub(crate) fn run(path: &Path) -> Result<Exit, Failure> {
    let config = setup::load_to_collect(path)?;
    block_on(async {
        let around = setup::surroundings();
        let metrics = install_metrics()?;
        let mut signals = Signals::listen()?;
        let journal = site::open_journal(&config, &around)?;
        let health = Health::new();
        let first = Plan::make(config, &journal, &around).await?;
        let console = Console::start(first.config.console.listen, &metrics, &health, &around).await?;
        let controls = Controls::default();
        let control = {
            let health = health.clone();
            let board = move || health.board();
            ControlServer::start(&first.config.data_dir, &journal, &controls, &around.clock, board)
        };
        let daemon = Daemon { path, journal, around, metrics, health, console, controls, _control: control };
        daemon.go_on(first, &mut signals).await
    })
}

/// Puts the recorder in place that `/metrics` reads.
pub(crate) fn install_metrics() -> Result<PrometheusHandle, Failure> {
    let handle = PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| Failure::new(Exit::Failed, format!("failed to install the metrics: {error}"), ""))?;
    telemetry::describe();
    Ok(handle)
}

/// A configuration that can be run, and what it makes.
struct Plan {
    config: Config,
    plant: Plant,
    board: Board,
}

impl Plan {
    /// Makes it, and tries its outputs.
    async fn make(
        config: Config,
        journal: &Arc<dyn Journal>,
        around: &Surroundings,
    ) -> Result<Self, Failure> {
        let board = Board::new();
        let mut plant = setup::plant(&config, &[], journal, &board, Limits::daemon(), around)?;
        setup::check_outputs(&mut plant, true, around.clock.now()).await?;
        Ok(Self { config, plant, board })
    }
}

struct Daemon<'a> {
    path: &'a Path,
    journal: Arc<dyn Journal>,
    around: Surroundings,
    metrics: PrometheusHandle,
    health: Health,
    console: Console,
    /// The way for orders by hand to the running streams.
    controls: Controls,
    /// Where they come in.
    _control: Option<ControlServer>,
}

impl Daemon<'_> {
    /// Runs plan after plan until a signal ends it.
    async fn go_on(mut self, mut plan: Plan, signals: &mut Signals) -> Result<Exit, Failure> {
        loop {
            let Plan { config, mut plant, board } = plan;
            plant.controls = self.controls.clone();
            self.health.watch(&board);
            tracing::info!(
                applications = config.applications.len(),
                outputs = config.outputs.len(),
                data_dir = %config.data_dir.display(),
                console = %self.console.address(),
                "collecting"
            );
            let mut generation = Generation::start(plant, board, &self.around);
            let next = loop {
                tokio::select! {
                    ended = generation.ended() => return Err(ended),
                    asked = signals.next() => match asked {
                        Asked::Stop => break None,
                        Asked::Reload => if let Some(next) = self.reload(&config).await { break Some(next) },
                    },
                    () = self.around.clock.sleep(NUMBERS_EVERY) => {
                        self.metrics.run_upkeep();
                        generation.log_numbers();
                    }
                }
            };
            tracing::info!("stopping");
            generation.stop(signals, &self.around).await?;
            match next {
                Some(next) => plan = next,
                None => break,
            }
        }
        self.console.stop().await;
        // Only a journal that still answers may be vouched for.
        self.journal.readers().await?;
        tracing::info!("stopped; everything that was counted is in the journal");
        Ok(Exit::Done)
    }

    /// The new plan, when the file can be used; otherwise the old one stays and the log says why.
    async fn reload(&mut self, old: &Config) -> Option<Plan> {
        match self.try_reload(old).await {
            Ok(plan) => {
                tracing::info!(file = %self.path.display(), "configuration read again");
                Some(plan)
            }
            Err(failure) => {
                let hint = failure.hint();
                tracing::error!(file = %self.path.display(), error = failure.what(), hint,
                    "the new configuration is not used; the old one stays");
                None
            }
        }
    }

    async fn try_reload(&mut self, old: &Config) -> Result<Plan, Failure> {
        let config = setup::load_to_collect(self.path)?;
        if config.data_dir != old.data_dir {
            let what = "`data_dir` cannot be changed while the daemon runs";
            return Err(Failure::new(Exit::Usage, what, "stop the daemon, move the folder, start it again"));
        }
        let plan = Plan::make(config, &self.journal, &self.around).await?;
        let listen = plan.config.console.listen;
        if listen != old.console.listen {
            let fresh = Console::start(listen, &self.metrics, &self.health, &self.around).await?;
            std::mem::replace(&mut self.console, fresh).stop().await;
        }
        Ok(plan)
    }
}
