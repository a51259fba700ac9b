//! Everything that is not there.

use axum::http::{Method, StatusCode, Uri};

use crate::problem::Problem;

/// Longest path that an answer repeats, in characters.
const MAX_REPEATED_CHARACTERS: usize = 100;

/// 404 for an unknown path.
pub(crate) async fn not_found(uri: Uri) -> Problem {
    // The path alone: a query may carry what should not be repeated.
    let path: String = uri.path().chars().take(MAX_REPEATED_CHARACTERS).collect();
    Problem::of(StatusCode::NOT_FOUND, format!("there is nothing at `{path}`; `/` names the endpoints"))
}

/// 405 for a known path with a method it does not take.
pub(crate) async fn wrong_method(method: Method) -> Problem {
    let method: String = method.as_str().chars().take(MAX_REPEATED_CHARACTERS).collect();
    Problem::of(StatusCode::METHOD_NOT_ALLOWED, format!("`{method}` is not possible here; use `GET`"))
}
