//! `/readyz`: is the work being done?

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::ConsoleState;

/// `{"ready":false,"reasons":[..]}`.
#[derive(Serialize)]
pub(crate) struct Ready {
    ready: bool,
    reasons: Vec<String>,
}

/// 200 when there is no reason against it, 503 with the reasons otherwise.
pub(crate) async fn readyz(State(state): State<ConsoleState>) -> (StatusCode, Json<Ready>) {
    let reasons = state.readiness.not_ready();
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, reasons }))
}
