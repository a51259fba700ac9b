//! The request budget of one tenant, shared by its streams.
//!
//! Microsoft's baseline is 2,000 requests a minute per tenant ("API throttling" in the reference). A token
//! bucket keeps to it; throttling answers pause everybody, longer each time. Live work may use the last
//! tokens, the backlog may not.

use std::time::Duration;

use trailhound_model::{minutes, seconds};

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// The newest minutes.
    Live,
    /// Backfill and re-sweeps.
    Back,
}

/// The numbers of a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetLimits {
    /// Sustained rate.
    pub requests_per_minute: u32,
    /// Tokens that may be saved up.
    pub burst_requests: u32,
    /// Tokens that only live work may use.
    pub live_reserve_requests: u32,
    /// First pause after a throttling answer without `Retry-After`.
    pub pause_first: Duration,
    /// Longest pause.
    pub pause_longest: Duration,
}

impl Default for BudgetLimits {
    fn default() -> Self {
        Self {
            requests_per_minute: 2_000,
            burst_requests: 200,
            live_reserve_requests: 20,
            pause_first: seconds(5),
            pause_longest: minutes(10),
        }
    }
}

impl BudgetLimits {
    /// For a quota of so many requests a minute: a tenth of it may be saved up, a tenth of that is for live
    /// work alone.
    pub fn for_quota(requests_per_minute: u32) -> Self {
        let burst_requests = (requests_per_minute / 10).max(10);
        let live_reserve_requests = burst_requests / 10;
        Self { requests_per_minute, burst_requests, live_reserve_requests, ..Self::default() }
    }
}

/// A token bucket over a monotonic time that the caller gives.
#[derive(Clone, Debug)]
pub struct Budget {
    limits: BudgetLimits,
    tokens: f64,
    filled_at: Duration,
    paused_until: Duration,
    throttles_in_a_row: u32,
}

impl Budget {
    /// A full bucket.
    pub fn new(limits: BudgetLimits) -> Self {
        let tokens = f64::from(limits.burst_requests);
        Self {
            limits,
            tokens,
            filled_at: Duration::ZERO,
            paused_until: Duration::ZERO,
            throttles_in_a_row: 0,
        }
    }

    /// Takes one request at monotonic time `now`, or tells how long to wait before asking again.
    pub fn take(&mut self, now: Duration, lane: Lane) -> Result<(), Duration> {
        self.fill(now);
        let pause = self.paused_until.saturating_sub(now);
        if !pause.is_zero() {
            return Err(pause);
        }
        let reserve = if lane == Lane::Live { 0.0 } else { f64::from(self.limits.live_reserve_requests) };
        if self.tokens >= reserve + 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let missing = reserve + 1.0 - self.tokens;
        Err(Duration::from_secs_f64(missing / self.rate_per_second()).max(Duration::from_millis(1)))
    }

    /// Microsoft answered that there were too many requests.
    pub fn throttled(&mut self, now: Duration, retry_after: Option<Duration>) {
        if now < self.paused_until {
            return; // an answer to a request from before the pause
        }
        let doubled = self.limits.pause_first.saturating_mul(1 << self.throttles_in_a_row.min(10));
        let pause = retry_after.unwrap_or(doubled).min(self.limits.pause_longest);
        self.throttles_in_a_row += 1;
        self.paused_until = now + pause;
        self.tokens = 0.0;
        self.filled_at = self.paused_until;
    }

    /// A request went through.
    pub fn succeeded(&mut self) {
        self.throttles_in_a_row = 0;
    }

    /// Until when (monotonic) nothing is sent; in the past when nothing holds it.
    pub fn paused_until(&self) -> Duration {
        self.paused_until
    }

    fn rate_per_second(&self) -> f64 {
        f64::from(self.limits.requests_per_minute) / 60.0
    }

    fn fill(&mut self, now: Duration) {
        let Some(passed) = now.checked_sub(self.filled_at) else { return };
        let full = f64::from(self.limits.burst_requests);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.rate_per_second()).min(full);
        self.filled_at = now;
    }
}
