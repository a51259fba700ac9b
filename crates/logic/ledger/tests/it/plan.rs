use proptest::prelude::*;
use trailhound_ledger::*;
use trailhound_model::*;

const START: i64 = 1_795_190_400_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(START + millis)
}

/// Carries a step out as a perfect Microsoft would let it be; returns the pieces that were listed.
fn carry_out(facts: &mut StreamFacts, step: &Step, now: Timestamp, limits: &Limits) -> Vec<Span> {
    match step {
        Step::Record(deltas) => {
            for delta in deltas {
                apply(facts, delta);
            }
            Vec::new()
        }
        Step::List(listing) => {
            let pieces: Vec<Span> = listing.span.pieces(limits.window).collect();
            for (index, piece) in pieces.iter().enumerate() {
                let sweeps = if index + 1 == pieces.len() { listing.sweeps.clone() } else { Vec::new() };
                apply(facts, &Delta::Listed { span: *piece, sweeps, at: now });
            }
            pieces
        }
        Step::Wait(_) | Step::Done => Vec::new(),
    }
}

/// Runs both lanes until each of them waits.
fn settle(facts: &mut StreamFacts, goal: &Goal, now: Timestamp, limits: &Limits) -> Vec<Span> {
    let mut listed = Vec::new();
    for lane in [Lane::Live, Lane::Back] {
        for _ in 0..64 {
            let step = next_step(now, facts, goal, lane, limits);
            if matches!(step, Step::Wait(_) | Step::Done) {
                break;
            }
            listed.extend(carry_out(facts, &step, now, limits));
        }
    }
    listed
}

proptest! {
    #[test]
    fn nothing_too_old_is_asked_and_no_instant_is_left_out(
        start_days_ago in proptest::option::of(0i64..20),
        naps in proptest::collection::vec(
            prop_oneof![10_000i64..120_000, 600_000i64..7_200_000, 86_400_000i64..900_000_000], 1..25)
    ) {
        let limits = Limits::daemon();
        let goal = Goal::Follow { start: start_days_ago.map(|d| at(-d * 86_400_000)) };
        let mut facts = StreamFacts::default();
        let mut now = at(0);
        for nap in naps {
            for piece in settle(&mut facts, &goal, now, &limits) {
                prop_assert!(piece.length() <= limits.window);
                prop_assert!(earliest_valid(now, &limits) <= piece.from, "too old: {piece} at {now}");
                prop_assert!(piece.to <= now);
            }
            let horizon = facts.horizon.unwrap();
            let due = Span::new(horizon, now - limits.poll_every);
            prop_assert_eq!(due.map(|d| facts.covered.holes(d)).unwrap_or_default(), vec![]);
            now = now + std::time::Duration::from_millis(nap.unsigned_abs());
        }
    }

    #[test]
    fn equal_inputs_equal_plan_and_deltas_twice_change_nothing(
        seconds_ahead in 0i64..2_000_000, start in proptest::option::of(-2_000_000i64..0)
    ) {
        let limits = Limits::daemon();
        let goal = Goal::Follow { start: start.map(|s| at(s * 1000)) };
        let mut facts = StreamFacts::default();
        settle(&mut facts, &goal, at(0), &limits);
        let now = at(seconds_ahead * 1000);
        for lane in [Lane::Live, Lane::Back] {
            let step = next_step(now, &facts, &goal, lane, &limits);
            prop_assert_eq!(&step, &next_step(now, &facts.clone(), &goal, lane, &limits));
            let mut once = facts.clone();
            carry_out(&mut once, &step, now, &limits);
            let mut twice = once.clone();
            carry_out(&mut twice, &step, now, &limits);
            prop_assert_eq!(once, twice);
        }
    }
}

proptest! {
    #[test]
    fn halves_of_halves_leave_nothing_out_and_end(from in -900_000_000i64..0, length in 1i64..86_400_000) {
        let limits = Limits::daemon();
        let whole = Span::new(at(from), at(from + length)).unwrap();
        let (mut open, mut listed) = (vec![whole], SpanSet::new());
        while let Some(piece) = open.pop() {
            if let Some(two) = halves(piece, &limits) {
                open.extend(two);
            } else {
                prop_assert!(piece.length() <= 2 * limits.grid, "{piece}");
                listed.insert(piece);
            }
        }
        prop_assert_eq!(listed.spans(), [whole]);
    }
}

#[test]
fn a_start_out_of_reach_becomes_one_gap_row_and_no_invalid_request() {
    let limits = Limits::daemon();
    let start = Timestamp::parse("2020-01-01T16:00:00Z").unwrap();
    let goal = Goal::Follow { start: Some(start) };
    let mut facts = StreamFacts::default();
    let now = at(0);
    let Step::Record(deltas) = next_step(now, &facts, &goal, Lane::Live, &limits) else {
        panic!("the horizon comes first")
    };
    assert_eq!(deltas[0], Delta::Horizon { from: start });
    let Delta::Gap(gap) = &deltas[1] else { panic!("{deltas:?}") };
    assert_eq!(gap.reason, GapReason::OlderThanRetention);
    assert_eq!(gap.span, Span { from: start, to: earliest_valid(now, &limits) + limits.slack });
    assert_eq!(deltas.len(), 2);
    for delta in &deltas {
        apply(&mut facts, delta);
    }
    assert!(matches!(next_step(now, &facts, &goal, Lane::Live, &limits), Step::List(_)));
}

#[test]
fn an_outage_of_nine_days_leaves_a_gap_row_of_the_lost_part_only() {
    let limits = Limits::daemon();
    let goal = Goal::Follow { start: None };
    let mut facts = StreamFacts::default();
    settle(&mut facts, &goal, at(0), &limits);
    let edge = facts.covered.last().unwrap();
    let now = at(0) + days(9);
    let Step::Record(deltas) = next_step(now, &facts, &goal, Lane::Live, &limits) else { panic!() };
    let Delta::Gap(gap) = &deltas[0] else { panic!("{deltas:?}") };
    assert_eq!(gap.span, Span { from: edge, to: now - limits.reach + limits.margin + limits.slack });
    settle(&mut facts, &goal, now, &limits);
    assert_eq!(facts.covered.spans().len(), 1);
}

#[test]
fn every_sweep_comes_round_and_a_deep_one_reaches_six_days_back() {
    let limits = Limits::daemon();
    let goal = Goal::Follow { start: None };
    let mut facts = StreamFacts::default();
    settle(&mut facts, &goal, at(0), &limits);
    let mut deepest = std::time::Duration::ZERO;
    let mut listings = 0;
    for minute in 1..=13 * 60 {
        let now = at(minute * 60_000);
        for piece in settle(&mut facts, &goal, now, &limits) {
            deepest = deepest.max(now.since(piece.from));
            listings += 1;
        }
    }
    assert!(deepest >= days(6) && deepest < days(6) + hours(1), "{deepest:?}");
    assert!(listings < 13 * 60 + 120, "{listings} listings in 13 hours");
}

#[test]
fn a_single_collection_lists_its_span_again_and_then_is_done() {
    let limits = Limits::once();
    let now = at(0);
    let span = Span::new(now - days(3), now).unwrap();
    let mut facts = StreamFacts::default();
    facts.covered.insert(span);
    facts.horizon = Some(span.from);
    let mut done = SpanSet::new();
    let mut windows = 0;
    loop {
        let goal = Goal::Once { span, done: done.clone() };
        match next_step(now, &facts, &goal, Lane::Back, &limits) {
            Step::List(listing) => done.insert(listing.span),
            Step::Done => break,
            other => panic!("{other:?}"),
        }
        windows += 1;
    }
    assert_eq!(windows, 3);
    assert_eq!(done.spans(), [span]);
}

#[test]
fn polls_on_a_beat_come_back_to_it_after_they_were_late() {
    let limits = Limits { poll_phase: Some(seconds(17)), ..Limits::daemon() };
    let second = |s: u64| Timestamp::default() + minutes(29_919_840) + seconds(s);
    let due = |last| poll_due(last, &limits);
    assert_eq!(due(second(17)), second(77));
    assert_eq!(due(second(18)), second(77), "a little late, and no later for it");
    assert_eq!(due(second(60)), second(77), "late by most of an interval");
    assert_eq!(due(second(70)), second(137), "so late that the next beat would follow at once");
    let free = Limits::daemon();
    assert_eq!(poll_due(second(18), &free), second(78));
}
