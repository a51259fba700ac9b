//! A tenant with a week to backfill and a quota that the product does not know: the real client, journal and
//! planner on the simulated Microsoft, and what was sent, refused and late in each minute.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use trailhound_env::{Clock, SeededEntropy, VirtualClock};
use trailhound_journal::{Journal, JournalConfig, Mode as JournalMode, SqliteJournal};
use trailhound_ledger::Limits;
use trailhound_model::*;
use trailhound_outputs::Output;
use trailhound_outputs::testing::FnOutput;
use trailhound_pipeline::Stop;
use trailhound_pipeline::board::Board;
use trailhound_pipeline::wire::{Mode, Plant, run};
use trailhound_sim_microsoft::{Character, EventsPerHour, QuotaWindow, SimConfig, SimMicrosoft, Stream};

use crate::simulation::{instance, scratch};
use crate::world::START;

const STREAMS: [Stream; 4] =
    [Stream::AzureActiveDirectory, Stream::Exchange, Stream::SharePoint, Stream::General];
const WEEK_SECONDS: u32 = 7 * 24 * 3_600;

/// What to try.
#[derive(Clone)]
pub(crate) struct Trial {
    pub name: &'static str,
    /// Requests a minute, from a minute on.
    pub quotas: Vec<(u32, u32)>,
    pub window: QuotaWindow,
    /// With status 429; 0: status 403 without `Retry-After`.
    pub retry_after_seconds: u32,
    /// Apps registered in the tenant, each collected by an instance of its own.
    pub apps: usize,
    pub lasts_minutes: u32,
    /// Blobs of the week before, of one record each, in all streams of all apps.
    pub backlog_blobs: u32,
    /// Blobs that appear each minute meanwhile, in all streams of all apps.
    pub live_blobs_per_minute: u32,
}

/// One minute of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Minute {
    pub quota: u64,
    pub requests: u64,
    pub throttled: u64,
    /// Blobs that were listed and not yet fetched, at its end.
    pub pending: u64,
}

/// What came of it.
pub(crate) struct Figures {
    pub minutes: Vec<Minute>,
    /// From `contentCreated` to the output, of what appeared meanwhile; ascending.
    pub lags: Vec<Duration>,
}

impl Trial {
    fn config(&self) -> SimConfig {
        let mut config = SimConfig { seed: 21, ..SimConfig::default() };
        config.tenants = SimConfig::default_tenants(self.apps);
        let tenant_id = config.tenants[0].tenant_id.clone();
        let streams = u32::try_from(STREAMS.len() * self.apps).unwrap();
        let each = self.backlog_blobs / streams;
        for tenant in &mut config.tenants {
            tenant.tenant_id.clone_from(&tenant_id);
            tenant.subscribed_from_start = true;
            tenant.character = Character::Flat;
            tenant.events_per_hour = every_stream(f64::from(each) / f64::from(WEEK_SECONDS) * 3_600.0);
        }
        config.blobs.blob_every_seconds = WEEK_SECONDS / each;
        config.blobs.records_per_blob_max = 1;
        config.records.duplicate_rate = 0.0;
        config.feed.quota_per_minute = self.quotas[0].1;
        config.feed.quota_window = self.window;
        config.feed.throttle_retry_after_seconds = self.retry_after_seconds;
        config.feed.throttle_status = if self.retry_after_seconds > 0 { 429 } else { 403 };
        config
    }

    fn quota_at(&self, minute: u32) -> u32 {
        self.quotas.iter().rev().find(|(from, _)| *from <= minute).unwrap().1
    }

    pub(crate) fn run(&self) -> Figures {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let folder = scratch();
        let journal = JournalConfig { mode: JournalMode::Inline, ..JournalConfig::new(folder.path()) };
        runtime.block_on(self.play(journal))
    }

    async fn play(&self, journal: JournalConfig) -> Figures {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(START));
        let sim = SimMicrosoft::new(self.config());
        sim.advance(START);
        let live = self.live_blobs_per_minute as usize * 60 / (STREAMS.len() * self.apps);
        sim.configure(|config| {
            for tenant in &mut config.tenants {
                tenant.events_per_hour = every_stream(live as f64);
            }
        });
        let (board, lags) = (Board::new(), Arc::new(Mutex::new(Vec::new())));
        let name = |app: usize| format!("app-{app}");
        let output = lag_output(Arc::clone(&lags));
        let plant = Plant {
            controls: trailhound_pipeline::by_hand::Controls::default(),
            journal: Arc::new(SqliteJournal::open(journal, Arc::clone(&clock)).unwrap()) as Arc<dyn Journal>,
            clock: Arc::clone(&clock),
            entropy: Arc::new(SeededEntropy::new(3)),
            board: board.clone(),
            instances: (0..self.apps).map(|app| instance(&sim, app, &name(app), &clock, &STREAMS)).collect(),
            outputs: vec![Box::new(output)],
            limits: Limits::daemon(),
        };
        let stop = Stop::new();
        let (end, trial) = (stop.clone(), self.clone());
        let watch = tokio::spawn(async move {
            let minutes = trial.watch(&sim, &clock, &board).await;
            end.stop();
            minutes
        });
        run(plant, Mode::Follow, &stop).await.unwrap();
        let mut lags = std::mem::take(&mut *lags.lock().unwrap());
        lags.sort_unstable();
        Figures { minutes: watch.await.unwrap(), lags }
    }

    async fn watch(&self, sim: &SimMicrosoft, clock: &Arc<dyn Clock>, board: &Board) -> Vec<Minute> {
        let mut minutes: Vec<Minute> = Vec::new();
        let mut before = (0, 0);
        for minute in 0..self.lasts_minutes {
            let quota = self.quota_at(minute);
            sim.configure(|config| config.feed.quota_per_minute = quota);
            clock.sleep((START + Duration::from_mins(u64::from(minute) + 1)).since(clock.now())).await;
            let accounts = sim.accounts();
            let sum = accounts.iter().fold((0, 0), |sum, (.., a)| (sum.0 + a.requests, sum.1 + a.throttled));
            let snapshot = board.snapshot();
            assert_eq!(snapshot.quotas.len(), 1, "one tenant, one budget");
            let status = snapshot.quotas.values().next().unwrap();
            assert_eq!((status.sent, status.throttled), sum, "the board counts as Microsoft does");
            minutes.push(Minute {
                quota: u64::from(quota),
                requests: sum.0 - before.0,
                throttled: sum.1 - before.1,
                pending: snapshot.streams.values().map(|stream| stream.pending_blobs).sum(),
            });
            before = sum;
        }
        minutes
    }
}

impl Figures {
    /// Shares of the quota that were used and of the requests that were throttled, from a minute on, as long
    /// as there was a backlog.
    pub(crate) fn shares(&self, from: usize) -> (f64, f64) {
        let busy: Vec<&Minute> =
            self.minutes.iter().skip(from).take_while(|m| m.pending > m.quota / 4).collect();
        assert!(busy.len() >= 5, "the backlog lasted for {} minutes only", busy.len());
        let sum = |of: fn(&Minute) -> u64| busy.iter().map(|m| of(m)).sum::<u64>() as f64;
        let (requests, throttled) = (sum(|m| m.requests), sum(|m| m.throttled));
        ((requests - throttled) / sum(|m| m.quota), throttled / requests)
    }

    /// How many minutes had a backlog.
    pub(crate) fn busy_minutes(&self) -> usize {
        self.minutes.iter().take_while(|m| m.pending > m.quota / 4).count()
    }

    /// The lag that so many of a hundred live blobs did not exceed.
    pub(crate) fn lag(&self, percent: usize) -> Duration {
        let place = self.lags.len() * percent / 100;
        self.lags[place.min(self.lags.len() - 1)]
    }
}

fn every_stream(rate: f64) -> EventsPerHour {
    EventsPerHour { azure_active_directory: rate, exchange: rate, share_point: rate, general: rate, dlp: 0.0 }
}

/// Accepts everything, and notes how late live blobs are.
fn lag_output(lags: Arc<Mutex<Vec<Duration>>>) -> impl Output {
    FnOutput::new(OutputName::new("lag").unwrap(), move |batch, now| {
        let live = batch.iter().filter(|chunk| START <= chunk.created);
        lags.lock().unwrap().extend(live.map(|chunk| now.since(chunk.created)));
        Ok(())
    })
}
