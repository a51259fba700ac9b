//! The API's operations. Source: "Office 365 Management Activity API reference", sections of the same names.

mod exchange;
mod skew;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method};
use trailhound_env::{Body, Clock, Entropy, HttpTransport, Response};
use trailhound_model::{Blob, Span, Timestamp};
use url::form_urlencoded::Serializer;

pub(crate) use exchange::{collect_plain, user_agent};
pub(crate) use skew::{Skew, note_server_time};

use crate::next_page::follow;
use crate::token::{CertificateEnd, Context, Tokens};
use crate::wire::{WireBlob, WireStarted, WireSubscription};
use crate::{ApiError, ClientConfig, ConfigError, ContentType, NextPage, Operation, TokenInfo};

/// Longest page of a listing, in bytes.
pub const MAX_PAGE_BYTES: usize = 32 << 20;
/// Longest body of an error answer that is read, in bytes.
pub const MAX_ERROR_BODY_BYTES: usize = 64 << 10;

/// The header that links to the next page.
const NEXT_PAGE_HEADER: &str = "nextpageuri";

/// What `start` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// It was not running before.
    New,
    /// It was running, and nothing changed (AF20024).
    AlreadyEnabled,
}

/// A subscription of this app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The content type as the service spelt it.
    pub content_type: String,
    /// The same, when it is one that is known; matched in any case.
    pub known: Option<ContentType>,
    /// Whether content is made. A missing status means that it is.
    pub enabled: bool,
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its blobs, in the service's order. May be empty although there is a next page.
    pub blobs: Vec<Blob>,
    /// `None`: this is the last page.
    pub next: Option<NextPage>,
}

/// A blob's body, not read yet. Feed it to [`crate::BlobDecoder`].
pub struct BlobBody {
    /// Whether the body is compressed with gzip.
    pub gzip: bool,
    /// Bytes on the wire, if told.
    pub content_length: Option<u64>,
    /// The bytes. A body cut short ends with an error.
    pub stream: Body,
}

impl fmt::Debug for BlobBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobBody")
            .field("gzip", &self.gzip)
            .field("content_length", &self.content_length)
            .finish_non_exhaustive()
    }
}

/// The API for one application instance. Shared by its streams; holds one token.
pub struct Client {
    config: ClientConfig,
    /// `{root}/api/v1.0/{tenant}/activity/feed`.
    feed: String,
    publisher_id: String,
    transport: Arc<dyn HttpTransport>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    tokens: Tokens,
    skew: Skew,
    certificate_end: CertificateEnd,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Client {
    /// Checks the configuration; sends nothing.
    pub fn new(
        config: ClientConfig,
        transport: Arc<dyn HttpTransport>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ConfigError> {
        let config = config.checked()?;
        let root = config.endpoints.api.as_str().trim_end_matches('/');
        let feed = format!("{root}/api/v1.0/{}/activity/feed", config.tenant_id);
        let publisher_id = config.publisher_id.clone().unwrap_or_else(|| config.tenant_id.clone());
        let (tokens, skew) = (Tokens::default(), Skew::default());
        let certificate_end = CertificateEnd::default();
        Ok(Self { config, feed, publisher_id, transport, clock, entropy, tokens, skew, certificate_end })
    }

    /// The app's subscriptions, running or not.
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, ApiError> {
        let operation = Operation::Subscriptions;
        let response = self.exchange(operation, Method::GET, &self.url("subscriptions/list", &[])).await?;
        let wire: Vec<WireSubscription> = self.read_list(operation, response).await?;
        let subscription = |wire: WireSubscription| Subscription {
            known: ContentType::parse(&wire.content_type),
            enabled: wire.is_enabled(),
            content_type: wire.content_type,
        };
        Ok(wire.into_iter().map(subscription).collect())
    }

    /// Starts the subscription of a content type, without a webhook. What answers in the service's place (a proxy,
    /// a captive portal) has started nothing: that is an error, and whether it was done is unknown.
    pub async fn start(&self, content_type: ContentType) -> Result<Started, ApiError> {
        let url = self.url("subscriptions/start", &[("contentType", content_type.as_str())]);
        match self.exchange(Operation::Start, Method::POST, &url).await {
            Ok(answer) => self.read_start(answer).await,
            Err(error) if error.code == "AF20024" => Ok(Started::AlreadyEnabled),
            Err(error) => Err(error),
        }
    }

    /// First page of what became available in the span (`contentCreated`, half-open, at most 24 h).
    pub async fn list(&self, content_type: ContentType, span: Span) -> Result<Page, ApiError> {
        let (from, to) = (query_time(span.from), query_time(span.to));
        let url = self.url(
            "subscriptions/content",
            &[("contentType", content_type.as_str()), ("startTime", &from), ("endTime", &to)],
        );
        self.page(&url).await
    }

    /// The page that a link of the service leads to, followed as it was written.
    pub async fn list_next(&self, next: &NextPage) -> Result<Page, ApiError> {
        let url = self.trusted(Operation::List, next.as_str())?;
        self.page(&url).await
    }

    /// Begins to fetch a blob. An error answer is an error here, before any byte of content.
    pub async fn fetch(&self, blob: &Blob) -> Result<BlobBody, ApiError> {
        let operation = Operation::Fetch;
        let url = self.trusted(operation, &blob.uri)?;
        let response = self.exchange(operation, Method::GET, &url).await?;
        let headers = &response.headers;
        if header_text(headers, CONTENT_TYPE.as_str()).to_ascii_lowercase().starts_with("text/html") {
            return Err(self.not_content(operation, response).await);
        }
        let gzip = match header_text(headers, CONTENT_ENCODING.as_str()).to_ascii_lowercase().as_str() {
            "" | "identity" => false,
            "gzip" | "x-gzip" => true,
            other => return Err(ApiError::of_row(operation, "unknown-coding", other)),
        };
        let content_length = header_text(headers, CONTENT_LENGTH.as_str()).parse().ok();
        Ok(BlobBody { gzip, content_length, stream: response.body })
    }

    /// What the current token says of itself; asks for one when there is none.
    pub async fn token_info(&self) -> Result<TokenInfo, ApiError> {
        Ok(self.tokens.get(&self.context()).await?.info.clone())
    }

    /// The server's clock minus this machine's, in milliseconds, as the latest answer told it (to a second).
    pub fn clock_offset_millis(&self) -> Option<i64> {
        self.skew.millis()
    }

    /// When the app's certificate ends, as the file said when it was last read: it is read for every token.
    /// `None` before the first, and for other credentials.
    pub fn certificate_ends(&self) -> Option<Timestamp> {
        self.certificate_end.get()
    }

    fn context(&self) -> Context<'_> {
        Context {
            config: &self.config,
            transport: self.transport.as_ref(),
            clock: self.clock.as_ref(),
            entropy: self.entropy.as_ref(),
            skew: &self.skew,
            certificate_end: &self.certificate_end,
        }
    }

    fn url(&self, operation: &str, fields: &[(&str, &str)]) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(fields).append_pair("PublisherIdentifier", &self.publisher_id);
        format!("{}/{operation}?{}", self.feed, query.finish())
    }

    fn trusted(&self, operation: Operation, address: &str) -> Result<String, ApiError> {
        follow(address, &self.config.endpoints.api, &self.publisher_id).ok_or_else(|| {
            let shown = address.split('?').next().unwrap_or_default();
            ApiError::of_row(operation, "foreign-host", &format!("`{shown}`"))
        })
    }

    async fn page(&self, url: &str) -> Result<Page, ApiError> {
        let operation = Operation::List;
        let response = self.exchange(operation, Method::GET, url).await?;
        let next = match response.headers.get(NEXT_PAGE_HEADER) {
            None => None,
            // A link that is no text must not pass for the last page.
            Some(link) => Some(link.to_str().map_err(|_| {
                ApiError::of_row(operation, "malformed-answer", "the link to the next page is not text")
            })?),
        };
        let next = next.map(str::trim).filter(|link| !link.is_empty()).map(NextPage::new);
        let wire: Vec<WireBlob> = self.read_list(operation, response).await?;
        let blobs = wire.into_iter().map(Blob::try_from).collect::<Result<_, _>>();
        let blobs = blobs.map_err(|what| ApiError::of_row(operation, "malformed-listing", &what))?;
        Ok(Page { blobs, next })
    }

    async fn read_start(&self, response: Response) -> Result<Started, ApiError> {
        let operation = Operation::Start;
        let body =
            collect_plain(operation, response.body, &response.headers, MAX_PAGE_BYTES, self.api_host())
                .await?;
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
        match serde_json::from_slice::<WireStarted>(text) {
            Ok(wire) if wire.is_enabled() => Ok(Started::New),
            Ok(_) => Err(ApiError::of_row(operation, "malformed-answer", "the subscription is not enabled")),
            Err(error) => Err(exchange::not_as_documented(operation, text, &error)),
        }
    }

    async fn read_list<T: serde::de::DeserializeOwned>(
        &self,
        operation: Operation,
        response: Response,
    ) -> Result<Vec<T>, ApiError> {
        let body =
            collect_plain(operation, response.body, &response.headers, MAX_PAGE_BYTES, self.api_host())
                .await?;
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
        serde_json::from_slice(text).map_err(|error| exchange::not_as_documented(operation, text, &error))
    }
}

/// Whole seconds in the form that the reference documents; milliseconds, which the service takes too, only
/// where the span has them.
fn query_time(at: Timestamp) -> String {
    if at.as_millis() % 1_000 == 0 { at.to_seconds_string() } else { at.to_string() }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
}
