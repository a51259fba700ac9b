//! What the world remembers of one app in one tenant.

use std::sync::Arc;

use trailhound_model::{Timestamp, hours, minutes};

use crate::config::{SimConfig, TenantConfig};
use crate::dice::text_seed;
use crate::events::Population;
use crate::shelf::{Filling, Maker, Shelf};
use crate::source::EventSource;
use crate::stream::Stream;

/// Published blobs, subscriptions, accounts.
pub(crate) struct TenantState {
    pub(crate) population: Arc<Population>,
    tenant_seed: u64,
    history_from: Timestamp,
    pub(crate) shelves: [Shelf; 5],
    pub(crate) subscriptions: [Option<Subscription>; 5],
    pub(crate) accounts: Accounts,
}

/// What a tenant's requests were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Accounts {
    /// Requests of the API.
    pub requests: u64,
    /// Of these: without a valid `PublisherIdentifier`.
    pub without_publisher: u64,
    /// Of these: refused with AF429.
    pub throttled: u64,
    /// Tokens issued.
    pub tokens: u64,
}

/// A subscription of this app to a stream.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) enabled: bool,
    /// `contentCreated` of what it can see: begin, and end if it was stopped.
    pub(crate) spans: Vec<(Timestamp, Option<Timestamp>)>,
    /// Nothing is listed before.
    pub(crate) ready: Timestamp,
    pub(crate) started: Timestamp,
    pub(crate) webhook: Option<serde_json::Value>,
}

impl Subscription {
    pub(crate) fn sees(&self, created: Timestamp) -> bool {
        self.spans.iter().any(|(from, to)| *from <= created && to.is_none_or(|to| created < to))
    }

    pub(crate) fn disable(&mut self, now: Timestamp) {
        self.enabled = false;
        if let Some((_, to @ None)) = self.spans.last_mut() {
            *to = Some(now);
        }
    }

    pub(crate) fn enable(&mut self, now: Timestamp) {
        self.enabled = true;
        self.started = now;
        self.spans.push((now, None));
    }
}

impl TenantState {
    pub(crate) fn new(seed: u64, settings: &TenantConfig, history_from: Timestamp) -> Self {
        let first = |_| {
            settings.subscribed_from_start.then(|| Subscription {
                enabled: true,
                spans: vec![(history_from, None)],
                ready: history_from,
                started: history_from,
                webhook: None,
            })
        };
        Self {
            population: Arc::new(Population::of(seed, settings)),
            tenant_seed: text_seed(&settings.tenant_id),
            history_from,
            shelves: Default::default(),
            subscriptions: Stream::ALL.map(first),
            accounts: Accounts::default(),
        }
    }

    /// Publishes a stream up to `now`.
    pub(crate) fn fill(
        &mut self,
        config: &SimConfig,
        tenant: usize,
        stream: Stream,
        source: Option<&EventSource>,
        (began, now): (Timestamp, Timestamp),
    ) {
        let settings = &config.tenants[tenant];
        let in_file = source.map(|source| source.count(stream));
        let rate = if in_file == Some(0) { 0.0 } else { config.rate(tenant, stream) };
        let filling = Filling {
            seed: config.seed,
            tenant_seed: self.tenant_seed,
            stream,
            events_per_hour: rate,
            character: settings.character,
            auditing: settings.auditing,
            content_life_days: config.feed.content_life_days,
            blobs: &config.blobs,
            records: &config.records,
            pinned: &config.pinned,
        };
        let shelf = &mut self.shelves[stream.index()];
        match in_file.filter(|_| !config.records.restamp) {
            Some(count) => {
                let from = began - hours(u64::from(config.records.spread_hours.max(1)));
                let shares = (tenant, config.tenants.len());
                shelf.fill_from_file((from, began), count, shares, &filling);
            }
            None => shelf.fill(self.history_from, now, &filling),
        }
    }

    /// A first subscription, with what exists already.
    pub(crate) fn subscribe(&mut self, stream: Stream, now: Timestamp, config: &SimConfig, from_file: bool) {
        let file_hours = if from_file { config.records.spread_hours + 1 } else { 0 };
        let back = hours(u64::from(config.feed.back_fill_hours.max(file_hours)));
        let delay = minutes(u64::from(config.feed.first_content_delay_minutes));
        self.subscriptions[stream.index()] = Some(Subscription {
            enabled: true,
            spans: vec![(now - back, None)],
            ready: now + delay,
            started: now,
            webhook: None,
        });
    }

    pub(crate) fn maker<'a>(
        &'a self,
        stream: Stream,
        source: Option<&'a EventSource>,
        without_dlp_values: bool,
    ) -> Maker<'a> {
        let rows = self.shelves[stream.index()].rows();
        Maker { population: &self.population, source, stream, rows, without_dlp_values }
    }
}
