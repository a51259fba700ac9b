//! Switches of the login and of the network in between.

use serde::{Deserialize, Serialize};

/// The token endpoints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginSwitches {
    /// Life of a token, in seconds.
    pub token_life_seconds: u32,
    /// Share of token requests that fail with `temporarily_unavailable`.
    pub error_rate: f64,
    /// Share of token requests that get a bare 429 with `Retry-After`.
    pub throttle_rate: f64,
    /// That `Retry-After`, in seconds.
    pub retry_after_seconds: u32,
    /// Share of token requests answered with HTML.
    pub html_rate: f64,
    /// Sign-ins of the workload identity are blocked by conditional access: AADSTS53003.
    pub blocked_by_policy: bool,
    /// The API's service principal is absent from the tenants: AADSTS500011.
    pub resource_missing: bool,
}

impl Default for LoginSwitches {
    fn default() -> Self {
        Self {
            token_life_seconds: 3_599,
            error_rate: 0.0,
            throttle_rate: 0.0,
            retry_after_seconds: 30,
            html_rate: 0.0,
            blocked_by_policy: false,
            resource_missing: false,
        }
    }
}

/// What happens to requests and answers of the API on their way. Rates are shares of requests, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WireSwitches {
    /// Shortest time to the answer, in milliseconds.
    pub latency_ms_min: u32,
    /// Longest time to the answer, in milliseconds.
    pub latency_ms_max: u32,
    /// Answered with 500 AF50000.
    pub error_rate: f64,
    /// Answered with 503, empty.
    pub unavailable_rate: f64,
    /// Answered with 408, empty.
    pub request_timeout_rate: f64,
    /// Answered with 502 and a page of HTML.
    pub html_rate: f64,
    /// Answered with 200 and a page of HTML: a captive portal, or a proxy that wants a sign-in.
    pub portal_rate: f64,
    /// Answered with 401 though the token is good.
    pub unauthorized_rate: f64,
    /// Answered with AF429 though the quota is not used up.
    pub throttle_rate: f64,
    /// The connection is reset instead of an answer.
    pub reset_rate: f64,
    /// Of content: the body ends too early.
    pub truncated_rate: f64,
    /// Of content: the body comes in pieces with pauses.
    pub slow_rate: f64,
    /// Pause between the pieces of a slow body, in milliseconds.
    pub slow_pause_ms: u32,
    /// Pieces of a slow body.
    pub slow_pieces: u32,
    /// `Transfer-Encoding: chunked` instead of `Content-Length`.
    pub chunked: bool,
    /// Content coding, when the request allows it.
    pub coding: Coding,
    /// Added to the `Date` header, in seconds.
    pub date_skew_seconds: i64,
    /// Added to Microsoft's whole clock, in seconds.
    pub clock_skew_seconds: i64,
    /// The next this many requests fail as in an outage.
    pub down_next_requests: u32,
    /// Times of failure.
    pub outages: Vec<Outage>,
}

impl Default for WireSwitches {
    fn default() -> Self {
        Self {
            latency_ms_min: 20,
            latency_ms_max: 120,
            error_rate: 0.0,
            unavailable_rate: 0.0,
            request_timeout_rate: 0.0,
            html_rate: 0.0,
            portal_rate: 0.0,
            unauthorized_rate: 0.0,
            throttle_rate: 0.0,
            reset_rate: 0.0,
            truncated_rate: 0.0,
            slow_rate: 0.0,
            slow_pause_ms: 400,
            slow_pieces: 8,
            chunked: false,
            coding: Coding::Identity,
            date_skew_seconds: 0,
            clock_skew_seconds: 0,
            down_next_requests: 0,
            outages: Vec::new(),
        }
    }
}

/// Content coding of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coding {
    /// As it is.
    Identity,
    /// gzip, when `Accept-Encoding` names it.
    Gzip,
}

/// Microsoft fails for a while, counted from the first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// Begin, in seconds after the first request.
    pub starts_after_seconds: u64,
    /// Length, in seconds.
    pub lasts_seconds: u64,
    /// How it fails.
    pub kind: OutageKind,
    /// Whether the login fails too.
    pub login_too: bool,
}

/// How an outage looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutageKind {
    /// 503 with HTML.
    Unavailable,
    /// 500 AF50000.
    InternalError,
    /// 200 with a page of HTML, as from a captive portal.
    Portal,
    /// Connections are reset.
    Reset,
}
