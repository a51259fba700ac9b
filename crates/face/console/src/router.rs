//! Paths and their handlers.

use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get};
use axum::{Router, middleware};

use crate::{ConsoleState, MAX_BODY_BYTES, guard, handlers};

/// All endpoints behind their limits.
pub fn router(state: ConsoleState) -> Router {
    Router::new()
        .route("/", get(handlers::home))
        .route("/healthz", get(handlers::healthz))
        .route("/readyz", get(handlers::readyz))
        .route("/metrics", get(handlers::metrics))
        .route("/api/v1/applications", any(handlers::applications))
        .fallback(handlers::not_found)
        .method_not_allowed_fallback(handlers::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(state.clone(), guard::guard))
        .with_state(state)
}

#[cfg(test)]
mod tests;
