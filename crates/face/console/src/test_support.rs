//! What the tests of this crate share.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusBuilder;
use trailhound_env::{Clock, SystemClock};

use crate::ConsoleState;

/// A state with one counter at 7 and the given reasons against being ready.
pub(crate) fn state(reasons: &[&str]) -> ConsoleState {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        let labels = [("application", "contoso"), ("stream", "Audit.Exchange")];
        metrics::counter!("trailhound_records_total", &labels).increment(7);
    });
    let reasons: Vec<String> = reasons.iter().map(|reason| (*reason).to_owned()).collect();
    ConsoleState::new(handle, Arc::new(move || reasons.clone()), clock())
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::default())
}
