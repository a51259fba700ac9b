//! The world behind a lock, and the transport that reaches it without a network.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use trailhound_env::{Body, Clock, HttpTransport, Response, TransportError, TransportErrorKind};
use trailhound_model::Timestamp;

use crate::config::SimConfig;
use crate::request_log::RequestLine;
use crate::response::{BodyPart, SimResponse};
use crate::source::EventSource;
use crate::stream::Stream;
use crate::tenant_state::Accounts;
use crate::truth::{Truth, TruthRecord};
use crate::world::World;

/// A shared [`World`]. Cheap to clone.
#[derive(Clone)]
pub struct SimMicrosoft(Arc<Mutex<World>>);

impl SimMicrosoft {
    /// A world of generated records.
    pub fn new(config: SimConfig) -> Self {
        Self(Arc::new(Mutex::new(World::new(config, None))))
    }

    /// A world of a file's records; see [`crate::RecordSwitches::restamp`].
    pub fn with_events(config: SimConfig, source: EventSource) -> Self {
        Self(Arc::new(Mutex::new(World::new(config, Some(source)))))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request; see [`World::handle`].
    pub fn handle(&self, now: Timestamp, request: &http::Request<Bytes>) -> SimResponse {
        self.world().handle(now, request)
    }

    /// A transport whose every host is this world; latency and pauses pass on `clock`.
    pub fn transport(&self, clock: Arc<dyn Clock>) -> Arc<dyn HttpTransport> {
        Arc::new(SimTransport { sim: self.clone(), clock })
    }

    /// The switches as they stand.
    pub fn config(&self) -> SimConfig {
        self.world().config.clone()
    }

    /// Changes switches while running; what is published stays.
    pub fn configure(&self, change: impl FnOnce(&mut SimConfig)) {
        self.world().configure(change);
    }

    /// Lets time pass; everything due is published.
    pub fn advance(&self, now: Timestamp) {
        self.world().advance(now);
    }

    /// An administrator disables the subscriptions of a tenant to a stream; a later start enables them again.
    pub fn disable_subscription(&self, tenant_id: &str, stream: Stream) {
        let mut world = self.world();
        let now = world.latest;
        for ((tenant, _), state) in &mut world.states {
            if tenant.eq_ignore_ascii_case(tenant_id)
                && let Some(known) = &mut state.subscriptions[stream.index()]
            {
                known.disable(now);
            }
        }
    }

    /// What was published until the latest instant that the world has seen. Makes every record anew to hash it.
    pub fn truth(&self) -> Truth {
        self.world().truth()
    }

    /// The bytes of a record as published.
    pub fn raw(&self, truth: &Truth, record: &TruthRecord) -> String {
        let mut out = String::new();
        self.world().raw_into(&mut out, truth, record);
        out
    }

    /// The latest requests, oldest first.
    pub fn requests(&self) -> Vec<RequestLine> {
        self.world().log.iter().cloned().collect()
    }

    /// Accounts by tenant id and client id, in the order of the configuration.
    pub fn accounts(&self) -> Vec<(String, String, Accounts)> {
        let world = self.world();
        let keys = world.config.tenants.iter().map(|t| (t.tenant_id.clone(), t.client_id.clone()));
        keys.map(|key| {
            let accounts = world.states.get(&key).map(|state| state.accounts).unwrap_or_default();
            (key.0, key.1, accounts)
        })
        .collect()
    }

    /// How many times a token was sent to the hostile host (promise S2: never).
    pub fn tokens_leaked(&self) -> u64 {
        self.world().stray_tokens
    }
}

struct SimTransport {
    sim: SimMicrosoft,
    clock: Arc<dyn Clock>,
}

impl HttpTransport for SimTransport {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let host = request.uri().host().unwrap_or("").to_owned();
            let response = self.sim.handle(self.clock.now(), &request);
            self.clock.sleep(response.latency).await;
            if response.reset {
                return Err(interrupted(&host, "connection reset by peer"));
            }
            let body = in_process_body(response.body, self.clock.clone(), host);
            Ok(Response { status: response.status, headers: *response.headers, body })
        }
        .boxed()
    }
}

fn interrupted(host: &str, detail: &str) -> TransportError {
    TransportError { kind: TransportErrorKind::Interrupted, host: host.to_owned(), detail: detail.to_owned() }
}

/// Largest piece of a body at once, in bytes: a real connection does not give more either.
const PIECE_BYTES: usize = 64 << 10;

fn in_process_body(parts: Vec<BodyPart>, clock: Arc<dyn Clock>, host: String) -> Body {
    let parts: VecDeque<BodyPart> = parts.into();
    stream::unfold(parts, move |mut parts| {
        let (clock, host) = (clock.clone(), host.clone());
        async move {
            loop {
                match parts.pop_front()? {
                    BodyPart::Pause(pause) => clock.sleep(pause.max(Duration::from_millis(1))).await,
                    BodyPart::Cut => {
                        parts.clear();
                        return Some((Err(interrupted(&host, "unexpected end of the body")), parts));
                    }
                    BodyPart::Data(mut bytes) => {
                        if bytes.len() > PIECE_BYTES {
                            let rest = bytes.split_off(PIECE_BYTES);
                            parts.push_front(BodyPart::Data(rest));
                        }
                        return Some((Ok(bytes), parts));
                    }
                }
            }
        }
    })
    .boxed()
}
