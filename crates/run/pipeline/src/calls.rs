//! How many calls may be under way at once, whatever the number of streams: connections and file descriptors
//! have a bound.

use tokio::sync::{Semaphore, SemaphorePermit};
use trailhound_ledger::Lane;

/// Listings and looks at subscriptions under way at once in the process. At an answer in 0.2 s that is 1,280 calls a
/// second: 76,800 streams polled each minute.
const MAX_CALLS: usize = 256;
/// Of these for backfill and re-sweeps, so that live polls always find a place.
const MAX_BACK_CALLS: usize = 128;

/// Shared by all streams; places are given in the order of asking.
pub(crate) struct CallRoom {
    all: Semaphore,
    back: Semaphore,
}

/// A place taken, until it is dropped.
pub(crate) struct CallPermit<'a> {
    _all: Option<SemaphorePermit<'a>>,
    _back: Option<SemaphorePermit<'a>>,
}

impl Default for CallRoom {
    fn default() -> Self {
        Self { all: Semaphore::new(MAX_CALLS), back: Semaphore::new(MAX_BACK_CALLS) }
    }
}

impl CallRoom {
    /// Waits for a place.
    pub(crate) async fn enter(&self, lane: Lane) -> CallPermit<'_> {
        // The semaphores are never closed.
        let back = if lane == Lane::Back { self.back.acquire().await.ok() } else { None };
        CallPermit { _all: self.all.acquire().await.ok(), _back: back }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn backfill_leaves_room_for_live_calls_and_all_calls_have_a_bound() {
        let room = CallRoom::default();
        let enter = |lane| room.enter(lane).now_or_never();
        let mut back: Vec<_> = (0..MAX_BACK_CALLS).map(|_| enter(Lane::Back).unwrap()).collect();
        assert!(enter(Lane::Back).is_none());
        let live: Vec<_> = (MAX_BACK_CALLS..MAX_CALLS).map(|_| enter(Lane::Live).unwrap()).collect();
        assert!(enter(Lane::Live).is_none());
        drop(live);
        assert!(enter(Lane::Live).is_some() && enter(Lane::Back).is_none());
        back.pop();
        assert!(enter(Lane::Back).is_some());
    }

    #[test]
    fn places_are_given_in_the_order_of_asking() {
        let room = CallRoom::default();
        let taken: Vec<_> = (0..MAX_CALLS).map(|_| room.enter(Lane::Live).now_or_never().unwrap()).collect();
        let mut waiting: Vec<_> = (0..5_000).map(|_| Box::pin(room.enter(Lane::Live))).collect();
        assert!(waiting.iter_mut().all(|asking| asking.as_mut().now_or_never().is_none()));
        let mut order = Vec::new();
        let mut held: std::collections::VecDeque<_> = taken.into();
        for asking in &mut waiting {
            drop(held.pop_front());
            let served = asking.as_mut().now_or_never();
            order.push(served.is_some());
            held.extend(served);
        }
        assert!(order.iter().all(|served| *served), "somebody was overtaken");
    }
}
