//! A Microsoft without content: tokens, five enabled subscriptions, empty listings. Keeps when each stream was
//! polled, so that lateness is told by somebody else than the product.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, DATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use trailhound_env::{Clock, SystemClock};
use trailhound_model::{Timestamp, minutes};

use crate::error::BenchError;
use crate::server::{MAX_REQUEST_BODY_BYTES, listen, parameter};

/// A listing that begins so close to now is a live poll; re-sweeps reach back an hour and more.
const LIVE_REACH: Duration = minutes(21);
/// Where the numbers are asked for.
pub(super) const STATISTICS_PATH: &str = "/statistics";

/// What the server saw since it was last asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Statistics {
    /// Streams that were ever polled.
    pub(super) streams: usize,
    /// Live polls.
    pub(super) polls: u64,
    /// Other listings.
    pub(super) sweeps: u64,
    /// Tokens given.
    pub(super) tokens: u64,
    /// Lists of subscriptions given.
    pub(super) subscriptions: u64,
    /// Connections taken since the start.
    pub(super) connections: u64,
    /// Most connections open at once since the start.
    pub(super) most_open: u64,
    /// Milliseconds between two live polls of one stream.
    pub(super) intervals: Vec<u32>,
}

#[derive(Default)]
struct State {
    clock: SystemClock,
    polled: Mutex<(HashMap<String, Duration>, Statistics)>,
    connections: AtomicU64,
    open: AtomicU64,
    most_open: AtomicU64,
}

/// Prints the port, then serves until the process is killed.
pub(crate) fn run() -> Result<(), BenchError> {
    let runtime = tokio::runtime::Runtime::new().map_err(BenchError::setup("start the server"))?;
    runtime.block_on(async {
        let (listener, _) = listen().await?;
        let state = Arc::new(State::default());
        loop {
            let (stream, _) = listener.accept().await.map_err(BenchError::setup("accept"))?;
            let _ = stream.set_nodelay(true);
            let state = Arc::clone(&state);
            tokio::spawn(async move {
                state.connections.fetch_add(1, Ordering::Relaxed);
                let open = state.open.fetch_add(1, Ordering::Relaxed) + 1;
                state.most_open.fetch_max(open, Ordering::Relaxed);
                let answering = Arc::clone(&state);
                let service = service_fn(move |request| answer(Arc::clone(&answering), request));
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                state.open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    })
}

async fn answer(
    state: Arc<State>,
    request: Request<hyper::body::Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let _ = Limited::new(body, MAX_REQUEST_BODY_BYTES).collect().await;
    let path = head.uri.path();
    let text = if path.ends_with("/token") {
        state.count(|statistics| statistics.tokens += 1);
        // No JWT: what a token says of itself is for people, and not needed to use it.
        format!(
            "{{\"token_type\":\"Bearer\",\"expires_in\":3600,\"access_token\":\"{}\"}}",
            "t".repeat(1_400)
        )
    } else if path.ends_with("/subscriptions/list") {
        state.count(|statistics| statistics.subscriptions += 1);
        SUBSCRIPTIONS.to_owned()
    } else if path.ends_with("/subscriptions/content") {
        state.listed(path, head.uri.query().unwrap_or_default());
        "[]".to_owned()
    } else if path == STATISTICS_PATH {
        serde_json::to_string(&state.taken()).unwrap_or_default()
    } else {
        "{}".to_owned()
    };
    let mut answer = Response::new(Full::new(text.into()));
    answer.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a plain value"));
    debug_assert!(!answer.headers().contains_key(DATE), "hyper adds the date");
    Ok(answer)
}

const SUBSCRIPTIONS: &str = r#"[{"contentType":"Audit.AzureActiveDirectory","status":"enabled","webhook":null},
{"contentType":"Audit.Exchange","status":"enabled","webhook":null},
{"contentType":"Audit.SharePoint","status":"enabled","webhook":null},
{"contentType":"Audit.General","status":"enabled","webhook":null},
{"contentType":"DLP.All","status":"enabled","webhook":null}]"#;

impl State {
    fn count(&self, change: impl FnOnce(&mut Statistics)) {
        change(&mut self.polled.lock().unwrap_or_else(PoisonError::into_inner).1);
    }

    fn listed(&self, path: &str, query: &str) {
        let now = self.clock.monotonic();
        let from = parameter(query, "startTime").and_then(|text| Timestamp::parse(&text).ok());
        let is_live = from.is_some_and(|from| self.clock.now().since(from) < LIVE_REACH);
        let stream = format!("{path}{}", parameter(query, "contentType").unwrap_or_default());
        let mut polled = self.polled.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_live {
            polled.1.sweeps += 1;
            return;
        }
        polled.1.polls += 1;
        if let Some(before) = polled.0.insert(stream, now) {
            let millis = now.saturating_sub(before).as_millis();
            polled.1.intervals.push(u32::try_from(millis).unwrap_or(u32::MAX));
        }
    }

    /// The numbers since they were last taken.
    fn taken(&self) -> Statistics {
        let mut polled = self.polled.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = std::mem::take(&mut polled.1);
        taken.streams = polled.0.len();
        taken.connections = self.connections.load(Ordering::Relaxed);
        taken.most_open = self.most_open.load(Ordering::Relaxed);
        taken
    }
}
