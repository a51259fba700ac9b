//! Large blobs that take long: the small blobs of others must not wait behind them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use trailhound_env::{Clock, VirtualClock};
use trailhound_ledger::BudgetLimits;
use trailhound_model::*;
use trailhound_pipeline::quota::QuotaKey;
use trailhound_pipeline::source::*;
use trailhound_pipeline::wire::Instance;

use crate::fleet::watched;
use crate::world::{START, chunk};

const STREAM: &str = "Audit.General";
/// More than there are places for fetches.
const LARGE_BLOBS: u64 = 20;
const LARGE_RECORD_BYTES: usize = 3 << 20;
/// What the rest of a large blob takes.
const REST: Duration = Duration::from_mins(8);

/// Publishes a small blob each minute, or had large ones before `START`.
struct Publisher {
    clock: Arc<dyn Clock>,
    large: bool,
    reading: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
}

impl Publisher {
    fn created(&self) -> Vec<Timestamp> {
        if self.large {
            return (0..LARGE_BLOBS).map(|n| START - hours(2) + seconds(n)).collect();
        }
        (1..=120).map(|n| START + minutes(n)).filter(|at| *at < self.clock.now()).collect()
    }

    fn instance(self, name: &str) -> Instance {
        Instance {
            name: InstanceName::new(name).unwrap(),
            start: Some(START - hours(3)),
            source: Arc::new(self),
            streams: [StreamName::new(STREAM).unwrap()].into_iter().collect(),
            poll_every: None,
            budget: BudgetLimits::default(),
            quota: QuotaKey {
                api: "manage.office.com".to_owned(),
                publisher: name.to_owned(),
                tenant: name.to_owned(),
            },
        }
    }
}

impl Source for Publisher {
    fn enabled_streams(&self) -> BoxFuture<'_, Result<BTreeSet<StreamName>, SourceError>> {
        Box::pin(async { Ok([StreamName::new(STREAM).unwrap()].into_iter().collect()) })
    }
    fn start<'a>(&'a self, _: &'a StreamName) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async { Ok(()) })
    }
    fn list<'a>(
        &'a self,
        _: &'a StreamName,
        span: Span,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<SourcePage, SourceError>> {
        let blob = |created: Timestamp| Blob {
            content_id: ContentId::new(&created.as_millis().to_string()),
            uri: String::new(),
            created,
            expires: created + days(7),
        };
        let blobs = self.created().into_iter().filter(|at| span.contains(*at)).map(blob).collect();
        Box::pin(async { Ok(SourcePage { blobs, next: None }) })
    }
    fn fetch<'a>(
        &'a self,
        _: &'a StreamName,
        blob: &'a Blob,
    ) -> BoxFuture<'a, Result<Box<dyn BlobReader>, SourceError>> {
        Box::pin(async move {
            self.clock.sleep(Duration::from_millis(120)).await;
            let filler = "x".repeat(if self.large { LARGE_RECORD_BYTES } else { 1 });
            let first = chunk(&[format!("{{\"Id\":\"{}\",\"Filler\":\"{filler}\"}}", blob.content_id)]);
            let slow = self.large.then(|| Slow {
                clock: Arc::clone(&self.clock),
                reading: Arc::clone(&self.reading),
                most_at_once: Arc::clone(&self.most_at_once),
            });
            let reader: Box<dyn BlobReader> = Box::new(Parts { first: Some(first), slow });
            Ok(reader)
        })
    }
    fn clock_offset_millis(&self) -> Option<i64> {
        None
    }
}

struct Slow {
    clock: Arc<dyn Clock>,
    reading: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
}

/// A first chunk at once, and the end late if the blob is large.
struct Parts {
    first: Option<NewChunk>,
    slow: Option<Slow>,
}

impl BlobReader for Parts {
    fn next_chunk(&mut self) -> BoxFuture<'_, Result<Option<NewChunk>, SourceError>> {
        Box::pin(async {
            if let Some(first) = self.first.take() {
                return Ok(Some(first));
            }
            if let Some(slow) = &self.slow {
                let now = slow.reading.fetch_add(1, Ordering::SeqCst) + 1;
                slow.most_at_once.fetch_max(now, Ordering::SeqCst);
                slow.clock.sleep(REST).await;
                slow.reading.fetch_sub(1, Ordering::SeqCst);
            }
            Ok(None)
        })
    }
    fn wire_bytes(&self) -> u64 {
        1
    }
}

#[test]
fn small_live_blobs_pass_large_ones_that_wait_for_each_other() {
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(START));
    let most_at_once = Arc::new(AtomicUsize::new(0));
    let publisher = |large| Publisher {
        clock: Arc::clone(&clock),
        large,
        reading: Arc::default(),
        most_at_once: Arc::clone(&most_at_once),
    };
    let instances = vec![publisher(true).instance("large"), publisher(false).instance("small")];
    // Twenty, three at a time, eight minutes each: 56 minutes.
    watched(instances, &clock, hours(1) + minutes(5), |seen| {
        let of = |name: &str| {
            let stream = StreamName::new(STREAM).unwrap();
            &seen[&StreamKey { instance: InstanceName::new(name).unwrap(), stream }]
        };
        assert_eq!(of("large").len() as u64, LARGE_BLOBS);
        assert_eq!(most_at_once.load(Ordering::SeqCst), 3);
        assert!(of("small").len() > 60, "{}", of("small").len());
        let longest = of("small").iter().map(|(created, at)| at.since(*created)).max().unwrap();
        assert!(longest < minutes(2), "a small blob waited {longest:?}");
    });
}
