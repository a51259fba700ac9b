//! One request for a token. Sources: "OAuth 2.0 client credentials flow" of the identity platform (both
//! versions of the endpoint); "Use managed identities on a virtual machine to acquire a token".

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use trailhound_env::{SecretError, SecretSource, TransportErrorKind};
use url::Url;
use url::form_urlencoded::Serializer;

use super::{Context, MAX_TOKEN_ANSWER_BYTES, assertion};
use crate::client::{collect_plain, note_server_time, user_agent};
use crate::error::Answer;
use crate::{ApiError, Credential, Operation, TokenVersion, http_date};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Life of a token whose answer does not tell: short, so that it is asked for anew soon.
const UNTOLD_LIFETIME: Duration = Duration::from_mins(5);
/// Longest life that is believed.
const MAX_LIFETIME: Duration = Duration::from_hours(24);
/// The assertion was outside its validity: the clocks differ.
const CLOCK_SKEW_CODE: &str = "AADSTS700024";

/// A token as granted.
pub(super) struct Grant {
    pub(super) access_token: SecretString,
    pub(super) lifetime: Duration,
}

#[derive(Deserialize)]
struct WireGrant {
    access_token: String,
    expires_in: Option<Seconds>,
}

/// Version 1 writes numbers as strings.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Seconds {
    fn read(&self) -> Option<Duration> {
        let seconds = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().ok()?,
        };
        Some(Duration::from_secs(seconds))
    }
}

/// Asks for a token; once more when the answer's `Date` shows that the assertion was dated wrongly.
pub(super) async fn ask(context: &Context<'_>) -> Result<Grant, ApiError> {
    let skew_before = context.skew.millis();
    match ask_once(context).await {
        Err(error) if error.code == CLOCK_SKEW_CODE && context.skew.millis() != skew_before => {
            ask_once(context).await
        }
        other => other,
    }
}

async fn ask_once(context: &Context<'_>) -> Result<Grant, ApiError> {
    let (request, secret) = build(context)?;
    let host = request.uri().host().unwrap_or_default().to_owned();
    let managed = matches!(context.config.credential, Credential::ManagedIdentity { .. });
    let sent = context.transport.send(request).await;
    let response = sent.map_err(|error| match error.kind {
        TransportErrorKind::Connect | TransportErrorKind::Timeout if managed => {
            ApiError::of_row(Operation::Token, "no-managed-identity", &error.to_string())
        }
        _ => ApiError::of_transport(Operation::Token, &error),
    })?;
    let (status, headers) = (response.status, response.headers);
    if !managed {
        note_server_time(context.skew, &headers, context.clock);
    }
    let retry_after = http_date::retry_after(&headers, context.clock.now());
    let body =
        collect_plain(Operation::Token, response.body, &headers, MAX_TOKEN_ANSWER_BYTES, &host).await?;
    if status.is_success() {
        return read_grant(&body);
    }
    let secret = secret.as_ref().map(ExposeSecret::expose_secret);
    Err(Answer { operation: Operation::Token, status: status.as_u16(), body: &body, retry_after, secret }
        .into_error())
}

fn read_grant(body: &[u8]) -> Result<Grant, ApiError> {
    // The body may hold a token: none of it goes into the error.
    let wire: WireGrant = serde_json::from_slice(body)
        .ok()
        .filter(|grant: &WireGrant| is_header_safe(&grant.access_token))
        .ok_or_else(|| {
            let detail = format!("{} bytes without a usable `access_token`", body.len());
            ApiError::of_row(Operation::Token, "malformed-answer", &detail)
        })?;
    let lifetime = wire.expires_in.and_then(|told| told.read()).unwrap_or(UNTOLD_LIFETIME);
    Ok(Grant { access_token: wire.access_token.into(), lifetime: lifetime.min(MAX_LIFETIME) })
}

fn is_header_safe(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The request, and what of it must never be shown.
fn build(context: &Context<'_>) -> Result<(Request<Bytes>, Option<SecretString>), ApiError> {
    if let Credential::ManagedIdentity { client_id } = &context.config.credential {
        return Ok((managed_identity(context, client_id.as_deref())?, None));
    }
    let url = token_url(context)?;
    let (fields, secret) = proof(context, &url)?;
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials").append_pair("client_id", &context.config.client_id);
    let resource = &context.config.endpoints.resource;
    match context.config.token_version {
        TokenVersion::V1 => form.append_pair("resource", resource),
        TokenVersion::V2 => form.append_pair("scope", &format!("{resource}/.default")),
    };
    for (name, value) in &fields {
        form.append_pair(name, value.expose_secret());
    }
    let request = Request::builder()
        .method(Method::POST)
        .uri(url.as_str())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .header(http::header::USER_AGENT, user_agent())
        .body(Bytes::from(form.finish()))
        .map_err(|error| ApiError::of_row(Operation::Token, "network", &error.to_string()))?;
    Ok((request, Some(secret)))
}

fn token_url(context: &Context<'_>) -> Result<Url, ApiError> {
    let config = context.config;
    let path = match config.token_version {
        TokenVersion::V1 => "oauth2/token",
        TokenVersion::V2 => "oauth2/v2.0/token",
    };
    let root = config.endpoints.login.as_str().trim_end_matches('/');
    Url::parse(&format!("{root}/{}/{path}", config.tenant_id))
        .map_err(|error| ApiError::of_row(Operation::Token, "network", &error.to_string()))
}

type Fields = Vec<(&'static str, SecretString)>;

/// The form fields that prove who the app is, and the secret among them.
fn proof(context: &Context<'_>, url: &Url) -> Result<(Fields, SecretString), ApiError> {
    let signed = match &context.config.credential {
        Credential::Secret(source) => {
            let secret = source.read().map_err(|error| unreadable(&error))?;
            return Ok((vec![("client_secret", secret.clone())], secret));
        }
        Credential::FederatedToken(path) => {
            SecretSource::File(path.clone()).read().map_err(|error| unreadable(&error))?
        }
        Credential::Certificate { file, key, password } => {
            let key = super::certificate::load(file, key.as_ref(), password.as_ref())?;
            context.certificate_end.note(key.ends());
            assertion::sign(&key, &context.config.client_id, url.as_str(), context)?
        }
        Credential::ManagedIdentity { .. } => return Ok((Vec::new(), SecretString::default())),
    };
    let fields = vec![("client_assertion_type", ASSERTION_TYPE.into()), ("client_assertion", signed.clone())];
    Ok((fields, signed))
}

fn unreadable(error: &SecretError) -> ApiError {
    ApiError::of_row(Operation::Token, "secret-unreadable", &error.to_string())
}

fn managed_identity(context: &Context<'_>, client_id: Option<&str>) -> Result<Request<Bytes>, ApiError> {
    let endpoints = &context.config.endpoints;
    let mut url = endpoints.managed_identity.clone();
    url.query_pairs_mut()
        .append_pair("api-version", "2018-02-01")
        .append_pair("resource", &endpoints.resource);
    if let Some(client_id) = client_id {
        url.query_pairs_mut().append_pair("client_id", client_id);
    }
    Request::builder()
        .uri(url.as_str())
        .header("Metadata", "true")
        .header(http::header::USER_AGENT, user_agent())
        .body(Bytes::new())
        .map_err(|error| ApiError::of_row(Operation::Token, "network", &error.to_string()))
}
