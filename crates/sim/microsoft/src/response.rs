//! What the world answers, before anybody has sent it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// One answer: a head, and a body in parts.
#[derive(Clone, Debug)]
pub struct SimResponse {
    /// HTTP status.
    pub status: StatusCode,
    /// Header fields. `Content-Length` is there unless [`SimResponse::chunked`].
    pub headers: Box<HeaderMap>,
    /// Time from the request to the head.
    pub latency: Duration,
    /// No head at all: the connection is reset after the latency.
    pub reset: bool,
    /// Chunked transfer coding on the wire.
    pub chunked: bool,
    /// The body in order.
    pub body: Vec<BodyPart>,
}

/// A piece of a body, or what happens between pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyPart {
    /// Bytes.
    Data(Bytes),
    /// Nothing for this long.
    Pause(Duration),
    /// The connection ends here, though more was announced.
    Cut,
}

impl SimResponse {
    pub(crate) fn new(status: u16, content_type: &'static str, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_LENGTH, body.len().into());
        if !content_type.is_empty() {
            headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: Box::new(headers),
            latency: Duration::ZERO,
            reset: false,
            chunked: false,
            body: if body.is_empty() { Vec::new() } else { vec![BodyPart::Data(body)] },
        }
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::json_text(status, body.to_string())
    }

    pub(crate) fn json_text(status: u16, body: String) -> Self {
        Self::new(status, "application/json; charset=utf-8", Bytes::from(body))
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::new(status, "", Bytes::new())
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html><html><head><title>{title}</title></head><body><h2>{title}</h2><p>Our services aren't available right now.</p></body></html>"
        );
        Self::new(status, "text/html", Bytes::from(page))
    }

    /// A connection that ends without an answer.
    pub(crate) fn reset() -> Self {
        Self { reset: true, ..Self::empty(502) }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// All bytes of the body, whether it is cut or not.
    pub fn bytes(&self) -> Bytes {
        if let [BodyPart::Data(only)] = self.body.as_slice() {
            return only.clone();
        }
        let parts = self.body.iter().filter_map(|part| match part {
            BodyPart::Data(bytes) => Some(bytes.as_ref()),
            _ => None,
        });
        parts.collect::<Vec<_>>().concat().into()
    }
}
