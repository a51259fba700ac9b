//! The contract of a source: what the pipeline asks of the place that audit records come from.
//!
//! The pipeline does not know Office 365: it knows streams, listings and blobs. An application type brings
//! its own implementation (see `office365.rs`).

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::BoxFuture;
use trailhound_health::CredentialEnd;
use trailhound_model::{Blob, NewChunk, Span, StreamName};

/// Somewhere that publishes blobs of records.
pub trait Source: Send + Sync + 'static {
    /// The streams whose subscription is enabled.
    fn enabled_streams(&self) -> BoxFuture<'_, Result<BTreeSet<StreamName>, SourceError>>;

    /// Enables a stream's subscription. Already enabled is success.
    fn start<'a>(&'a self, stream: &'a StreamName) -> BoxFuture<'a, Result<(), SourceError>>;

    /// One page of the listing of a span; `next` is what the page before gave.
    fn list<'a>(
        &'a self,
        stream: &'a StreamName,
        span: Span,
        next: Option<&'a str>,
    ) -> BoxFuture<'a, Result<SourcePage, SourceError>>;

    /// Opens a blob.
    fn fetch<'a>(
        &'a self,
        stream: &'a StreamName,
        blob: &'a Blob,
    ) -> BoxFuture<'a, Result<Box<dyn BlobReader>, SourceError>>;

    /// Server time minus this machine's, in milliseconds, when known.
    fn clock_offset_millis(&self) -> Option<i64>;

    /// When the credential ends, when known.
    fn credential_ends(&self) -> Option<CredentialEnd> {
        None
    }
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct SourcePage {
    /// What it names.
    pub blobs: Vec<Blob>,
    /// How to ask for the next page; `None` on the last.
    pub next: Option<String>,
}

/// Reads one blob.
pub trait BlobReader: Send {
    /// The next chunk of records; `None` at the verified end. Small blobs are one chunk.
    fn next_chunk(&mut self) -> BoxFuture<'_, Result<Option<NewChunk>, SourceError>>;

    /// Bytes that came over the wire so far.
    fn wire_bytes(&self) -> u64;
}

/// A failed call to a source.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct SourceError {
    /// What to do about it.
    pub reaction: Reaction,
    /// The vendor's code or a short word: `AF20022`, `HTTP 503`, `connect`.
    pub code: String,
    /// What happened: lower case, fits after "failed to".
    pub what: String,
    /// What a person can do.
    pub hint: String,
    /// Where to read more; may be empty.
    pub link: &'static str,
    /// When the server said how long to wait.
    pub retry_after: Option<Duration>,
}

impl SourceError {
    /// Whether no answer came, or none of the service: the network, or what stands in it, failed.
    pub(crate) fn is_network(&self) -> bool {
        const CODES: [&str; 9] =
            ["dns", "connect", "proxy", "tls", "timeout", "interrupted", "network", "redirect", "HTTP 407"];
        CODES.contains(&self.code.as_str())
    }

    /// Whether it says nothing of what was asked for: the network, or an answer that gateways and proxies give.
    pub(crate) fn is_on_the_way(&self) -> bool {
        const CODES: [&str; 6] =
            ["HTTP 408", "HTTP 502", "HTTP 503", "HTTP 504", "malformed-answer", "unknown-coding"];
        self.is_network() || CODES.contains(&self.code.as_str())
    }
}

/// What a failed call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// Again later; says nothing about the request.
    Retry,
    /// Too many requests.
    Throttled,
    /// The subscription is missing or off: start it.
    StartSubscription,
    /// The listing is to be begun anew.
    RestartWindow,
    /// The blob is past its time.
    BlobExpired,
    /// The answer speaks against this blob.
    BlobRefused,
    /// Auditing is switched off in the tenant.
    AuditingOff,
    /// The credential is wrong or has expired.
    Credential,
    /// A permission or consent is missing.
    Permission,
    /// The configuration is wrong (tenant, client id, cloud), or the request is.
    Configuration,
}

impl Reaction {
    /// Whether only a person can change it.
    pub fn needs_a_person(self) -> bool {
        matches!(self, Self::AuditingOff | Self::Credential | Self::Permission | Self::Configuration)
    }

    /// Whether `collect` and `check` end with exit code 4 for it.
    pub fn is_access(self) -> bool {
        matches!(self, Self::Credential | Self::Permission | Self::Configuration)
    }
}
