//! The simulated Microsoft without I/O: a request and the time go in, an answer comes out.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use trailhound_model::{Timestamp, hours};

use crate::calendar;
use crate::config::{Outage, OutageKind, SimConfig};
use crate::dice::Dice;
use crate::quota::Quota;
use crate::request_log::{Operation, RequestLine};
use crate::response::SimResponse;
use crate::source::EventSource;
use crate::stream::Stream;
use crate::tenant_state::TenantState;
use crate::{feed, login, wire};

/// The state of everything at Microsoft. The same seed, requests and instants give the same answers.
pub struct World {
    pub(crate) config: SimConfig,
    pub(crate) source: Option<EventSource>,
    /// By tenant and client id, so that a changed configuration keeps the state of those that stay.
    pub(crate) states: HashMap<(String, String), TenantState>,
    /// By tenant id, in lower case.
    pub(crate) quotas: HashMap<String, Quota>,
    pub(crate) began: Option<Timestamp>,
    pub(crate) latest: Timestamp,
    pub(crate) log: VecDeque<RequestLine>,
    pub(crate) requests: u64,
    pub(crate) stray_tokens: u64,
}

/// A request in the middle of being answered.
pub(crate) struct Exchange<'a> {
    pub(crate) request: &'a http::Request<Bytes>,
    /// Microsoft's time, skew included.
    pub(crate) now: Timestamp,
    /// `http://host:port` as the request named it: what URIs in answers begin with.
    pub(crate) root: String,
    pub(crate) dice: Dice,
    /// Filled in on the way, for the log.
    pub(crate) operation: Operation,
    pub(crate) tenant: Option<usize>,
}

impl World {
    /// A world in which nothing has been asked yet; records come from `source` if there is one.
    pub fn new(config: SimConfig, source: Option<EventSource>) -> Self {
        Self {
            config,
            source,
            states: HashMap::new(),
            quotas: HashMap::new(),
            began: None,
            latest: Timestamp::default(),
            log: VecDeque::new(),
            requests: 0,
            stray_tokens: 0,
        }
    }

    /// Answers a request at an instant. Instants must not go back.
    pub fn handle(&mut self, now: Timestamp, request: &http::Request<Bytes>) -> SimResponse {
        let now = self.microsoft_time(now);
        self.touch(now);
        self.requests += 1;
        let mut exchange = Exchange {
            request,
            now,
            root: root_of(request),
            dice: Dice::of(&[self.config.seed, 0x07e9, self.requests]),
            operation: Operation::Unknown,
            tenant: None,
        };
        let mut response = self.answer(&mut exchange);
        wire::finish(&mut exchange, &self.config, &mut response);
        self.note(&exchange, &response);
        response
    }

    /// Lets time pass without a request; everything due is published.
    pub fn advance(&mut self, now: Timestamp) {
        let now = self.microsoft_time(now);
        self.touch(now);
        for tenant in 0..self.config.tenants.len() {
            self.publish(tenant, now);
        }
    }

    /// Changes switches. What is already published stays as it is.
    pub fn configure(&mut self, change: impl FnOnce(&mut SimConfig)) {
        if self.began.is_some() {
            for tenant in 0..self.config.tenants.len() {
                self.publish(tenant, self.latest);
            }
        }
        change(&mut self.config);
    }

    fn microsoft_time(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_millis(now.as_millis() + self.config.wire.clock_skew_seconds * 1_000)
    }

    fn touch(&mut self, now: Timestamp) {
        self.began.get_or_insert(now);
        self.latest = self.latest.max(now);
    }

    fn answer(&mut self, exchange: &mut Exchange<'_>) -> SimResponse {
        let host = exchange.request.uri().host().unwrap_or("").to_owned();
        if host == self.config.feed.hostile_host {
            return self.stray(exchange);
        }
        let path = exchange.request.uri().path().to_ascii_lowercase();
        let is_login = login::is_token_path(&path);
        exchange.operation = if is_login { Operation::Token } else { Operation::Unknown };
        if let Some(response) = self.outage(exchange.now, is_login) {
            return response;
        }
        if is_login {
            return login::answer(self, exchange);
        }
        feed::answer(self, exchange)
    }

    /// Somebody followed a hostile URI.
    fn stray(&mut self, exchange: &mut Exchange<'_>) -> SimResponse {
        exchange.operation = Operation::Hostile;
        if exchange.request.headers().contains_key(http::header::AUTHORIZATION) {
            self.stray_tokens += 1;
        }
        SimResponse::json_text(200, "[]".to_owned())
    }

    fn outage(&mut self, now: Timestamp, is_login: bool) -> Option<SimResponse> {
        if self.config.wire.down_next_requests > 0 {
            self.config.wire.down_next_requests -= 1;
            return Some(SimResponse::html(503, "Service unavailable"));
        }
        let since = now.since(self.began?);
        let covers = |outage: &&Outage| {
            let from = Duration::from_secs(outage.starts_after_seconds);
            from <= since
                && since < from + Duration::from_secs(outage.lasts_seconds)
                && (outage.login_too || !is_login)
        };
        let outage = self.config.wire.outages.iter().find(covers)?;
        Some(match outage.kind {
            OutageKind::Unavailable => SimResponse::html(503, "Service unavailable"),
            OutageKind::InternalError => feed::errors::internal(),
            OutageKind::Portal => wire::portal(),
            OutageKind::Reset => SimResponse::reset(),
        })
    }

    /// The tenant's state with everything published up to `now`.
    pub(crate) fn publish(&mut self, tenant: usize, now: Timestamp) -> &mut TenantState {
        let began = self.began.unwrap_or(now);
        let settings = &self.config.tenants[tenant];
        let key = (settings.tenant_id.clone(), settings.client_id.clone());
        let seed = self.config.seed;
        let from = began - hours(u64::from(self.config.history_hours));
        let source = self.source.clone();
        let state = self.states.entry(key).or_insert_with(|| TenantState::new(seed, settings, from));
        for stream in Stream::ALL {
            state.fill(&self.config, tenant, stream, source.as_ref(), (began, now));
        }
        state
    }

    fn note(&mut self, exchange: &Exchange<'_>, response: &SimResponse) {
        let tenant = exchange.tenant.and_then(|at| self.config.tenants.get(at));
        let line = RequestLine::of(exchange, response, tenant.map(|t| Arc::from(t.tenant_id.as_str())));
        if self.log.len() >= self.config.request_log_lines.max(1) {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }
}

/// `scheme://host[:port]` from the URI in absolute form, else from `Host`.
fn root_of(request: &http::Request<Bytes>) -> String {
    let uri = request.uri();
    let host = uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| request.headers().get(http::header::HOST).and_then(|value| value.to_str().ok()))
        .unwrap_or("localhost");
    format!("{}://{host}", uri.scheme_str().unwrap_or("http"))
}

/// The headers of Microsoft's servers.
pub(crate) fn api_headers(response: &mut SimResponse, correlation: &str, date: Timestamp) {
    let fixed = [
        ("cache-control", "no-cache"),
        ("pragma", "no-cache"),
        ("expires", "-1"),
        ("server", "Microsoft-IIS/10.0"),
        ("x-aspnet-version", "4.0.30319"),
        ("x-powered-by", "ASP.NET"),
    ];
    let mut taken = std::mem::replace(response, SimResponse::empty(200));
    for (name, value) in fixed {
        taken = taken.with_header(name, value);
    }
    *response =
        taken.with_header("mise-correlation-id", correlation).with_header("date", &calendar::http_date(date));
}
