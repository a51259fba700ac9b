//! The request budget of one quota, waited for by the streams that share it.
//!
//! Whoever must wait lines up; one task, which lives only while somebody waits, gives the turns out. So ten
//! thousand idle instances cost neither tasks nor timers, and a free request wakes exactly one waiter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::oneshot;
use trailhound_env::{Clock, Entropy};
use trailhound_ledger::{Budget, BudgetLimits, FairQueue, Lane, Ticket};
use trailhound_model::seconds;

use crate::quota::{QuotaKey, QuotaStatus, QuotaView};
use crate::source::{Reaction, SourceError};
use crate::telemetry::{Detail, QuotaSeries};

/// Time between two start requests of a tenant. The service counts them on their own (one in 15 minutes per
/// stream, which the ledger keeps to), and nothing is known of a limit over all streams; five at the same
/// instant look like a fault at both ends, while a person who waits for a first collection does not notice one second.
const START_SPACING: Duration = Duration::from_millis(250);
/// The same after a start was refused as one too many.
const START_SPACING_REFUSED: Duration = seconds(30);
/// Shortest nap of the task that gives turns out: a timer's own grain.
const SHORTEST_NAP: Duration = Duration::from_millis(1);

/// Shared by the streams of all instances with one [`QuotaKey`].
pub(crate) struct Governor {
    key: QuotaKey,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    series: QuotaSeries,
    state: Mutex<State>,
}

struct State {
    budget: Budget,
    queue: FairQueue<oneshot::Sender<Ticket>>,
    /// Somebody gives turns out.
    is_served: bool,
    seats: u32,
    /// Earliest moment of the next start request (monotonic).
    next_start: Duration,
}

/// The place of one stream at its governor.
#[derive(Clone)]
pub(crate) struct Seat {
    governor: Arc<Governor>,
    number: u32,
}

impl Governor {
    pub(crate) fn new(
        key: QuotaKey,
        limits: BudgetLimits,
        detail: Detail,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Arc<Self> {
        let series = QuotaSeries::registered(&key, detail);
        series.rate(limits.first_requests_per_minute);
        let state = State {
            budget: Budget::new(limits),
            queue: FairQueue::default(),
            is_served: false,
            seats: 0,
            next_start: Duration::ZERO,
        };
        Arc::new(Self { key, clock, entropy, series, state: Mutex::new(state) })
    }

    /// A place for one more stream.
    pub(crate) fn seat(self: &Arc<Self>) -> Seat {
        let mut state = self.lock();
        state.seats += 1;
        Seat { governor: Arc::clone(self), number: state.seats }
    }

    /// Gives out the turns that are due. Answers when the next one is; `None`: nobody waits any more.
    fn serve(&self) -> Option<Duration> {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let state = &mut *state;
        while let Some(waiter) = next_waiter(&mut state.queue, &mut state.budget, now) {
            match waiter {
                Err(wait) => {
                    self.show(state);
                    return Some(wait.max(SHORTEST_NAP));
                }
                Ok((sender, ticket)) => {
                    self.series.sent();
                    // Whoever gave up in this very moment loses one request, no more.
                    let _ = sender.send(ticket);
                }
            }
        }
        state.is_served = false;
        self.show(state);
        None
    }

    fn show(&self, state: &State) {
        self.series.rate(state.budget.requests_per_minute());
        self.series.waiting(state.queue.waiting(Lane::Live), state.queue.waiting(Lane::Back));
    }

    fn throttled(&self, ticket: Ticket, retry_after: Option<Duration>) {
        let now = self.clock.monotonic();
        let fraction = self.entropy.unit();
        let mut state = self.lock();
        let before = state.budget.paused_until();
        state.budget.throttled(now, ticket, retry_after, fraction);
        self.series.throttled();
        self.show(&state);
        let pause = state.budget.paused_until().saturating_sub(now);
        if state.budget.paused_until() > before {
            let rate = state.budget.requests_per_minute().round();
            tracing::info!(quota = %self.key, ?pause, requests_per_minute = rate, "Microsoft asks for fewer requests");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QuotaView for Governor {
    fn status(&self) -> QuotaStatus {
        let (now, wall_clock) = (self.clock.monotonic(), self.clock.now());
        let mut state = self.lock();
        let pause = state.budget.paused_until().saturating_sub(now);
        let (sent, throttled) = state.budget.totals();
        QuotaStatus {
            requests_per_minute: whole(state.budget.requests_per_minute()),
            sent_last_minute: state.budget.sent_in_last_minute(now),
            sent,
            throttled,
            waiting_live: state.queue.waiting(Lane::Live),
            waiting_back: state.queue.waiting(Lane::Back),
            throttled_until: (!pause.is_zero()).then(|| wall_clock + pause),
            refused: state.budget.refused_since().map(|since| {
                let over = now.saturating_sub(state.budget.paused_until());
                (wall_clock - now.saturating_sub(since), wall_clock + pause - over)
            }),
        }
    }
}

impl Seat {
    /// Waits until one request may be sent. Give the ticket back with the answer: [`Seat::settle`].
    pub(crate) async fn acquire(&self, lane: Lane) -> Ticket {
        let governor = &self.governor;
        loop {
            let turn = {
                let mut state = governor.lock();
                if state.queue.is_empty()
                    && let Ok(ticket) = state.budget.take(governor.clock.monotonic())
                {
                    governor.series.sent();
                    return ticket;
                }
                let (sender, turn) = oneshot::channel();
                state.queue.push(self.number, lane, sender);
                if !state.is_served {
                    state.is_served = true;
                    tokio::spawn(serve(Arc::downgrade(governor), Arc::clone(&governor.clock)));
                }
                turn
            };
            if let Ok(ticket) = turn.await {
                return ticket;
            }
        }
    }

    /// Tells what became of a request.
    pub(crate) fn settle<T>(&self, ticket: Ticket, answer: &Result<T, SourceError>) {
        match answer {
            Ok(_) => self.governor.lock().budget.succeeded(ticket),
            Err(error) if error.reaction == Reaction::Throttled => {
                self.governor.throttled(ticket, error.retry_after);
            }
            Err(_) => {}
        }
    }

    /// Waits for the turn of a start request. These have their own limiter and take nothing from the others.
    pub(crate) async fn start_turn(&self) {
        let wait = {
            let now = self.governor.clock.monotonic();
            let mut state = self.governor.lock();
            let turn = state.next_start.max(state.budget.paused_until()).max(now);
            state.next_start = turn + START_SPACING;
            turn.saturating_sub(now)
        };
        if !wait.is_zero() {
            self.governor.clock.sleep(wait).await;
        }
    }

    /// A start request was one too many: the next ones come more slowly. The refused stream itself waits its
    /// quarter of an hour.
    pub(crate) fn start_refused(&self) {
        let now = self.governor.clock.monotonic();
        let mut state = self.governor.lock();
        state.next_start = state.next_start.max(now + START_SPACING_REFUSED);
    }
}

async fn serve(governor: Weak<Governor>, clock: Arc<dyn Clock>) {
    while let Some(wait) = governor.upgrade().and_then(|governor| governor.serve()) {
        clock.sleep(wait).await;
    }
}

/// The next one that still waits, with its ticket, or how long it must go on waiting.
fn next_waiter(
    queue: &mut FairQueue<oneshot::Sender<Ticket>>,
    budget: &mut Budget,
    now: Duration,
) -> Option<Result<(oneshot::Sender<Ticket>, Ticket), Duration>> {
    if queue.is_empty() {
        return None;
    }
    let wait = budget.wait(now);
    if !wait.is_zero() {
        return Some(Err(wait));
    }
    let sender = std::iter::from_fn(|| queue.pop()).find(|sender| !sender.is_closed())?;
    Some(budget.take(now).map(|ticket| (sender, ticket)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are small and positive")]
fn whole(rate: f64) -> u32 {
    rate.round() as u32
}

#[cfg(test)]
mod tests;
