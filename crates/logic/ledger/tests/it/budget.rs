use std::time::Duration;

use proptest::prelude::*;
use trailhound_ledger::*;
use trailhound_model::{minutes, seconds};

use crate::quota::{BOTH, Service, play, shares};

/// Takes as much as it gives at this moment.
fn take_all(budget: &mut Budget, now: Duration) -> Vec<Ticket> {
    std::iter::from_fn(|| budget.take(now).ok()).collect()
}

proptest! {
    #[test]
    fn no_sixty_seconds_see_more_than_the_rate(
        waits in proptest::collection::vec((0u64..1_500, 0usize..60), 1..800),
    ) {
        let limits = BudgetLimits::for_quota(600);
        let bound = limits.most_requests_per_minute;
        let mut budget = Budget::new(limits);
        let (mut now, mut sent) = (Duration::ZERO, Vec::new());
        for (wait, wanted) in waits {
            now += Duration::from_millis(wait);
            sent.extend((0..wanted).filter(|_| budget.take(now).is_ok()).map(|_| now));
        }
        let mut first = 0;
        for (index, last) in sent.iter().enumerate() {
            while sent[first] + minutes(1) <= *last {
                first += 1;
            }
            let within = index - first + 1;
            prop_assert!(within as f64 <= bound, "{within} requests in a minute");
        }
    }

    #[test]
    fn whatever_is_answered_the_rate_keeps_its_bounds_and_nobody_waits_for_ever(
        answers in proptest::collection::vec((0u8..4, 0u64..90_000, 0.0f64..1.0), 1..300),
    ) {
        let limits = BudgetLimits::default();
        let (least, most) = (limits.least_requests_per_minute, limits.most_requests_per_minute);
        let mut budget = Budget::new(limits.clone());
        let mut again = Budget::new(limits);
        let mut now = Duration::ZERO;
        for (answer, later, fraction) in answers {
            now += budget.wait(now);
            let ticket = budget.take(now).expect("it named this moment");
            prop_assert_eq!(again.wait(now), Duration::ZERO, "equal calls, equal answers");
            prop_assert_eq!(again.take(now), Ok(ticket));
            now += Duration::from_millis(later);
            for budget in [&mut budget, &mut again] {
                match answer {
                    0 => budget.throttled(now, ticket, None, fraction),
                    1 => budget.throttled(now, ticket, Some(seconds(40)), fraction),
                    _ => budget.succeeded(ticket),
                }
            }
            let rate = budget.requests_per_minute();
            prop_assert!((least..=most).contains(&rate), "{rate}");
            prop_assert!(budget.wait(now) <= minutes(10) + minutes(1), "{:?}", budget.wait(now));
        }
    }
}

#[test]
fn pauses_grow_with_jitter_and_end_with_a_success() {
    let mut budget = Budget::new(BudgetLimits::default());
    let mut now = Duration::ZERO;
    for longest in [30, 60, 120, 240, 480, 600, 600] {
        now += budget.wait(now);
        let ticket = budget.take(now).unwrap();
        budget.throttled(now, ticket, None, 0.5);
        assert_eq!(budget.paused_until().saturating_sub(now), seconds(longest) / 2);
    }
    now += budget.wait(now);
    let ticket = budget.take(now).unwrap();
    budget.succeeded(ticket);
    budget.throttled(now, ticket, None, 1.0);
    assert_eq!(budget.paused_until().saturating_sub(now), seconds(30));
}

#[test]
fn retry_after_is_kept_to_exactly_and_late_answers_of_a_burst_count_once() {
    let mut budget = Budget::new(BudgetLimits::default());
    let now = seconds(1);
    let tickets = take_all(&mut budget, now);
    assert!(tickets.len() > 10, "{}", tickets.len());
    budget.throttled(now, tickets[0], Some(seconds(20)), 0.9);
    assert_eq!(budget.wait(now), seconds(20));
    let rate = budget.requests_per_minute();
    for late in &tickets[1..] {
        budget.throttled(now + seconds(25), *late, None, 0.9);
        budget.succeeded(*late);
    }
    assert_eq!(budget.requests_per_minute().to_bits(), rate.to_bits(), "one burst, one decrease");
    assert_eq!(budget.paused_until(), seconds(21));
    budget.throttled(now + seconds(25), tickets[1], Some(seconds(90)), 0.9);
    assert_eq!(budget.paused_until(), seconds(116), "the service knows best");
    assert_eq!(budget.totals().1, tickets.len() as u64 + 1);
}

#[test]
fn a_stray_refusal_on_a_quiet_day_halves_the_rate_at_most() {
    let mut budget = Budget::new(BudgetLimits::default());
    let ticket = budget.take(minutes(60)).unwrap();
    budget.throttled(minutes(60), ticket, None, 0.0);
    assert!((budget.requests_per_minute() - 1_940.0 * 0.5 * 0.96).abs() < 1.0);
}

#[test]
fn an_idle_budget_does_not_rise() {
    let mut budget = Budget::new(BudgetLimits::default());
    for minute in 0..1_000 {
        for _ in 0..5 {
            let ticket = budget.take(minutes(minute)).unwrap();
            budget.succeeded(ticket);
        }
    }
    assert!((budget.requests_per_minute() - 1_940.0).abs() < 1e-6);
}

/// Random numbers and offsets to try each quota with.
const SEEDS: u64 = 6;

/// Plays a quota with both ways of counting and several seeds; asserts the shares from minute `from` on.
fn keeps(quota: fn(u64) -> u32, retry_after: Option<Duration>, lasts: usize, from: usize) {
    for counting in BOTH {
        for seed in 1..=SEEDS {
            let service =
                Service { retry_after, offset: seconds(seed * 7 % 60), ..Service::of(counting, quota) };
            let minutes = play(BudgetLimits::default(), &service, lasts, seed);
            let (used, throttled) = shares(&minutes[from..]);
            println!(
                "{counting:?} seed {seed}: used {:.2} %, throttled {:.3} %",
                used * 100.0,
                throttled * 100.0
            );
            assert!(used >= 0.9, "{counting:?}, seed {seed}: only {used:.3} used: {minutes:?}");
            assert!(throttled < 0.005, "{counting:?}, seed {seed}: {throttled:.4} throttled");
        }
    }
}

#[test]
fn the_documented_quota_is_used_and_hardly_exceeded() {
    keeps(|_| 2_000, None, 25, 0);
    keeps(|_| 2_000, None, 120, 0);
    keeps(|_| 2_000, Some(seconds(20)), 60, 0);
}

#[test]
fn a_smaller_quota_is_found_at_once() {
    keeps(|_| 500, None, 60, 5);
    keeps(|_| 500, Some(seconds(30)), 60, 5);
}

#[test]
fn a_larger_quota_is_found_in_a_quarter_of_an_hour() {
    keeps(|_| 6_000, None, 40, 16);
}

#[test]
fn a_quota_that_halves_is_followed_down_and_up_again() {
    keeps(|minute| if minute < 20 { 2_000 } else { 1_000 }, None, 60, 0);
    let back_again = |minute| if (20..60).contains(&minute) { 1_000 } else { 2_000 };
    for counting in BOTH {
        let minutes = play(BudgetLimits::default(), &Service::of(counting, back_again), 360, 3);
        let (used, throttled) = shares(&minutes[250..]);
        assert!(used >= 0.9 && throttled < 0.005, "{counting:?}: {used} {throttled}");
    }
}

#[test]
fn a_configured_rate_is_the_ceiling() {
    let service = Service::of(crate::quota::Counting::Sliding, |_| 1_000_000);
    let minutes = play(BudgetLimits::for_quota(4_000), &service, 120, 1);
    assert!(minutes.iter().all(|minute| (3_700..=3_880).contains(&minute.accepted)), "{minutes:?}");
}
