//! What is answered to which request.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use serde_json::json;
use trailhound_env::{Clock, SystemClock};
use trailhound_model::{Timestamp, days, hours};

use crate::contestants::{CLIENT_ID, TENANT_ID};
use crate::error::BenchError;
use crate::records::Shapes;
use crate::workload::{self, Blob};

/// All bytes that are ever served.
pub(super) struct Answers {
    listed: Vec<Blob>,
    bodies: HashMap<String, Bytes>,
    clock: SystemClock,
}

impl Answers {
    /// Reads every blob of the folder into memory.
    pub(super) fn load(folder: &Path) -> Result<Self, BenchError> {
        let listed = workload::read_index(folder)?;
        let mut bodies = HashMap::new();
        for blob in &listed {
            let path = workload::blob_path(folder, &blob.content_id);
            let body = std::fs::read(&path).map_err(BenchError::file("read", &path))?;
            bodies.insert(blob.content_id.clone(), body.into());
        }
        Ok(Self { listed, bodies, clock: SystemClock::default() })
    }

    /// The answer to one request.
    pub(super) fn answer(&self, request: &Parts) -> Response<Full<Bytes>> {
        let path = request.uri.path();
        if path.ends_with("/token") {
            return self.token();
        }
        let Some((_, operation)) = path.split_once("/activity/feed/") else { return not_here() };
        match operation {
            "subscriptions/list" => subscriptions(),
            "subscriptions/content" => self.list(request),
            _ => match operation.strip_prefix("audit/").and_then(|id| self.bodies.get(id)) {
                Some(body) => json_answer(body.clone(), true),
                None => not_here(),
            },
        }
    }

    /// A token in the usual form; its signature is nobody's.
    fn token(&self) -> Response<Full<Bytes>> {
        let expires = (self.clock.now() + hours(1)).as_millis() / 1000;
        let claims = json!({
            "aud": "https://manage.office.com", "tid": TENANT_ID, "appid": CLIENT_ID, "exp": expires,
            "roles": ["ActivityFeed.Read", "ActivityFeed.ReadDlp"],
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "RS256", "typ": "JWT" });
        let token = format!("{}.{}.{}", part(&header), part(&claims), URL_SAFE_NO_PAD.encode([0; 256]));
        json_value(&json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": token }))
    }

    /// The blobs of one stream created in `startTime..endTime`, on one page.
    fn list(&self, request: &Parts) -> Response<Full<Bytes>> {
        let query = |name: &str| parameter(request.uri.query().unwrap_or_default(), name);
        let time = |name: &str| query(name).and_then(|text| Timestamp::parse(&text).ok());
        let (Some(stream), Some(from), Some(to)) = (query("contentType"), time("startTime"), time("endTime"))
        else {
            return not_here();
        };
        let root = root(request);
        let found = self.listed.iter().filter(|blob| {
            blob.stream.eq_ignore_ascii_case(&stream) && blob.created >= from && blob.created < to
        });
        let page: Vec<_> = found
            .map(|blob| {
                json!({
                    "contentUri": format!("{root}/api/v1.0/{TENANT_ID}/activity/feed/audit/{}", blob.content_id),
                    "contentId": blob.content_id,
                    "contentType": blob.stream,
                    "contentCreated": blob.created.to_string(),
                    "contentExpiration": (blob.created + days(7)).to_string(),
                })
            })
            .collect();
        json_value(&page.into())
    }
}

fn subscriptions() -> Response<Full<Bytes>> {
    let all = Shapes::streams()
        .map(|stream| json!({ "contentType": stream, "status": "enabled", "webhook": null }));
    json_value(&all.collect::<Vec<_>>().into())
}

fn not_here() -> Response<Full<Bytes>> {
    let error = json!({ "error": { "code": "AF50000", "message": "the bench's server does not know this" } });
    let mut answer = json_value(&error);
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

fn json_value(value: &serde_json::Value) -> Response<Full<Bytes>> {
    json_answer(value.to_string().into(), false)
}

fn json_answer(body: Bytes, gzip: bool) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, "application/json; charset=utf-8".parse().expect("a plain value"));
    if gzip {
        headers.insert(CONTENT_ENCODING, "gzip".parse().expect("a plain value"));
    }
    answer
}

/// `https://127.0.0.1:port`, as the client called it.
fn root(request: &Parts) -> String {
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("https://{host}")
}

/// A query parameter; names in any case.
pub(crate) fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    Some(percent_encoding::percent_decode_str(values.next()?).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_in_any_case_and_decoded() {
        let query = "ContentType=Audit.General&starttime=2026-11-22T10%3A00%3A00";
        assert_eq!(parameter(query, "contentType").as_deref(), Some("Audit.General"));
        assert_eq!(parameter(query, "startTime").as_deref(), Some("2026-11-22T10:00:00"));
        assert_eq!(parameter(query, "endTime"), None);
    }
}
