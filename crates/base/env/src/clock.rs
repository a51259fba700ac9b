//! Time as a parameter.

use std::time::Duration;

use futures::future::BoxFuture;
use trailhound_model::Timestamp;

/// Reads and waits for time.
pub trait Clock: Send + Sync + 'static {
    /// The current instant, as this machine believes it.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start; never goes back. For measuring and for rates.
    fn monotonic(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's clock. Needs a tokio runtime with time for [`Clock::sleep`].
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
}

#[expect(clippy::disallowed_methods, reason = "this is the one place where the system clock enters")]
mod system {
    use super::{BoxFuture, Clock, Duration, SystemClock, Timestamp};

    impl Default for SystemClock {
        fn default() -> Self {
            Self { started: std::time::Instant::now() }
        }
    }

    impl Clock for SystemClock {
        fn now(&self) -> Timestamp {
            let since_epoch =
                std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
        }

        fn monotonic(&self) -> Duration {
            self.started.elapsed()
        }

        fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
            Box::pin(tokio::time::sleep(duration))
        }
    }
}

/// Virtual time: tokio's paused clock, told as instants from a chosen start. On a current-thread runtime
/// built with `start_paused(true)`, days pass as fast as the work between them is done.
#[derive(Debug)]
pub struct VirtualClock {
    epoch: Timestamp,
    started: tokio::time::Instant,
}

#[expect(clippy::disallowed_methods, reason = "tokio's paused clock is the virtual time")]
mod virtual_time {
    use super::{BoxFuture, Clock, Duration, Timestamp, VirtualClock};

    impl VirtualClock {
        /// A clock that reads `epoch` now. Call it inside the paused runtime.
        pub fn starting_at(epoch: Timestamp) -> Self {
            Self { epoch, started: tokio::time::Instant::now() }
        }
    }

    impl Clock for VirtualClock {
        fn now(&self) -> Timestamp {
            self.epoch + self.monotonic()
        }

        fn monotonic(&self) -> Duration {
            tokio::time::Instant::now() - self.started
        }

        fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
            Box::pin(tokio::time::sleep(duration))
        }
    }
}
