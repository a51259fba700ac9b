//! What a failed call means, whether to try again, and what a person can do.

mod answer;
mod scrub;
pub(crate) mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use trailhound_env::{TransportError, TransportErrorKind};

pub(crate) use answer::Answer;
pub(crate) use scrub::{MAX_PAGE_BYTES, page_title, scrub};

use crate::{BlobError, BlobErrorKind};

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Getting a token.
    Token,
    /// Listing the subscriptions.
    Subscriptions,
    /// Starting a subscription.
    Start,
    /// Listing content.
    List,
    /// Fetching a blob.
    Fetch,
}

impl Operation {
    /// Fits after "failed to".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "get a token",
            Self::Subscriptions => "list the subscriptions",
            Self::Start => "start the subscription",
            Self::List => "list content",
            Self::Fetch => "fetch a blob",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the caller should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// Try again later, with growing delays. Nothing was done.
    Retry,
    /// The tenant's quota is used up: everything of this tenant should wait.
    Throttled,
    /// There is no running subscription: start it, then repeat.
    StartSubscription,
    /// The page link is no longer good: list the window from its beginning.
    RestartWindow,
    /// The window is older or longer than allowed, or a clock is wrong.
    FixWindow,
    /// The blob's time is over: a loss to be recorded.
    BlobExpired,
    /// Speaks against this blob: unknown, malformed or unreadable.
    BlobRefused,
    /// The tenant does not record audit events.
    AuditingOff,
    /// The app could not prove who it is.
    Credential,
    /// The app may not do this.
    Permission,
    /// Wrong ids, wrong cloud, or a defect: only a person can help.
    Configuration,
    /// The address is not on the configured host; no token was sent (promise S2).
    HostRefused,
}

/// A failed call of [`crate::Client`]. Never holds a secret or a token (promise S1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// What was being done.
    pub operation: Operation,
    /// `AF20022`, `AADSTS7000215`, `HTTP 503`, `connect`, …: the row of the error table, or the server's
    /// own code when there is no row for it.
    pub code: String,
    /// What to do.
    pub reaction: Reaction,
    /// Why it failed: lower case, a clause.
    pub cause: Box<str>,
    /// What a person can do.
    pub cure: Box<str>,
    /// The vendor's page about it.
    pub link: &'static str,
    /// At most 600 bytes of the server's words, in one line, with its trace and correlation ids; of an HTML page
    /// the title. May be empty.
    pub detail: String,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
}

impl ApiError {
    /// What a person can do next.
    pub fn hint(&self) -> &str {
        &self.cure
    }

    /// Whether credentials or permissions are at fault (the command line's exit code 4).
    pub fn is_credentials(&self) -> bool {
        matches!(self.reaction, Reaction::Credential | Reaction::Permission)
    }

    /// From a row of the table, for failures that are not an answer of the server.
    pub(crate) fn of_row(operation: Operation, code: &str, detail: &str) -> Self {
        let row = table::row(code).unwrap_or(&table::UNKNOWN);
        Self {
            operation,
            code: code.to_owned(),
            reaction: row.reaction,
            cause: row.cause.into(),
            cure: row.cure.into(),
            link: row.link,
            detail: scrub(detail, None),
            retry_after: None,
            status: None,
        }
    }

    pub(crate) fn of_transport(operation: Operation, error: &TransportError) -> Self {
        let code = match error.kind {
            TransportErrorKind::Dns => "dns",
            TransportErrorKind::Connect => "connect",
            TransportErrorKind::Proxy => "proxy",
            TransportErrorKind::Tls => "tls",
            TransportErrorKind::Timeout => "timeout",
            TransportErrorKind::Interrupted => "interrupted",
            TransportErrorKind::TooLong => "too-long",
            TransportErrorKind::Other => "network",
        };
        Self::of_row(operation, code, &format!("{}: {}", error.host, error.detail))
    }
}

impl From<BlobError> for ApiError {
    /// A fetched body that cannot be read, in the terms of the error table.
    fn from(error: BlobError) -> Self {
        let code = match error.kind {
            BlobErrorKind::Truncated => "blob-truncated",
            BlobErrorKind::Invalid => "blob-invalid",
            BlobErrorKind::OverLimit => "blob-over-limit",
            BlobErrorKind::ErrorAnswer => {
                return Answer::new(Operation::Fetch, 200, error.detail.as_bytes()).into_error();
            }
        };
        Self::of_row(Operation::Fetch, code, &error.to_string())
    }
}

/// A failed body of a fetch, in the terms of the error table: for whoever drains [`crate::BlobBody`].
impl From<TransportError> for ApiError {
    fn from(error: TransportError) -> Self {
        Self::of_transport(Operation::Fetch, &error)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (`{}`)", self.operation, self.cause, self.code)?;
        if !self.detail.is_empty() {
            write!(f, "; said: {}", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}
