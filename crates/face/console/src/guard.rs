//! What holds for every exchange: limits before the handler, security headers after it.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;
use crate::{ConsoleState, MAX_BODY_BYTES, REQUEST_TIMEOUT_SECONDS};

/// Nothing is loaded from anywhere, nothing is framed, nothing is kept by caches.
const SECURITY_HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Refuses large bodies, ends slow handlers, adds the security headers.
pub(crate) async fn guard(State(state): State<ConsoleState>, request: Request, next: Next) -> Response {
    let mut response = if declared_body_bytes(&request) > MAX_BODY_BYTES as u64 {
        let detail = format!("a request body may have at most {MAX_BODY_BYTES} bytes");
        Problem::of(StatusCode::PAYLOAD_TOO_LARGE, detail).into_response()
    } else {
        in_time(&state, next.run(request)).await
    };
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn in_time(state: &ConsoleState, answer: impl Future<Output = Response>) -> Response {
    tokio::select! {
        response = answer => response,
        () = state.clock.sleep(Duration::from_secs(REQUEST_TIMEOUT_SECONDS)) => {
            let detail = format!("no answer was ready within {REQUEST_TIMEOUT_SECONDS} seconds; try again");
            Problem::of(StatusCode::GATEWAY_TIMEOUT, detail).into_response()
        }
    }
}

/// What `Content-Length` says. No handler reads a body yet, so one without a length is never read either.
fn declared_body_bytes(request: &Request) -> u64 {
    let length = request.headers().get(header::CONTENT_LENGTH);
    length.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok()).unwrap_or(0)
}
