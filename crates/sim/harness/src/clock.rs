//! The product's clock: virtual time, off by as much as the scenario says.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use trailhound_env::Clock;
use trailhound_model::Timestamp;

/// What the machine under the product believes.
pub(crate) struct MachineClock {
    true_time: Arc<dyn Clock>,
    ahead_millis: AtomicI64,
}

impl MachineClock {
    pub(crate) fn new(true_time: Arc<dyn Clock>, ahead_seconds: i64) -> Self {
        Self { true_time, ahead_millis: AtomicI64::new(ahead_seconds * 1_000) }
    }

    /// Somebody sets the clock.
    pub(crate) fn jump(&self, by_seconds: i64) {
        self.ahead_millis.fetch_add(by_seconds * 1_000, Ordering::Relaxed);
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_millis.load(Ordering::Relaxed);
        Timestamp::from_millis(self.true_time.now().as_millis() + ahead)
    }

    fn monotonic(&self) -> Duration {
        self.true_time.monotonic()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.true_time.sleep(duration)
    }
}
