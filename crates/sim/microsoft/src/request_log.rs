//! What was asked: a ring of lines without secrets.

use std::sync::Arc;

use serde::Serialize;
use trailhound_model::Timestamp;

use crate::response::SimResponse;
use crate::world::Exchange;

/// What a request is, in the words of AF429 where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Operation {
    /// A token endpoint.
    Token,
    /// `subscriptions/start`.
    StartSubscription,
    /// `subscriptions/stop`.
    StopSubscription,
    /// `subscriptions/list`.
    ListSubscriptions,
    /// `subscriptions/content`.
    GetContents,
    /// `subscriptions/notifications`.
    GetNotifications,
    /// A blob.
    GetBlob,
    /// `resources/dlpSensitiveTypes`.
    GetSensitiveTypes,
    /// A hostile URI was followed.
    Hostile,
    /// Nothing that exists.
    Unknown,
}

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct RequestLine {
    /// Microsoft's time.
    #[serde(serialize_with = "as_text")]
    pub time: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path and query; tokens and bodies are not kept.
    pub path: String,
    /// HTTP status; 0 for a reset.
    pub status: u16,
    /// Tenant GUID, when known.
    pub tenant: Option<Arc<str>>,
    /// What it is.
    pub operation: Operation,
}

impl RequestLine {
    pub(crate) fn of(exchange: &Exchange<'_>, response: &SimResponse, tenant: Option<Arc<str>>) -> Self {
        let uri = exchange.request.uri();
        Self {
            time: exchange.now,
            method: exchange.request.method().to_string(),
            path: uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string),
            status: if response.reset { 0 } else { response.status.as_u16() },
            tenant,
            operation: exchange.operation,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn as_text<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}
