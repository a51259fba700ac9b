//! The console's address while the daemon lives.

use std::net::SocketAddr;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::JoinHandle;
use trailhound_console::{ConsoleConfig, ConsoleState};
use trailhound_pipeline::Stop;
use trailhound_pipeline::site::Surroundings;

use super::health::Health;
use crate::failure::Failure;

/// Metrics and health on their address.
pub(crate) struct Console {
    address: SocketAddr,
    stop: Stop,
    serving: JoinHandle<()>,
}

impl Console {
    /// Takes the address and answers on it.
    pub(crate) async fn start(
        listen: SocketAddr,
        metrics: &PrometheusHandle,
        health: &Health,
        around: &Surroundings,
    ) -> Result<Self, Failure> {
        let listener = trailhound_console::bind(&ConsoleConfig { listen, allow_public: false }).await?;
        let address = listener.local_addr().unwrap_or(listen);
        let state = ConsoleState::new(metrics.clone(), Arc::new(health.clone()), Arc::clone(&around.clock));
        let stop = Stop::new();
        let stopped = stop.clone();
        let serving =
            tokio::spawn(async move { trailhound_console::serve(listener, state, stopped.stopped()).await });
        Ok(Self { address, stop, serving })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets open answers end.
    pub(crate) async fn stop(self) {
        self.stop.stop();
        // A handler that panicked has answered nothing; the process ends all the same.
        let _ = self.serving.await;
    }
}
