//! The request budget of one instance, waited for by its streams.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use trailhound_env::Clock;
use trailhound_ledger::{Budget, BudgetLimits, Lane};

/// Longest single wait; then the budget is asked again, since a pause may have been lifted.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// Shared by the streams of an instance.
pub(crate) struct Governor {
    budget: Mutex<Budget>,
    clock: Arc<dyn Clock>,
}

impl Governor {
    pub(crate) fn new(limits: BudgetLimits, clock: Arc<dyn Clock>) -> Self {
        Self { budget: Mutex::new(Budget::new(limits)), clock }
    }

    /// Waits until one request may be sent.
    pub(crate) async fn acquire(&self, lane: Lane) {
        loop {
            let taken = self.lock().take(self.clock.monotonic(), lane);
            match taken {
                Ok(()) => return,
                Err(wait) => self.clock.sleep(wait.min(LONGEST_NAP)).await,
            }
        }
    }

    pub(crate) fn throttled(&self, retry_after: Option<Duration>) {
        let now = self.clock.monotonic();
        self.lock().throttled(now, retry_after);
    }

    pub(crate) fn succeeded(&self) {
        self.lock().succeeded();
    }

    fn lock(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
