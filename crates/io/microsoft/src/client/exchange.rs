//! One call with a token: headers, the single repetition after a 401, and failures in terms of the table.

use bytes::Bytes;
use futures::StreamExt;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, USER_AGENT,
};
use http::{HeaderMap, Method, Request};
use secrecy::ExposeSecret;
use trailhound_env::{Body, Response, TransportError, TransportErrorKind, collect_body};

use super::{Client, MAX_ERROR_BODY_BYTES, header_text, note_server_time};
use crate::blob::gunzip_limited;
use crate::error::{Answer, MAX_PAGE_BYTES, page_title};
use crate::token::Token;
use crate::{ApiError, Operation, http_date};

impl Client {
    pub(super) fn api_host(&self) -> &str {
        self.config.endpoints.api.host_str().unwrap_or_default()
    }

    /// Sends to an address of the configured host; anything but a 2xx is an error.
    pub(super) async fn exchange(
        &self,
        operation: Operation,
        method: Method,
        url: &str,
    ) -> Result<Response, ApiError> {
        let token = self.tokens.get(&self.context()).await?;
        let response = self.send(operation, &method, url, &token).await?;
        if response.status.as_u16() != 401 {
            return self.accept(operation, response, &token).await;
        }
        // Once: the token may have been withdrawn, or permissions granted since it was made.
        self.tokens.refused(&token).await;
        let token = self.tokens.get(&self.context()).await?;
        let response = self.send(operation, &method, url, &token).await?;
        self.accept(operation, response, &token).await
    }

    async fn send(
        &self,
        operation: Operation,
        method: &Method,
        url: &str,
        token: &Token,
    ) -> Result<Response, ApiError> {
        let broken = |what: String| ApiError::of_row(operation, "network", &what);
        let bearer = format!("Bearer {}", token.value.expose_secret());
        let mut bearer = HeaderValue::try_from(bearer).map_err(|error| broken(error.to_string()))?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, user_agent());
        if operation == Operation::Fetch {
            request = request.header(ACCEPT_ENCODING, "gzip");
        }
        if method == Method::POST {
            request = request.header(CONTENT_LENGTH, "0");
        }
        let request = request.body(Bytes::new()).map_err(|error| broken(error.to_string()))?;
        let sent = self.transport.send(request).await;
        let response = sent.map_err(|error| ApiError::of_transport(operation, &error))?;
        note_server_time(&self.skew, &response.headers, self.clock.as_ref());
        Ok(response)
    }

    async fn accept(
        &self,
        operation: Operation,
        response: Response,
        token: &Token,
    ) -> Result<Response, ApiError> {
        if response.status.is_success() {
            return Ok(response);
        }
        let status = response.status;
        if status.is_redirection() {
            let mut error = ApiError::of_row(operation, "redirect", "");
            error.status = Some(status.as_u16());
            return Err(error);
        }
        let retry_after = http_date::retry_after(&response.headers, self.clock.now());
        // An error's body that breaks off or is too long still has its status.
        let body = first_bytes(response.body, &response.headers).await;
        let secret = Some(token.value.expose_secret());
        Err(Answer { operation, status: status.as_u16(), body: &body, retry_after, secret }.into_error())
    }

    /// A success that is a web page: a captive portal, or a proxy's own page.
    pub(super) async fn not_content(&self, operation: Operation, response: Response) -> ApiError {
        let body = first_bytes(response.body, &response.headers).await;
        let mut error = ApiError::of_row(operation, "malformed-answer", &String::from_utf8_lossy(&body));
        error.status = Some(response.status.as_u16());
        error
    }
}

/// The name under which requests are made.
pub(crate) fn user_agent() -> &'static str {
    concat!("trailhound/", env!("CARGO_PKG_VERSION"))
}

/// A whole body, its content coding undone.
pub(crate) async fn collect_plain(
    operation: Operation,
    body: Body,
    headers: &HeaderMap,
    limit_bytes: usize,
    host: &str,
) -> Result<Bytes, ApiError> {
    let failed = |error: TransportError| ApiError::of_transport(operation, &error);
    let wire = collect_body(body, limit_bytes, host).await.map_err(failed)?;
    match header_text(headers, CONTENT_ENCODING.as_str()).to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(wire),
        "gzip" | "x-gzip" => gunzip_limited(&wire, limit_bytes).ok_or_else(|| {
            let kind = TransportErrorKind::Interrupted;
            failed(TransportError {
                kind,
                host: host.to_owned(),
                detail: "the gzip body is damaged".to_owned(),
            })
        }),
        other => Err(ApiError::of_row(operation, "unknown-coding", other)),
    }
}

/// A success whose body is not what was asked for: an error object after all, or not JSON.
pub(super) fn not_as_documented(operation: Operation, text: &[u8], error: &serde_json::Error) -> ApiError {
    if text.first() == Some(&b'{') {
        let answer = Answer::new(operation, 200, text).into_error();
        if !answer.code.starts_with("HTTP") {
            return answer;
        }
    }
    let page = String::from_utf8_lossy(&text[..text.len().min(MAX_PAGE_BYTES)]);
    let start = String::from_utf8_lossy(&text[..text.len().min(200)]);
    let words = page_title(&page).map_or_else(|| format!("{error}; it begins `{start}`"), str::to_owned);
    let code = if text.first() == Some(&b'[') { "malformed-listing" } else { "malformed-answer" };
    let mut failure = ApiError::of_row(operation, code, &words);
    failure.status = Some(200);
    failure
}

/// As much of an error's body as came, up to the limit.
async fn first_bytes(mut body: Body, headers: &HeaderMap) -> Bytes {
    let mut wire = Vec::new();
    while let Some(Ok(part)) = body.next().await {
        let room = MAX_ERROR_BODY_BYTES - wire.len();
        wire.extend_from_slice(&part[..part.len().min(room)]);
        if wire.len() == MAX_ERROR_BODY_BYTES {
            break;
        }
    }
    let is_gzip = header_text(headers, CONTENT_ENCODING.as_str()).to_ascii_lowercase().ends_with("gzip");
    let plain = is_gzip.then(|| gunzip_limited(&wire, MAX_ERROR_BODY_BYTES)).flatten();
    plain.unwrap_or_else(|| wire.into())
}
