//! `trailhound simulate`: Microsoft's API and its login authority on one address.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use trailhound_env::{Clock, SystemClock};
use trailhound_sim_microsoft::{RESERVED, SimConfig, serve};

use crate::args::SimulateArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output;
use crate::runtime::block_on;
use crate::signals::Signals;
use crate::simulator;

pub(crate) fn simulate(args: &SimulateArgs) -> Result<Exit, Failure> {
    refuse_public(args.listen)?;
    let mut config = simulator::scenario(&args.scenario)?;
    if let Some(tenants) = args.tenants {
        simulator::set_tenants(&mut config, tenants);
    }
    config.seed = args.seed.unwrap_or(config.seed);
    let world = simulator::world(config.clone(), args.events.as_deref())?;
    block_on(async {
        let mut signals = Signals::listen()?;
        let listener = listen(args.listen).await?;
        let address = listener.local_addr().unwrap_or(args.listen);
        output::print(&introduction(&config, address, &args.scenario))?;
        tracing::info!(%address, scenario = args.scenario, seed = config.seed, "simulating Microsoft");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        serve(world, listener, clock, signals.stop())
            .await
            .map_err(|error| Failure::new(Exit::Failed, format!("failed to serve: {error}"), ""))?;
        tracing::info!("stopped");
        Ok(Exit::Done)
    })
}

/// It hands out tokens and records to anyone who asks: not beyond this machine.
fn refuse_public(address: SocketAddr) -> Result<(), Failure> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let what = format!("`--listen {address}` could be reached from other machines");
    Err(Failure::new(Exit::Usage, what, "the simulator answers anyone: listen on `127.0.0.1`"))
}

/// Takes an address.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let problem = Problem {
            what: format!("failed to listen on `{address}`: {error}"),
            hint: "choose another port; port 0 takes a free one".to_owned(),
            ..Problem::default()
        };
        Failure::many(Exit::Failed, vec![problem])
    })
}

/// A configuration to paste, with what else can be asked of the address in comments.
fn introduction(config: &SimConfig, address: SocketAddr, scenario: &str) -> String {
    let console = SocketAddr::from(([127, 0, 0, 1], 8365));
    let sample = simulator::configuration(config, address, "trailhound-data", console);
    format!(
        "# Microsoft is simulated on http://{address} (scenario {scenario}, seed {}).\n\
         # API and login: http://{address}\n\
         # Also there, for this machine only: {}\n\
         # A configuration for its tenants; save it as trailhound.toml:\n\n{sample}",
        config.seed,
        RESERVED.join(", "),
    )
}
