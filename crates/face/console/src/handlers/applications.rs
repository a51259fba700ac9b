//! `/api/v1/applications`: the registry.

use axum::http::StatusCode;

use crate::problem::Problem;

/// There are no sessions yet, so nobody has one: 401, whatever the method.
pub(crate) async fn applications() -> Problem {
    Problem::of(
        StatusCode::UNAUTHORIZED,
        "this needs a session, and this version of the console has no sign-in yet",
    )
}
