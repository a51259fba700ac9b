//! The request budget of one quota: how fast to ask, and when to keep still.
//!
//! Microsoft's baseline is 2,000 requests a minute per tenant, more with many seats, and nobody is told how
//! much ("API throttling" in the reference). So the rate begins a little below the baseline and adapts: while
//! all of it is used and nothing is refused it rises, by a step that doubles each minute; a throttling answer
//! puts it just below what was really sent in the minute before. A rate that was refused is tried again
//! later, each time after twice as long, so that probing costs next to nothing. Whether Microsoft counts by the
//! clock's minute or over the last 60 seconds is unknown: no window of either kind sees more than the rate.

use std::time::Duration;

use trailhound_model::{minutes, seconds};

use crate::budget_window::Window;

/// What is asked for, of what is believed to be allowed, when that is a documented or configured number.
const HEADROOM: f64 = 0.97;
/// The rate after a throttling answer, of what was sent in the minute before it.
const KEEP_AFTER_THROTTLE: f64 = 0.96;
/// Least part of the rate that one throttling answer leaves: a stray one on a quiet day says little.
const LEAST_DECREASE_LEAVES: f64 = 0.5;
/// A minute counts as used when so much of its rate was.
const USED_SHARE: f64 = 0.9;
/// First step of the increase, of the rate that the budget began with.
const FIRST_STEP: f64 = 0.025;
/// Largest step of the increase, of the present rate.
const LONGEST_STEP: f64 = 0.25;
/// Used minutes at the beginning before the rate first rises.
const FIRST_HOLD_MINUTES: u32 = 5;
/// Used minutes after a refusal before a higher rate is tried; doubled when it is refused again.
const HOLD_MINUTES: u32 = 20;
/// Most of these minutes.
const LONGEST_HOLD_MINUTES: u32 = 160;
/// A refusal within this factor of the one before says the same.
const SAME_WALL: f64 = 1.1;
/// What may be saved up for a moment, in seconds of the rate: enough to even out timers, too little to matter
/// in a minute.
const BURST_SECONDS: f64 = 2.0;
/// Least that may be saved up: the polls of a tenant's streams come together.
const LEAST_BURST_REQUESTS: f64 = 10.0;
const MINUTE: Duration = minutes(1);

/// The numbers of a budget. Rates are of requests sent.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetLimits {
    /// Where the rate begins.
    pub first_requests_per_minute: f64,
    /// It never rises above this.
    pub most_requests_per_minute: f64,
    /// It never falls below this.
    pub least_requests_per_minute: f64,
    /// Longest first pause after a throttling answer without `Retry-After`; doubled with each further one.
    pub pause_first: Duration,
    /// Longest pause of that kind.
    pub pause_longest: Duration,
}

impl Default for BudgetLimits {
    /// Begins at Microsoft's baseline and may rise to 60,000 a minute, the highest figure that Microsoft ever
    /// documented.
    fn default() -> Self {
        Self {
            first_requests_per_minute: 2_000.0 * HEADROOM,
            most_requests_per_minute: 60_000.0 * HEADROOM,
            least_requests_per_minute: 60.0,
            pause_first: seconds(30),
            pause_longest: minutes(10),
        }
    }
}

impl BudgetLimits {
    /// For a quota that somebody configured: the rate begins there and never rises above it, since whoever
    /// names a number may share the tenant's quota with other collectors. It still falls when refused.
    pub fn for_quota(requests_per_minute: u32) -> Self {
        let rate = (f64::from(requests_per_minute) * HEADROOM).max(1.0);
        let least_requests_per_minute = Self::default().least_requests_per_minute.min(rate);
        Self {
            first_requests_per_minute: rate,
            most_requests_per_minute: rate,
            least_requests_per_minute,
            ..Self::default()
        }
    }

    /// The stricter of two, for instances that share a quota.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        if other.most_requests_per_minute < self.most_requests_per_minute { other } else { self }
    }
}

/// One request that may be sent. Give it back with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Pauses before it was given.
    pauses: u32,
}

/// The adaptive rate of one quota, over a monotonic time that the caller gives. Pure: equal calls, equal
/// answers (promise P1).
#[derive(Clone, Debug)]
pub struct Budget {
    limits: BudgetLimits,
    rate: f64,
    tokens: f64,
    /// When the tokens were last counted; ahead of now during a pause.
    filled_at: Duration,
    window: Window,
    paused_until: Duration,
    /// Pauses so far; tells answers to requests from before the last one.
    pauses: u32,
    throttles_in_a_row: u32,
    /// Since when every answer was a refusal.
    refused_since: Option<Duration>,
    step: f64,
    hold: Hold,
    minute: Minute,
    sent: u64,
    throttled: u64,
}

/// How long the rate stays.
#[derive(Clone, Debug)]
struct Hold {
    /// Used minutes to wait before rising.
    minutes: u32,
    /// Of these: over.
    over: u32,
    /// The rate that was last refused.
    wall: Option<f64>,
}

/// The minute that is being looked at for the increase.
#[derive(Clone, Debug, Default)]
struct Minute {
    began: Duration,
    sent: u32,
    refused: bool,
}

impl Budget {
    /// A budget at its first rate.
    pub fn new(limits: BudgetLimits) -> Self {
        let rate = limits.first_requests_per_minute;
        Self {
            tokens: burst(rate),
            step: rate * FIRST_STEP,
            rate,
            limits,
            filled_at: Duration::ZERO,
            window: Window::default(),
            paused_until: Duration::ZERO,
            pauses: 0,
            throttles_in_a_row: 0,
            refused_since: None,
            hold: Hold { minutes: FIRST_HOLD_MINUTES, over: 0, wall: None },
            minute: Minute::default(),
            sent: 0,
            throttled: 0,
        }
    }

    /// Takes one request at monotonic time `now`, or tells how long to wait before asking again.
    pub fn take(&mut self, now: Duration) -> Result<Ticket, Duration> {
        let wait = self.wait(now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.tokens -= 1.0;
        self.window.add(now);
        self.minute.sent += 1;
        self.sent += 1;
        Ok(Ticket { pauses: self.pauses })
    }

    /// How long until a request may be sent; zero: now.
    pub fn wait(&mut self, now: Duration) -> Duration {
        self.look_back(now);
        self.fill(now);
        let missing = (1.0 - self.tokens).max(0.0);
        let pause = self.filled_at.saturating_sub(now);
        let for_token = pause + Duration::from_secs_f64(missing / self.rate * 60.0);
        for_token.max(self.window.room_in(now, whole(self.rate)))
    }

    /// The request of this ticket went through.
    pub fn succeeded(&mut self, ticket: Ticket) {
        if ticket.pauses == self.pauses {
            self.throttles_in_a_row = 0;
            self.refused_since = None;
        }
    }

    /// The request of this ticket was one too many. `retry_after` is kept to exactly; without it the pause is
    /// the part `fraction` (0 to 1, drawn by the caller) of a time that doubles. Answers to requests from before
    /// the pause belong to the burst that caused it and change nothing, but for a later `retry_after`.
    pub fn throttled(&mut self, now: Duration, ticket: Ticket, retry_after: Option<Duration>, fraction: f64) {
        self.look_back(now);
        self.throttled += 1;
        self.minute.refused = true;
        self.refused_since.get_or_insert(now);
        if let Some(wait) = retry_after {
            self.paused_until = self.paused_until.max(now + wait);
        }
        if ticket.pauses == self.pauses {
            self.pauses = self.pauses.wrapping_add(1);
            if retry_after.is_none() {
                let doubled = self.limits.pause_first.saturating_mul(1 << self.throttles_in_a_row.min(10));
                let pause = doubled.min(self.limits.pause_longest).mul_f64(fraction.clamp(0.0, 1.0));
                self.paused_until = self.paused_until.max(now + pause);
            }
            self.throttles_in_a_row += 1;
            self.decrease(now);
        }
        // One may go at the very end of the pause, to see.
        self.tokens = 1.0;
        self.filled_at = self.paused_until.max(now);
    }

    /// The present rate, in requests a minute.
    pub fn requests_per_minute(&self) -> f64 {
        self.rate
    }

    /// Until when (monotonic) nothing is sent; in the past when nothing holds it.
    pub fn paused_until(&self) -> Duration {
        self.paused_until
    }

    /// Since when (monotonic) requests are refused as too many and none went through; `None`: the latest did.
    pub fn refused_since(&self) -> Option<Duration> {
        self.refused_since
    }

    /// Requests given in the last minute.
    pub fn sent_in_last_minute(&mut self, now: Duration) -> u32 {
        self.window.count(now)
    }

    /// Requests given and throttling answers, ever.
    pub fn totals(&self) -> (u64, u64) {
        (self.sent, self.throttled)
    }

    /// What was sent in the last minute was too much: it is the best guess at the quota.
    fn decrease(&mut self, now: Duration) {
        let sent = f64::from(self.window.count(now));
        let wall = sent.clamp(self.rate * LEAST_DECREASE_LEAVES, self.rate);
        let known =
            self.hold.wall.is_some_and(|before| wall <= before * SAME_WALL && before <= wall * SAME_WALL);
        let probed = self.hold.over >= self.hold.minutes;
        self.hold.minutes = match (known, probed) {
            (true, true) => (self.hold.minutes * 2).min(LONGEST_HOLD_MINUTES),
            (true, false) => self.hold.minutes.max(HOLD_MINUTES),
            (false, _) => HOLD_MINUTES,
        };
        self.hold.over = 0;
        self.hold.wall = Some(wall);
        self.rate = (wall * KEEP_AFTER_THROTTLE).max(self.limits.least_requests_per_minute);
        self.step = self.limits.first_requests_per_minute * FIRST_STEP;
    }

    /// Ends the minute that is looked at, if it is over, and rises after a used one.
    fn look_back(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.minute.began);
        if passed < MINUTE {
            return;
        }
        let due = self.rate * passed.as_secs_f64() / 60.0;
        let is_used = !self.minute.refused && f64::from(self.minute.sent) >= due * USED_SHARE;
        self.minute = Minute { began: now, ..Minute::default() };
        if !is_used {
            return;
        }
        if self.hold.over < self.hold.minutes {
            self.hold.over += 1;
            return;
        }
        self.rate = (self.rate + self.step).min(self.limits.most_requests_per_minute);
        self.step = (self.step * 2.0).min(self.rate * LONGEST_STEP);
    }

    fn fill(&mut self, now: Duration) {
        let Some(passed) = now.checked_sub(self.filled_at) else { return };
        self.tokens = (self.tokens + passed.as_secs_f64() / 60.0 * self.rate).min(burst(self.rate));
        self.filled_at = now;
    }
}

fn burst(rate: f64) -> f64 {
    (rate / 60.0 * BURST_SECONDS).max(LEAST_BURST_REQUESTS)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are small and positive")]
fn whole(rate: f64) -> u32 {
    (rate as u32).max(1)
}
