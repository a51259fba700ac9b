//! A scripted network: canned answers in order, and the requests that were made.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use trailhound_env::{
    Clock, HttpTransport, Response, SecretSource, SeededEntropy, TransportError, TransportErrorKind,
};
use trailhound_model::Timestamp;

use crate::{Client, ClientConfig, Cloud, Credential, Endpoints, TokenVersion};

pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const APP: &str = "aaaaaaaa-2222-3333-4444-555555555555";

/// One canned answer.
pub(crate) enum Canned {
    Answer(u16, Vec<(&'static str, String)>, Bytes),
    Broken(TransportErrorKind),
}

pub(crate) fn answer(status: u16, body: impl Into<String>) -> Canned {
    Canned::Answer(status, Vec::new(), Bytes::from(body.into()))
}

pub(crate) fn with(status: u16, headers: &[(&'static str, &str)], body: impl Into<Bytes>) -> Canned {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Canned::Answer(status, headers, body.into())
}

pub(crate) fn error(status: u16, code: &str, message: &str) -> Canned {
    answer(status, serde_json::json!({ "error": { "code": code, "message": message } }).to_string())
}

pub(crate) fn token(name: &str) -> Canned {
    answer(200, format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{name}"}}"#))
}

/// A clock that moves when told to.
#[derive(Default)]
pub(crate) struct HandClock(Mutex<Duration>);

impl HandClock {
    pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_190_400_000);

    pub(crate) fn pass(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Self::START + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        panic!("nothing in this crate waits, least of all for {duration:?}")
    }
}

/// The scripted network.
#[derive(Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Canned>>,
    pub(crate) requests: Mutex<Vec<Request<Bytes>>>,
}

impl Script {
    pub(crate) fn then(&self, canned: Canned) {
        self.answers.lock().unwrap().push_back(canned);
    }

    pub(crate) fn then_all(&self, canned: impl IntoIterator<Item = Canned>) {
        self.answers.lock().unwrap().extend(canned);
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| request.uri().to_string()).collect()
    }

    /// The form of a request's body.
    pub(crate) fn form(&self, index: usize) -> Vec<(String, String)> {
        let requests = self.requests.lock().unwrap();
        url::form_urlencoded::parse(requests[index].body()).into_owned().collect()
    }

    pub(crate) fn header(&self, index: usize, name: &str) -> String {
        let requests = self.requests.lock().unwrap();
        requests[index]
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    }

    /// Nothing is left over.
    pub(crate) fn is_done(&self) -> bool {
        self.answers.lock().unwrap().is_empty()
    }
}

impl HttpTransport for Script {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response, TransportError>> {
        let url = request.uri().to_string();
        self.requests.lock().unwrap().push(request);
        let canned = self.answers.lock().unwrap().pop_front();
        async move {
            // Others get their turn first, as on a real network.
            tokio::task::yield_now().await;
            match canned.unwrap_or_else(|| panic!("no answer is prepared for {url}")) {
                Canned::Broken(kind) => {
                    Err(TransportError { kind, host: "host".to_owned(), detail: "words".to_owned() })
                }
                Canned::Answer(status, headers, body) => {
                    let headers = headers.into_iter().map(|(name, value)| {
                        (HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap())
                    });
                    Ok(Response {
                        status: StatusCode::from_u16(status).unwrap(),
                        headers: headers.collect(),
                        body: stream::iter([Ok(body)]).boxed(),
                    })
                }
            }
        }
        .boxed()
    }
}

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) script: Arc<Script>,
    pub(crate) clock: Arc<HandClock>,
}

pub(crate) fn config(credential: Credential) -> ClientConfig {
    ClientConfig {
        endpoints: Endpoints::of(Cloud::Commercial),
        tenant_id: TENANT.to_owned(),
        client_id: APP.to_owned(),
        credential,
        publisher_id: None,
        token_version: TokenVersion::V2,
    }
}

pub(crate) fn secret(text: &str) -> Credential {
    Credential::Secret(SecretSource::Literal(text.to_owned().into()))
}

pub(crate) fn world_of(config: ClientConfig, answers: impl IntoIterator<Item = Canned>) -> World {
    let (script, clock) = (Arc::new(Script::default()), Arc::new(HandClock::default()));
    script.then_all(answers);
    let entropy = Arc::new(SeededEntropy::new(1));
    let client = Client::new(config, script.clone(), clock.clone(), entropy).unwrap();
    World { client, script, clock }
}

/// A client with a plain secret.
pub(crate) fn world(answers: impl IntoIterator<Item = Canned>) -> World {
    world_of(config(secret("s3cret")), answers)
}
