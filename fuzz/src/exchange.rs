//! A conversation over HTTP, written in an input.
//!
//! An input holds answers, divided by lines of `====`. An answer begins with its status and, after it, words for what
//! the network does with it; then come header lines, an empty line, and the body:
//!
//! ```text
//! 200 gzip pieces
//! NextPageUri: https://manage.office.com/next
//!
//! []
//! ====
//! 503 cut
//! ```
//!
//! `gzip`: the body is packed before it is sent. `pieces`: it comes in pieces of a few bytes. `cut`: the connection
//! breaks off after the body. `break`: there is no answer at all.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use trailhound_env::{
    Clock, HttpTransport, Response, SecretSource, SeededEntropy, TransportError, TransportErrorKind,
};
use trailhound_microsoft::{Client, ClientConfig, Cloud, Credential, Endpoints, TokenVersion};
use trailhound_model::Timestamp;

/// The app's secret. With a `~`, as real ones have, so its form-encoded spelling differs.
pub(crate) const SECRET: &str = "q8Q~hunter2.Zx-9_w";
/// The same as it stands in the request's body.
pub(crate) const SECRET_IN_FORM: &str = "q8Q%7Ehunter2.Zx-9_w";
/// The token that a working login host gives.
pub(crate) const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJyb2xlcyI6W119.fuzz-token-of-the-login-host";
pub(crate) const API_HOST: &str = "manage.office.com";
pub(crate) const LOGIN_HOST: &str = "login.microsoftonline.com";

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const APP: &str = "aaaaaaaa-2222-3333-4444-555555555555";
const DIVIDER: &[u8] = b"\n====\n";
const PIECE_BYTES: usize = 7;
/// Most answers of one input.
const MAX_ANSWERS: usize = 12;

/// One answer.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pieces: bool,
    cut: bool,
    broken: bool,
}

impl Answer {
    /// One without headers.
    pub(crate) fn plain(status: u16, body: String) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
            pieces: false,
            cut: false,
            broken: false,
        }
    }

    fn broken() -> Self {
        Self { broken: true, ..Self::plain(200, String::new()) }
    }

    fn read(text: &[u8]) -> Self {
        let (head, body) = divide(text, b"\n\n");
        let mut lines = head.split(|byte| *byte == b'\n');
        let words = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let has = |name: &str| words.split(' ').any(|word| word == name);
        let status = words.split(' ').next().and_then(|word| word.parse().ok());
        Self {
            status: status.filter(|status| (100..1_000).contains(status)).unwrap_or(200),
            headers: lines.filter_map(header).collect(),
            body: if has("gzip") { pack(body) } else { Bytes::copy_from_slice(body) },
            pieces: has("pieces"),
            cut: has("cut"),
            broken: has("break"),
        }
    }

    fn send(self) -> Result<Response, TransportError> {
        let error = || TransportError {
            kind: TransportErrorKind::Interrupted,
            host: "host".to_owned(),
            detail: "words".to_owned(),
        };
        let status = StatusCode::from_u16(self.status).ok().filter(|_| !self.broken).ok_or_else(error)?;
        let size = if self.pieces { PIECE_BYTES } else { self.body.len().max(1) };
        let mut parts: Vec<_> = self.body.chunks(size).map(|part| Ok(self.body.slice_ref(part))).collect();
        if self.cut {
            parts.push(Err(error()));
        }
        Ok(Response { status, headers: self.headers, body: stream::iter(parts).boxed() })
    }
}

/// The answers of an input.
pub(crate) fn answers(data: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut rest = data;
    while !rest.is_empty() && answers.len() < MAX_ANSWERS {
        let (first, after) = divide(rest, DIVIDER);
        answers.push(Answer::read(first));
        rest = after;
    }
    answers
}

/// Bytes packed with gzip.
pub(crate) fn pack(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

/// Before and after the first `divider`.
fn divide<'t>(text: &'t [u8], divider: &[u8]) -> (&'t [u8], &'t [u8]) {
    match text.windows(divider.len()).position(|window| window == divider) {
        Some(at) => (&text[..at], &text[at + divider.len()..]),
        None => (text, &[]),
    }
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
}

/// Which side answers what the input says; the other is well.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hostile {
    Api,
    Login,
    Both,
}

/// A network that answers as an input says and looks at every request.
pub(crate) struct Network {
    hostile: Hostile,
    answers: Mutex<std::vec::IntoIter<Answer>>,
    last: Mutex<Option<Answer>>,
    /// Tokens that were sent, latest last.
    sent_tokens: Mutex<Vec<String>>,
}

impl Network {
    /// The answer that was given last to a request for which the input speaks.
    pub(crate) fn last(&self) -> Option<Answer> {
        self.last.lock().map_or(None, |last| last.clone())
    }

    /// Whether the input has no more to say.
    pub(crate) fn is_done(&self) -> bool {
        self.answers.lock().map_or(true, |answers| answers.as_slice().is_empty())
    }

    pub(crate) fn sent_tokens(&self) -> Vec<String> {
        self.sent_tokens.lock().map_or(Vec::new(), |tokens| tokens.clone())
    }

    fn next(&self) -> Answer {
        let answer = self.answers.lock().ok().and_then(|mut answers| answers.next());
        let answer = answer.unwrap_or_else(Answer::broken);
        if let Ok(mut last) = self.last.lock() {
            *last = Some(answer.clone());
        }
        answer
    }
}

impl HttpTransport for Network {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response, TransportError>> {
        let to_login = check_host(&request);
        if let Some(bearer) = request.headers().get(AUTHORIZATION)
            && let Ok(mut tokens) = self.sent_tokens.lock()
        {
            tokens.push(bearer.to_str().unwrap_or_default().trim_start_matches("Bearer ").to_owned());
        }
        let answer = match (self.hostile, to_login) {
            (Hostile::Api, true) => {
                Answer::plain(200, format!(r#"{{"access_token":"{TOKEN}","expires_in":"3599"}}"#))
            }
            (Hostile::Login, false) => Answer::plain(200, "[]".to_owned()),
            _ => self.next(),
        };
        futures::future::ready(answer.send()).boxed()
    }
}

/// Promise S2: what proves who we are goes to its own host only, as two readers of addresses see it.
fn check_host(request: &Request<Bytes>) -> bool {
    let uri = request.uri();
    let address = uri.to_string();
    let again = url::Url::parse(&address).unwrap_or_else(|error| panic!("`{address}` is sent: {error}"));
    let to_login = uri.host() == Some(LOGIN_HOST);
    let host = if to_login { LOGIN_HOST } else { API_HOST };
    assert_eq!(uri.host(), Some(host), "S2: {address}");
    assert_eq!(again.host_str(), Some(host), "S2: {address}");
    assert_eq!((uri.scheme_str(), again.scheme()), (Some("https"), "https"), "S2: {address}");
    assert!(matches!(uri.port_u16(), None | Some(443)) && again.port().is_none(), "S2: {address}");
    assert!(again.username().is_empty() && again.password().is_none(), "S2: {address}");
    let body = String::from_utf8_lossy(request.body());
    let holds_secret = body.contains(SECRET_IN_FORM) || body.contains(SECRET);
    assert_eq!(holds_secret, to_login, "S2: the secret goes to the login host only: {address}");
    assert_eq!(request.headers().contains_key(AUTHORIZATION), !to_login, "S2: {address}");
    assert!(!address.contains(SECRET) && !address.contains(TOKEN), "S1: {address}");
    to_login
}

/// A clock that moves when it is told to.
#[derive(Default)]
pub(crate) struct HandClock(Mutex<Duration>);

impl HandClock {
    pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_190_400_000);

    pub(crate) fn pass(&self, time: Duration) {
        if let Ok(mut passed) = self.0.lock() {
            *passed += time;
        }
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Self::START + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().map_or(Duration::ZERO, |passed| *passed)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        panic!("the client never waits, least of all for {duration:?}")
    }
}

/// A client on a network that answers as `data` says.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) network: Arc<Network>,
    pub(crate) clock: Arc<HandClock>,
}

impl World {
    pub(crate) fn new(hostile: Hostile, answers: Vec<Answer>) -> Self {
        let network = Arc::new(Network {
            hostile,
            answers: Mutex::new(answers.into_iter()),
            last: Mutex::default(),
            sent_tokens: Mutex::default(),
        });
        let clock = Arc::new(HandClock::default());
        let config = ClientConfig {
            endpoints: Endpoints::of(Cloud::Commercial),
            tenant_id: TENANT.to_owned(),
            client_id: APP.to_owned(),
            credential: Credential::Secret(SecretSource::Literal(SECRET.to_owned().into())),
            publisher_id: None,
            token_version: TokenVersion::V2,
        };
        let entropy = Arc::new(SeededEntropy::new(1));
        let client = Client::new(config, network.clone(), clock.clone(), entropy);
        let client = client.unwrap_or_else(|error| panic!("the configuration is well-formed: {error}"));
        Self { client, network, clock }
    }
}

/// Runs what never waits: the network here answers at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap_or_else(|| panic!("nothing here waits"))
}
