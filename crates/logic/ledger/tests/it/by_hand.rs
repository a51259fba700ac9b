//! Rewinds and retries by hand.

use proptest::prelude::*;
use trailhound_ledger::*;
use trailhound_model::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_190_400_000);

fn listed(from_hours_ago: u64, to_hours_ago: u64) -> Span {
    Span { from: NOW - hours(from_hours_ago), to: NOW - hours(to_hours_ago) }
}

fn facts(horizon_hours_ago: u64, spans: &[Span]) -> StreamFacts {
    let covered = spans.iter().copied().collect();
    StreamFacts { horizon: Some(NOW - hours(horizon_hours_ago)), covered, ..StreamFacts::default() }
}

fn applied(mut facts: StreamFacts, deltas: &[Delta]) -> StreamFacts {
    for delta in deltas {
        apply(&mut facts, delta);
    }
    facts
}

#[test]
fn what_was_listed_from_a_moment_on_is_listed_again() {
    let limits = Limits::daemon();
    let facts = facts(48, &[listed(48, 0)]);
    let plan = rewind(NOW, &facts, NOW - hours(5), &limits);
    assert_eq!((plan.again.as_slice(), plan.lost, plan.horizon), ([listed(5, 0)].as_slice(), None, None));
    let facts = applied(facts, &plan.deltas);
    assert_eq!(facts.covered.spans(), [listed(48, 5)]);
    // The live lane reaches back to the edge by itself.
    let Step::List(listing) = next_step(NOW, &facts, &Goal::Follow { start: None }, Lane::Live, &limits)
    else {
        panic!("nothing to list")
    };
    assert_eq!(listing.span, listed(5, 0));
}

#[test]
fn a_rewind_before_the_horizon_moves_it_and_one_beyond_the_reach_is_cut() {
    let limits = Limits::daemon();
    let known = facts(48, &[listed(48, 0)]);
    let plan = rewind(NOW, &known, NOW - hours(60), &limits);
    assert_eq!((plan.horizon, plan.lost), (Some(NOW - hours(60)), None));
    let back = applied(known.clone(), &plan.deltas);
    assert_eq!((back.horizon, back.covered.spans()), (Some(NOW - hours(60)), [].as_slice()));

    let reach = NOW - limits.reach + limits.margin + limits.slack;
    let plan = rewind(NOW, &known, NOW - days(9), &limits);
    assert_eq!((plan.horizon, plan.lost), (Some(reach), Span::new(NOW - days(9), reach)));
}

#[test]
fn what_can_no_longer_be_listed_stays_covered() {
    let limits = Limits::daemon();
    let known = facts(300, &[listed(300, 0)]);
    let plan = rewind(NOW, &known, NOW - days(12), &limits);
    assert_eq!(plan.horizon, None, "the horizon lies before the reach");
    let reach = NOW - limits.reach + limits.margin + limits.slack;
    let kept = applied(known, &plan.deltas).covered;
    assert_eq!(kept.spans(), [Span::new(NOW - hours(300), reach).unwrap()]);
}

#[test]
fn nothing_is_done_after_the_edge_or_for_a_stream_that_was_never_planned() {
    let limits = Limits::daemon();
    assert!(rewind(NOW, &facts(48, &[listed(48, 1)]), NOW - minutes(30), &limits).deltas.is_empty());
    assert!(rewind(NOW, &facts(48, &[listed(48, 1)]), NOW + hours(30), &limits).deltas.is_empty());
    assert!(rewind(NOW, &StreamFacts::default(), NOW - hours(5), &limits).deltas.is_empty());
}

#[test]
fn blobs_that_wait_are_hastened_with_a_clean_slate() {
    let mut facts = StreamFacts::default();
    for (name, wait) in [("waits", hours(1)), ("ready", hours(0)), ("other", hours(2))] {
        let blob = Blob {
            content_id: ContentId::new(name),
            uri: String::new(),
            created: NOW - hours(1),
            expires: NOW + days(6),
        };
        let failed = PendingBlob {
            attempts: 9,
            strikes: 8,
            next_try: NOW + wait,
            last_error: "HTTP 500".to_owned(),
            ..PendingBlob::found(blob, NOW - hours(1))
        };
        facts.pending.insert(ContentId::new(name), failed);
    }
    let deltas = hasten(NOW, &facts, &[]);
    assert_eq!(deltas.len(), 2);
    let only = hasten(NOW, &facts, &[ContentId::new("waits"), ContentId::new("unknown")]);
    assert_eq!(only, [Delta::Hastened { content_id: ContentId::new("waits"), at: NOW }]);
    let facts = applied(facts, &deltas);
    let waits = &facts.pending[&ContentId::new("waits")];
    assert_eq!((waits.attempts, waits.strikes, waits.next_try), (0, 0, NOW));
    assert_eq!(waits.found_at, NOW - hours(1));
    assert_eq!(facts.pending[&ContentId::new("ready")].attempts, 9, "what does not wait is left alone");
}

#[test]
fn a_subscription_found_off_after_a_rewind_was_on_while_it_was_seen_on() {
    let mut facts = facts(48, &[listed(48, 0)]);
    facts.subscribed_at = Some(NOW - minutes(20));
    let facts = applied(facts.clone(), &rewind(NOW, &facts, NOW - hours(40), &Limits::daemon()).deltas);
    let Some(Delta::Gap(gap)) = subscription_lost(NOW, &facts) else { panic!("no gap") };
    assert_eq!(gap.span, Span::new(NOW - minutes(20), NOW).unwrap());
}

proptest! {
    #[test]
    fn a_rewind_uncovers_what_it_says_and_twice_is_once(
        spans in proptest::collection::vec((0u64..400, 1u64..60), 0..8),
        horizon in 0u64..400,
        to in 0u64..500,
    ) {
        let limits = Limits::daemon();
        let spans: Vec<Span> =
            spans.iter().map(|&(ago, length)| listed(ago + length, ago)).collect();
        let known = facts(horizon, &spans);
        let plan = rewind(NOW, &known, NOW - hours(to), &limits);
        let once = applied(known.clone(), &plan.deltas);
        prop_assert_eq!(&applied(once.clone(), &plan.deltas), &once, "L4");
        let mut restored = once.clone();
        plan.again.iter().for_each(|span| restored.covered.insert(*span));
        prop_assert_eq!(&restored.covered, &known.covered, "only what it names is uncovered");
        for span in &plan.again {
            prop_assert!(still_valid(*span, NOW, &limits), "{:?} cannot be listed", span);
            prop_assert_eq!(once.covered.holes(*span), vec![*span]);
        }
        prop_assert!(once.horizon <= known.horizon);
    }
}
