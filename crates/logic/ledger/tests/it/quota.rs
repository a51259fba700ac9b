//! A service with a quota, and a client with endless work that keeps to its budget: event by event, without
//! waiting.

use std::collections::VecDeque;
use std::time::Duration;

use trailhound_ledger::{Budget, BudgetLimits, Ticket};

/// How the service counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    /// By the clock's minute.
    Fixed,
    /// Over the last 60 seconds, of what it accepted.
    Sliding,
}

pub(crate) const BOTH: [Counting; 2] = [Counting::Fixed, Counting::Sliding];

/// What a service does with requests.
pub(crate) struct Service {
    pub counting: Counting,
    /// Requests a minute, as a function of the minutes since the beginning.
    pub quota: fn(u64) -> u32,
    pub retry_after: Option<Duration>,
    /// Between request and answer.
    pub latency: Duration,
    /// Into the clock's minute, when the client begins.
    pub offset: Duration,
}

impl Service {
    pub(crate) fn of(counting: Counting, quota: fn(u64) -> u32) -> Self {
        let (latency, offset) = (Duration::from_millis(120), Duration::from_secs(17));
        Self { counting, quota, retry_after: None, latency, offset }
    }
}

/// What happened in one minute since the beginning.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MinuteOf {
    pub quota: u32,
    pub accepted: u32,
    pub throttled: u32,
}

/// Lets the client work for so many minutes.
pub(crate) fn play(limits: BudgetLimits, service: &Service, minutes: usize, seed: u64) -> Vec<MinuteOf> {
    let mut budget = Budget::new(limits);
    let (mut now, mut random) = (Duration::ZERO, seed);
    let mut answers: VecDeque<(Duration, Ticket, bool)> = VecDeque::new();
    let mut accepted: VecDeque<Duration> = VecDeque::new();
    let mut told = vec![MinuteOf::default(); minutes];
    loop {
        let next = now + budget.wait(now);
        if let Some((at, ticket, ok)) = answers.front().copied().filter(|(at, ..)| *at <= next) {
            answers.pop_front();
            now = now.max(at);
            if ok {
                budget.succeeded(ticket);
            } else {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                budget.throttled(
                    now,
                    ticket,
                    service.retry_after,
                    (random >> 11) as f64 / (1u64 << 53) as f64,
                );
            }
            continue;
        }
        now = next;
        let minute = now.as_secs() / 60;
        let Some(told) = told.get_mut(minute as usize) else { return told };
        let Ok(ticket) = budget.take(now) else { continue };
        let quota = (service.quota)(minute);
        let clock = now + service.offset;
        let begin = match service.counting {
            Counting::Fixed => Duration::from_secs(clock.as_secs() / 60 * 60),
            Counting::Sliding => clock.saturating_sub(Duration::from_mins(1)),
        };
        while accepted.front().is_some_and(|at| *at < begin) {
            accepted.pop_front();
        }
        let ok = accepted.len() < quota as usize;
        if ok {
            accepted.push_back(clock);
        }
        told.quota = quota;
        told.accepted += u32::from(ok);
        told.throttled += u32::from(!ok);
        answers.push_back((now + service.latency, ticket, ok));
    }
}

/// Shares of the quota that were used, and of the requests that were throttled.
pub(crate) fn shares(minutes: &[MinuteOf]) -> (f64, f64) {
    let sum = |of: fn(&MinuteOf) -> u32| minutes.iter().map(|m| f64::from(of(m))).sum::<f64>();
    let (accepted, throttled) = (sum(|m| m.accepted), sum(|m| m.throttled));
    (accepted / sum(|m| m.quota), throttled / (accepted + throttled))
}
