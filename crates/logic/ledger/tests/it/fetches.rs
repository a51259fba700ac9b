use std::collections::BTreeSet;

use trailhound_ledger::*;
use trailhound_model::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_190_400_000);

fn pending(name: &str, age: std::time::Duration) -> (ContentId, PendingBlob) {
    let blob = Blob {
        content_id: ContentId::new(name),
        uri: String::new(),
        created: NOW - age,
        expires: NOW - age + days(7),
    };
    (blob.content_id.clone(), PendingBlob::found(blob, NOW - seconds(1)))
}

fn names(ids: &[ContentId]) -> Vec<&str> {
    ids.iter().map(ContentId::as_str).collect()
}

#[test]
fn live_blobs_go_first_and_the_backlog_gets_every_fourth_slot() {
    let facts = StreamFacts {
        pending: [
            pending("old-6d", days(6)),
            pending("old-2d", days(2)),
            pending("live-a", minutes(50)),
            pending("live-b", minutes(20)),
            pending("live-c", minutes(5)),
            pending("live-d", minutes(1)),
            pending("gone", days(8)),
        ]
        .into(),
        ..StreamFacts::default()
    };
    let picked = pick_fetches(NOW, &facts, &BTreeSet::new(), 5);
    assert_eq!(names(&picked.fetch), ["live-a", "live-b", "live-c", "old-6d", "live-d"]);
    let [Delta::Gap(gap)] = &picked.expired[..] else { panic!("{picked:?}") };
    assert_eq!(
        (gap.reason.clone(), gap.content_id.clone()),
        (GapReason::Expired, Some(ContentId::new("gone")))
    );
    let in_flight: BTreeSet<ContentId> = picked.fetch.into_iter().collect();
    assert_eq!(names(&pick_fetches(NOW, &facts, &in_flight, 5).fetch), ["old-2d"]);
}

fn fail(facts: &mut StreamFacts, failure: FetchFailure, limits: &Limits, healthy: bool) -> Option<GapReason> {
    let id = ContentId::new("sick");
    let now = facts.pending[&id].next_try + seconds(2);
    if healthy {
        facts.last_success = Some(now);
    }
    let verdict = judge_failure(now, &facts.pending[&id], facts, failure, "HTTP 500", limits);
    let Verdict::Record(delta) = verdict else { return None };
    apply(facts, &delta);
    match delta {
        Delta::Gap(gap) => Some(gap.reason),
        _ => None,
    }
}

#[test]
fn an_outage_of_the_service_never_makes_a_good_blob_a_gap() {
    let limits = Limits::once();
    let mut facts = StreamFacts { pending: [pending("sick", hours(2))].into(), ..Default::default() };
    for _ in 0..200 {
        assert_eq!(fail(&mut facts, FetchFailure::Service, &limits, false), None);
    }
    assert_eq!(facts.pending.values().next().unwrap().strikes, 0);
}

#[test]
fn a_blob_that_alone_fails_for_ever_is_set_aside_with_its_reason() {
    for failure in [FetchFailure::Service, FetchFailure::AgainstBlob] {
        let limits = Limits::once();
        let mut facts = StreamFacts { pending: [pending("sick", hours(2))].into(), ..Default::default() };
        let failures = (1..50).find_map(|n| fail(&mut facts, failure, &limits, true).map(|gap| (n, gap)));
        assert_eq!(failures, Some((limits.max_strikes, GapReason::Poison("HTTP 500".into()))));
        assert!(facts.pending.is_empty());
    }
}

#[test]
fn what_fails_on_the_way_is_not_held_against_the_blob_until_nothing_else_can_be_thought() {
    let limits = Limits::daemon();
    let mut facts = StreamFacts { pending: [pending("sick", hours(2))].into(), ..Default::default() };
    let begun = facts.pending[&ContentId::new("sick")].next_try;
    for n in 1..limits.max_attempts {
        assert_eq!(fail(&mut facts, FetchFailure::OnTheWay, &limits, true), None, "{n}");
    }
    let sick = &facts.pending[&ContentId::new("sick")];
    assert_eq!((sick.attempts, sick.strikes), (limits.max_attempts - 1, 0));
    assert!((days(2)..days(3)).contains(&sick.next_try.since(begun)));
    let gap = fail(&mut facts, FetchFailure::OnTheWay, &limits, true);
    assert_eq!(gap, Some(GapReason::Poison("HTTP 500".into())));
}

#[test]
fn waits_double_up_to_the_longest() {
    let limits = Limits::daemon();
    assert_eq!(backoff(0, &limits), seconds(5));
    assert_eq!(backoff(3, &limits), seconds(40));
    assert_eq!(backoff(40, &limits), hours(1));
}

#[test]
fn a_start_request_waits_its_fifteen_minutes() {
    let limits = Limits::daemon();
    let mut facts = StreamFacts::default();
    assert_eq!(subscription_step(NOW, &facts, false, &limits), SubscriptionStep::Start);
    apply(&mut facts, &Delta::StartSent { at: NOW });
    let allowed = NOW + minutes(15);
    assert_eq!(subscription_step(NOW, &facts, false, &limits), SubscriptionStep::Wait(allowed));
    assert_eq!(subscription_step(allowed, &facts, false, &limits), SubscriptionStep::Start);
    assert!(subscription_lost(NOW, &facts).is_none(), "never enabled, nothing lost");
}
