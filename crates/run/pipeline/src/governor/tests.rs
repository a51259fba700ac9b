use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use trailhound_env::{SeededEntropy, VirtualClock};
use trailhound_model::{Timestamp, minutes};

use super::*;

/// Virtual time that counts its timers.
struct CountingClock(VirtualClock, AtomicUsize);

impl Clock for CountingClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.sleep(duration)
    }
}

fn governor(quota: u32) -> (Arc<Governor>, Arc<CountingClock>) {
    let clock = VirtualClock::starting_at(Timestamp::from_millis(1_795_190_400_000));
    let clock = Arc::new(CountingClock(clock, AtomicUsize::new(0)));
    let text = || "x".to_owned();
    let key = QuotaKey { api: text(), tenant: text(), publisher: text() };
    let limits = BudgetLimits::for_quota(quota);
    let entropy = Arc::new(SeededEntropy::new(1));
    (Governor::new(key, limits, Detail::Streams, Arc::clone(&clock) as Arc<dyn Clock>, entropy), clock)
}

fn test(body: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(body);
}

/// Takes requests until one would have to wait.
async fn use_up(seat: &Seat) {
    while tokio::time::timeout(Duration::ZERO, seat.acquire(Lane::Live)).await.is_ok() {}
}

fn throttled(retry_after: Option<Duration>) -> Result<(), SourceError> {
    let text = String::new;
    let reaction = Reaction::Throttled;
    Err(SourceError { reaction, code: text(), what: text(), hint: text(), link: "", retry_after })
}

#[test]
fn ten_thousand_waiters_need_one_task_and_a_timer_for_each_turn() {
    test(async {
        let (governor, clock) = governor(60_000);
        use_up(&governor.seat()).await;
        let before = clock.1.load(Ordering::Relaxed);
        let waiters: Vec<_> = (0..10_000)
            .map(|_| {
                let seat = governor.seat();
                tokio::spawn(async move { seat.acquire(Lane::Back).await })
            })
            .collect();
        for waiter in waiters {
            waiter.await.unwrap();
        }
        let timers = clock.1.load(Ordering::Relaxed) - before;
        assert!(timers <= 10_001, "{timers} timers");
        let alive = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        assert_eq!(alive, 0, "nobody waits, so nothing runs");
    });
}

#[test]
fn a_live_poll_passes_a_long_backlog_of_another_stream() {
    test(async {
        let (governor, clock) = governor(600);
        let (busy, quiet) = (governor.seat(), governor.seat());
        use_up(&busy).await;
        let mut backlog = tokio::task::JoinSet::new();
        for lane in [Lane::Back, Lane::Live] {
            for _ in 0..500 {
                let seat = busy.clone();
                backlog.spawn(async move { seat.acquire(lane).await });
            }
        }
        tokio::task::yield_now().await;
        let begun = clock.monotonic();
        quiet.acquire(Lane::Live).await;
        let waited = clock.monotonic().saturating_sub(begun);
        assert!(waited < Duration::from_millis(500), "{waited:?} at ten requests a second");
        let status = governor.status();
        assert!(status.waiting_live + status.waiting_back > 990, "{status:?}");
    });
}

#[test]
fn who_gave_up_waiting_takes_no_request() {
    test(async {
        let (governor, clock) = governor(60);
        let seat = governor.seat();
        use_up(&seat).await;
        let sent = governor.status().sent;
        let gone: Vec<_> = (0..100)
            .map(|_| {
                let seat = seat.clone();
                tokio::spawn(async move { seat.acquire(Lane::Live).await })
            })
            .collect();
        tokio::task::yield_now().await;
        gone.iter().for_each(tokio::task::JoinHandle::abort);
        let begun = clock.monotonic();
        seat.acquire(Lane::Back).await;
        assert!(clock.monotonic().saturating_sub(begun) < minutes(1) + seconds(2));
        assert_eq!(governor.status().sent, sent + 1);
    });
}

#[test]
fn a_throttling_answer_holds_everybody_for_as_long_as_it_says() {
    test(async {
        let (governor, clock) = governor(2_000);
        let (one, other) = (governor.seat(), governor.seat());
        let (first, late) = (one.acquire(Lane::Live).await, one.acquire(Lane::Live).await);
        one.settle(first, &throttled(Some(seconds(20))));
        one.settle(late, &throttled(None));
        let until = governor.status().throttled_until.unwrap();
        assert_eq!(until.since(clock.now()), seconds(20));
        let begun = clock.monotonic();
        other.acquire(Lane::Live).await;
        let waited = clock.monotonic().saturating_sub(begun);
        assert!((seconds(20)..seconds(20) + Duration::from_millis(5)).contains(&waited), "{waited:?}");
        let status = governor.status();
        assert_eq!((status.sent, status.throttled, status.throttled_until), (3, 2, None));
    });
}

#[test]
fn starts_come_apart_from_each_other_and_take_nothing_from_live_work() {
    test(async {
        let (governor, clock) = governor(2_000);
        let begun = clock.monotonic();
        let mut starts = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let (seat, clock) = (governor.seat(), Arc::clone(&clock));
            starts.spawn(async move {
                seat.start_turn().await;
                clock.monotonic()
            });
        }
        governor.seat().acquire(Lane::Live).await;
        assert_eq!(clock.monotonic(), begun, "live work does not wait for starts");
        let mut turns: Vec<u128> =
            starts.join_all().await.iter().map(|at| at.saturating_sub(begun).as_millis()).collect();
        turns.sort_unstable();
        assert_eq!(turns, [0, 250, 500, 750, 1_000]);
        assert_eq!(governor.status().sent, 1);
        let refused_at = clock.monotonic();
        governor.seat().start_refused();
        governor.seat().start_turn().await;
        assert_eq!(clock.monotonic().saturating_sub(refused_at), seconds(30));
    });
}
