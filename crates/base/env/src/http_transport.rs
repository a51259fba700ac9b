//! The network as a parameter: one request, one streamed answer.

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use http::{HeaderMap, StatusCode};

/// The bytes of an answer as they come. A body cut short ends with an error, never with a plain end.
pub type Body = BoxStream<'static, Result<Bytes, TransportError>>;

/// An answer whose body has not been read yet.
pub struct Response {
    /// HTTP status.
    pub status: StatusCode,
    /// Header fields; names in lower case.
    pub headers: HeaderMap,
    /// The body as sent: a content coding is *not* undone.
    pub body: Body,
}

/// Sends HTTP requests. Never follows a redirect, never retries, never adds a content coding of its own.
/// Implementations hold the time-outs (connect, first byte, silence between bytes).
pub trait HttpTransport: Send + Sync + 'static {
    /// One exchange.
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// The exchange broke off without an HTTP answer, or in the middle of its body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} ({host}): {detail}")]
pub struct TransportError {
    /// What kind of failure.
    pub kind: TransportErrorKind,
    /// Which host it was about (never with credentials).
    pub host: String,
    /// The library's own words, without URL or header.
    pub detail: String,
}

/// Kinds of transport failures, as far as a person would act differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TransportErrorKind {
    /// The host name has no address.
    #[error("the host name could not be resolved")]
    Dns,
    /// No connection: refused, unreachable, timed out.
    #[error("no connection could be made")]
    Connect,
    /// The proxy refused or could not be reached.
    #[error("the proxy failed")]
    Proxy,
    /// The server's certificate was not accepted.
    #[error("the TLS handshake failed")]
    Tls,
    /// Nothing came within the time allowed.
    #[error("the server did not answer in time")]
    Timeout,
    /// The connection ended in the middle of an answer.
    #[error("the connection broke off")]
    Interrupted,
    /// The answer is longer than the limit.
    #[error("the answer is longer than allowed")]
    TooLong,
    /// Anything else.
    #[error("the exchange failed")]
    Other,
}

/// Reads a whole body of at most `limit_bytes`; longer is [`TransportErrorKind::TooLong`].
pub async fn collect_body(mut body: Body, limit_bytes: usize, host: &str) -> Result<Bytes, TransportError> {
    let mut whole = BytesMut::new();
    while let Some(part) = body.next().await {
        let part = part?;
        if whole.len() + part.len() > limit_bytes {
            return Err(TransportError {
                kind: TransportErrorKind::TooLong,
                host: host.to_owned(),
                detail: format!("more than {limit_bytes} bytes"),
            });
        }
        whole.extend_from_slice(&part);
    }
    Ok(whole.freeze())
}
