//! `trailhound demo`: simulator, collector and live view in one process.

mod lines;
mod model;
mod screen;
mod view;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use trailhound_config::{Cloud, Config};
use trailhound_ledger::Limits;
use trailhound_model::seconds;
use trailhound_pipeline::Stop;
use trailhound_pipeline::board::Board;
use trailhound_pipeline::site::{self, Surroundings};
use trailhound_sim_microsoft::{EventsPerHour, SimConfig, SimMicrosoft, serve};

use self::model::{Model, Places};
use crate::args::DemoArgs;
use crate::commands::run::{Console, Generation, Health, install_metrics};
use crate::commands::simulate::listen;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::logging::LogPlace;
use crate::output;
use crate::runtime::block_on;
use crate::setup;
use crate::signals::Signals;
use crate::simulator;

/// A demonstration asks for new content more often than one would in earnest.
const POLL_EVERY: Duration = seconds(5);
/// The demonstration's configuration in its folder.
const CONFIG_FILE: &str = "trailhound.toml";
/// Events of each tenant, as multiples of an office of a hundred people.
const EVENTS_SCALE: f64 = 3.0;

pub(crate) fn demo(args: &DemoArgs, log: &LogPlace) -> Result<Exit, Failure> {
    let data = data_dir(args.data.as_deref())?;
    let world_config = world_config(args.tenants);
    let world = simulator::world(world_config.clone(), args.events.as_deref())?;
    block_on(async {
        let around = setup::surroundings();
        let metrics = install_metrics()?;
        let mut signals = Signals::listen()?;
        let simulator = Simulator::start(world, earlier_port(&data), &around).await?;
        let config = configuration(&world_config, simulator.address, &data, args.listen)?;

        let journal = site::open_journal(&config, &around)?;
        let (board, health) = (Board::new(), Health::new());
        health.watch(&board);
        let limits = Limits { poll_every: POLL_EVERY, ..Limits::daemon() };
        let plant = setup::plant(&config, &[], &journal, &board, limits, &around)?;
        let console = Console::start(config.console.listen, &metrics, &health, &around).await?;

        let places = Places::new(&data, console.address(), simulator.address);
        let mut model = Model::new(places, around.clock.monotonic());
        let mut generation = Generation::start(plant, board.clone(), &around);
        let ended =
            screen::show(&mut model, &board, &mut generation, &mut signals, args.ends_after, &around, log)
                .await;
        generation.stop(&mut signals, &around).await?;
        console.stop().await;
        simulator.stop().await;
        model.update(&board.snapshot(), around.clock.monotonic(), around.clock.now());
        output::print(&lines::farewell(&model))?;
        ended.map(|()| Exit::Done)
    })
}

/// Two or three lively offices with a week behind them.
fn world_config(tenants: u16) -> SimConfig {
    let mut config = SimConfig::named("busy").unwrap_or_default();
    simulator::set_tenants(&mut config, tenants);
    for tenant in &mut config.tenants {
        tenant.subscribed_from_start = true;
        tenant.events_per_hour = EventsPerHour::scaled(EVENTS_SCALE);
    }
    config.feed.back_fill_hours = 7 * 24;
    config.records.spread_hours = 7 * 24;
    // Microsoft's quota is 2,000 requests a minute: a week must come in a few thousand blobs to be seen at once.
    config.blobs.blob_every_seconds = 600;
    config
}

fn configuration(
    world: &SimConfig,
    simulator: SocketAddr,
    data: &Path,
    listen: SocketAddr,
) -> Result<Config, Failure> {
    let text = simulator::configuration(world, simulator, &data.display().to_string(), listen);
    let path = data.join(CONFIG_FILE);
    std::fs::write(&path, &text).map_err(|error| {
        Failure::new(Exit::Failed, format!("failed to write `{}`: {error}", path.display()), "")
    })?;
    // Its warnings are about the simulator's secrets, which are none.
    let (config, _) = Config::parse(&text, &path)?;
    Ok(config)
}

/// The given folder, or a new one that nobody else has.
fn data_dir(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => std::env::temp_dir().join(format!("trailhound-demo-{}", std::process::id())),
    };
    let failed = |error: std::io::Error| {
        let what = format!("failed to make the folder `{}`: {error}", path.display());
        Failure::new(Exit::Failed, what, "give another folder with `--data DIR`")
    };
    std::fs::create_dir_all(&path).map_err(failed)?;
    path.canonicalize().map_err(failed)
}

/// The simulator's port in an earlier demonstration with this folder: the journal's pending blobs have it in
/// their addresses.
fn earlier_port(data: &Path) -> Option<u16> {
    let path = data.join(CONFIG_FILE);
    let text = std::fs::read_to_string(&path).ok()?;
    let (config, _) = Config::parse(&text, &path).ok()?;
    match &config.applications.first()?.cloud {
        Cloud::Custom(endpoints) => endpoints.api.port(),
        _ => None,
    }
}

/// The simulated Microsoft on a port of its own.
struct Simulator {
    address: SocketAddr,
    stop: Stop,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Simulator {
    /// Takes the wanted port when it is free, else any.
    async fn start(world: SimMicrosoft, wanted: Option<u16>, around: &Surroundings) -> Result<Self, Failure> {
        let on = |port| listen(SocketAddr::from(([127, 0, 0, 1], port)));
        let listener = match on(wanted.unwrap_or(0)).await {
            Err(_) if wanted.is_some() => on(0).await?,
            bound => bound?,
        };
        let address = listener
            .local_addr()
            .map_err(|error| Failure::new(Exit::Failed, format!("failed to read the port: {error}"), ""))?;
        let stop = Stop::new();
        let (stopped, clock) = (stop.clone(), Arc::clone(&around.clock));
        let serving = tokio::spawn(async move { serve(world, listener, clock, stopped.stopped()).await });
        Ok(Self { address, stop, serving })
    }

    async fn stop(self) {
        self.stop.stop();
        // What the simulator still had to say does not matter any more.
        let _ = self.serving.await;
    }
}
