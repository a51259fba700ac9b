use std::time::Duration;

use proptest::prelude::*;
use trailhound_ledger::*;

proptest! {
    #[test]
    fn no_minute_sees_more_than_the_rate_and_the_burst(waits in proptest::collection::vec(0u64..400, 1..3000)) {
        let limits = BudgetLimits { requests_per_minute: 600, burst_requests: 50, ..BudgetLimits::default() };
        let mut budget = Budget::new(limits);
        let mut now = Duration::ZERO;
        let mut sent = Vec::new();
        for wait in waits {
            now += Duration::from_millis(wait);
            if budget.take(now, Lane::Live).is_ok() {
                sent.push(now);
            }
        }
        for (index, start) in sent.iter().enumerate() {
            let within = sent[index..].iter().take_while(|t| **t < *start + Duration::from_mins(1)).count();
            prop_assert!(within <= 651, "{within} requests in a minute");
        }
    }
}

#[test]
fn live_work_may_use_the_reserve_and_the_backlog_may_not() {
    let limits = BudgetLimits { burst_requests: 30, live_reserve_requests: 20, ..BudgetLimits::default() };
    let mut budget = Budget::new(limits);
    let back = (0..40).filter(|_| budget.take(Duration::ZERO, Lane::Back).is_ok()).count();
    let live = (0..40).filter(|_| budget.take(Duration::ZERO, Lane::Live).is_ok()).count();
    assert_eq!((back, live), (10, 20));
}

#[test]
fn throttling_pauses_everybody_longer_each_time_and_honours_retry_after() {
    let mut budget = Budget::new(BudgetLimits::default());
    budget.throttled(Duration::ZERO, None);
    assert_eq!(budget.take(Duration::ZERO, Lane::Live), Err(Duration::from_secs(5)));
    budget.throttled(Duration::from_secs(1), None);
    assert_eq!(budget.paused_until(), Duration::from_secs(5), "answers to old requests do not count");
    budget.throttled(Duration::from_secs(6), None);
    assert_eq!(budget.paused_until(), Duration::from_secs(16));
    budget.throttled(Duration::from_secs(100), Some(Duration::from_secs(7)));
    assert_eq!(budget.paused_until(), Duration::from_secs(107));
    assert!(budget.take(Duration::from_secs(108), Lane::Live).is_ok());
    budget.succeeded();
    budget.throttled(Duration::from_secs(200), None);
    assert_eq!(budget.paused_until(), Duration::from_secs(205));
}
