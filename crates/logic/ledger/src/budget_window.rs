//! How many requests were sent in the last 60 seconds.

use std::time::Duration;

/// Length of a slot, in milliseconds.
const SLOT_MILLIS: u64 = 500;
/// Slots of a minute, and the one that has just begun: together they cover any 60 seconds up to now.
const SLOTS: usize = 121;

/// A sliding window in slots. It counts up to half a second too much, never too little.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    counts: [u32; SLOTS],
    /// Number of the newest slot since the beginning of the clock.
    newest: u64,
    sum: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { counts: [0; SLOTS], newest: 0, sum: 0 }
    }
}

impl Window {
    /// A request was sent.
    pub(crate) fn add(&mut self, now: Duration) {
        self.advance(now);
        self.counts[place(self.newest)] += 1;
        self.sum += 1;
    }

    /// Requests in the last minute.
    pub(crate) fn count(&mut self, now: Duration) -> u32 {
        self.advance(now);
        self.sum
    }

    /// How long until there is room for one more among `most`; zero: now.
    pub(crate) fn room_in(&mut self, now: Duration, most: u32) -> Duration {
        self.advance(now);
        let mut left = self.sum;
        let mut slot = self.newest.saturating_sub(SLOTS as u64 - 1);
        while left >= most && slot <= self.newest {
            left -= self.counts[place(slot)];
            slot += 1;
        }
        if left == self.sum {
            return Duration::ZERO;
        }
        // The slot before `slot` is gone when the one `SLOTS` after it begins.
        let gone = Duration::from_millis((slot - 1 + SLOTS as u64) * SLOT_MILLIS);
        gone.saturating_sub(now)
    }

    fn advance(&mut self, now: Duration) {
        let slot = u64::try_from(now.as_millis()).unwrap_or(u64::MAX) / SLOT_MILLIS;
        if slot.saturating_sub(self.newest) >= SLOTS as u64 {
            *self = Self { newest: slot, ..Self::default() };
            return;
        }
        while self.newest < slot {
            self.newest += 1;
            let forgotten = std::mem::take(&mut self.counts[place(self.newest)]);
            self.sum -= forgotten;
        }
    }
}

fn place(slot: u64) -> usize {
    usize::try_from(slot % SLOTS as u64).unwrap_or(0)
}
