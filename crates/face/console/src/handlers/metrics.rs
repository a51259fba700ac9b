//! `/metrics`: the Prometheus text format, version 0.0.4.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::ConsoleState;

/// Everything that was counted since the start of the process.
pub(crate) async fn metrics(State(state): State<ConsoleState>) -> Response {
    // Moves the histograms' raw samples into their buckets; unasked they would pile up.
    state.metrics.run_upkeep();
    let text = state.metrics.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
