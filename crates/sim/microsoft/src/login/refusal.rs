//! Why a token was refused, as Entra words it.

use serde_json::json;

use crate::calendar;
use crate::response::SimResponse;
use crate::world::Exchange;

/// An `AADSTS` code and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    text: String,
}

impl Refusal {
    pub(crate) fn new(code: u32, text: &str) -> Self {
        Self { code, text: text.to_owned() }
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::new(900_144, &format!("The request body must contain the following parameter: '{field}'."))
    }

    pub(crate) fn malformed(what: &str) -> Self {
        Self::new(9_002_313, &format!("Invalid request. Request is malformed or invalid: {what}."))
    }

    pub(crate) fn no_app(client: &str, tenant: &str) -> Self {
        Self::new(
            700_016,
            &format!(
                "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant."
            ),
        )
    }

    /// HTTP status and `error` of the code.
    fn class(&self) -> (u16, &'static str) {
        match self.code {
            7_000_215 | 7_000_222 | 7_000_218 | 70_002 | 700_027 | 700_024 | 700_023 | 700_021 | 50_012
            | 700_211 | 700_212 | 700_213 | 5_002_723 | 5_002_738 => (401, "invalid_client"),
            700_016 | 700_011 | 70_001 | 7_000_112 => (400, "unauthorized_client"),
            70_003 => (400, "unsupported_grant_type"),
            500_011 | 50_001 => (400, "invalid_resource"),
            70_011 | 1_002_012 | 700_022 => (400, "invalid_scope"),
            53_003 => (400, "invalid_grant"),
            90_033 => (503, "temporarily_unavailable"),
            90_002 => (400, "invalid_tenant"),
            _ => (400, "invalid_request"),
        }
    }

    pub(crate) fn response(&self, exchange: &mut Exchange<'_>) -> SimResponse {
        let (status, error) = self.class();
        let (trace, correlation) = (exchange.dice.guid(), exchange.dice.guid());
        let time = calendar::login_time(exchange.now);
        // Both ways of separating the parts are on the wire.
        let gap = if exchange.dice.below(2) == 0 { "\r\n" } else { " " };
        let description = format!(
            "AADSTS{}: {}{gap}Trace ID: {trace}{gap}Correlation ID: {correlation}{gap}Timestamp: {time}",
            self.code, self.text
        );
        let mut body = json!({
            "error": error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
        });
        if exchange.dice.below(2) == 0 {
            body["error_uri"] = format!("https://login.microsoftonline.com/error?code={}", self.code).into();
        }
        SimResponse::json(status, &body)
    }
}
