//! What the handlers may look at.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use trailhound_env::Clock;

/// Tells whether the collector does its work.
pub trait Readiness: Send + Sync + 'static {
    /// Why it does not, in words for an operator and without secrets; empty when it does. Must not block.
    fn not_ready(&self) -> Vec<String>;
}

impl<F: Fn() -> Vec<String> + Send + Sync + 'static> Readiness for F {
    fn not_ready(&self) -> Vec<String> {
        self()
    }
}

/// Everything the console knows; cheap to clone.
#[derive(Clone)]
pub struct ConsoleState {
    pub(crate) metrics: PrometheusHandle,
    pub(crate) readiness: Arc<dyn Readiness>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl ConsoleState {
    /// Joins what the collector lends.
    pub fn new(metrics: PrometheusHandle, readiness: Arc<dyn Readiness>, clock: Arc<dyn Clock>) -> Self {
        Self { metrics, readiness, clock }
    }
}
