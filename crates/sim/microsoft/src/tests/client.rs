//! A small client for the tests, with parsing of its own.

use bytes::Bytes;
use serde_json::Value;
use trailhound_model::Timestamp;

use crate::{SimConfig, SimMicrosoft, SimResponse, Stream};

pub(super) const ROOT: &str = "http://127.0.0.1:9000";

/// A Friday noon.
pub(super) fn noon() -> Timestamp {
    Timestamp::parse("2026-11-20T12:00:00Z").unwrap()
}

/// One tenant's app, signed in.
pub(super) struct Client {
    pub(super) sim: SimMicrosoft,
    pub(super) tenant: String,
    pub(super) now: Timestamp,
    pub(super) token: String,
}

pub(super) fn json(response: &SimResponse) -> Value {
    serde_json::from_slice(&response.bytes()).unwrap()
}

/// `AF…` of an error.
pub(super) fn code(response: &SimResponse) -> String {
    json(response)["error"]["code"].as_str().unwrap().to_owned()
}

pub(super) fn post(sim: &SimMicrosoft, now: Timestamp, path: &str, body: &str) -> SimResponse {
    let request = http::Request::post(format!("{ROOT}{path}")).body(Bytes::from(body.to_owned())).unwrap();
    sim.handle(now, &request)
}

impl Client {
    pub(super) fn of(sim: SimMicrosoft, now: Timestamp) -> Self {
        let tenant = sim.config().tenants[0].clone();
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&resource=https://manage.office.com",
            tenant.client_id, tenant.client_secret
        );
        let path = format!("/{}/oauth2/token", tenant.tenant_id);
        let token = (0..50)
            .find_map(|_| {
                let response = post(&sim, now, &path, &body);
                response
                    .status
                    .is_success()
                    .then(|| json(&response)["access_token"].as_str().unwrap().to_owned())
            })
            .unwrap();
        Self { sim, tenant: tenant.tenant_id, now, token }
    }

    /// Signed in and subscribed to everything.
    pub(super) fn subscribed(config: SimConfig) -> Self {
        let client = Self::of(SimMicrosoft::new(config), noon());
        for stream in Stream::ALL {
            client.start(stream);
        }
        client
    }

    pub(super) fn url(&self, rest: &str) -> String {
        format!("{ROOT}/api/v1.0/{}/activity/feed/{rest}", self.tenant)
    }

    pub(super) fn request(&self, method: &str, url: &str, body: &str) -> SimResponse {
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", format!("Bearer {}", self.token))
            .body(Bytes::from(body.to_owned()))
            .unwrap();
        self.sim.handle(self.now, &request)
    }

    pub(super) fn get(&self, rest: &str) -> SimResponse {
        self.request("GET", &self.url(rest), "")
    }

    pub(super) fn start(&self, stream: Stream) -> SimResponse {
        self.request("POST", &self.url(&format!("subscriptions/start?contentType={}", stream.name())), "")
    }

    pub(super) fn content(&self, stream: Stream, from: Timestamp, to: Timestamp) -> SimResponse {
        let (from, to) = (from.to_seconds_string(), to.to_seconds_string());
        let name = stream.name();
        self.get(&format!("subscriptions/content?contentType={name}&startTime={from}&endTime={to}"))
    }

    /// Blobs of a whole listing; `between` runs before each further page.
    pub(super) fn list_all(
        &mut self,
        stream: Stream,
        from: Timestamp,
        to: Timestamp,
        mut between: impl FnMut(&mut Self),
    ) -> Vec<Value> {
        let (mut blobs, mut response) = (Vec::new(), self.content(stream, from, to));
        loop {
            assert_eq!(response.status, 200, "{:?}", response.bytes());
            blobs.extend(json(&response).as_array().unwrap().iter().cloned());
            let Some(next) = response.headers.get("nextpageuri") else { return blobs };
            let next = next.to_str().unwrap().to_owned();
            between(self);
            response = self.request("GET", &next, "");
        }
    }
}
