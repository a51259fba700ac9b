//! Causes before symptoms, and hiccups that are no state.

use proptest::prelude::*;
use trailhound_health::*;
use trailhound_model::{days, hours, minutes};

use crate::support::*;

const KINDS: [FailureKind; 8] = [
    FailureKind::Network,
    FailureKind::Service,
    FailureKind::Throttled,
    FailureKind::Credential,
    FailureKind::Configuration,
    FailureKind::Permission,
    FailureKind::AuditingOff,
    FailureKind::SubscriptionOff,
];

#[test]
fn one_failed_request_is_no_state() {
    let (instance, stream) = (contoso(), exchange());
    for kind in KINDS {
        let once = streak(kind, 1, "x", "list content", "");
        let seen =
            Observation { failures: [Some(&once), Some(&once), Some(&once)], ..working(&instance, &stream) };
        assert_eq!(judge(&seen, Peers::default()).first().0, HealthState::Ok, "{kind:?}");
    }
}

#[test]
fn a_kind_among_others_counts_from_its_own_beginning() {
    let mut mixed = streak(FailureKind::Network, 30, "timeout", "list content", "");
    mixed.again(now(), FailureKind::Credential, "AADSTS7000222", "get a token", "");
    assert_eq!((mixed.times, mixed.kind_times, mixed.kind_since), (31, 1, now()));
    let (instance, stream) = (contoso(), exchange());
    let seen = Observation { failures: [Some(&mixed), None, None], ..working(&instance, &stream) };
    assert_eq!(judge(&seen, Peers::default()).first().0, HealthState::Ok);
}

#[test]
fn a_network_that_serves_another_stream_of_the_application_is_not_offline() {
    let (instance, stream) = (contoso(), exchange());
    let broken = streak(FailureKind::Network, 20, "interrupted", "list content", "");
    let failures = [None, Some(&broken), None];
    let seen = Observation { failures, instance_success: Some(now()), ..working(&instance, &stream) };
    assert_eq!(judge(&seen, Peers::default()).first().0, HealthState::Ok);
    let seen = Observation { instance_success: Some(now() - minutes(25)), ..seen };
    assert_eq!(judge(&seen, Peers::default()).first().0, HealthState::Offline);
}

#[test]
fn late_content_is_microsofts_only_when_others_see_it_too() {
    let (instance, stream) = (contoso(), exchange());
    let seen = Observation { lag: Some(hours(2)), ..working(&instance, &stream) };
    let state = |late| judge(&seen, Peers { others: 5, late, ..Peers::default() }).first().0;
    assert_eq!(state(2), HealthState::Ok);
    assert_eq!(state(3), HealthState::DelayedByMicrosoft);
    // Listings that were not made in time say nothing about Microsoft.
    let stale = seen.listed.map(|span| trailhound_model::Span { to: now() - hours(1), ..span });
    let behind = Observation { listed: stale, ..seen };
    assert_eq!(judge(&behind, Peers::default()).first().0, HealthState::Ok);
}

#[test]
fn a_subscription_that_is_off_needs_a_person_only_after_the_spacing_of_starts() {
    let (instance, stream) = (contoso(), exchange());
    for (times, expected) in [(18, HealthState::Ok), (25, HealthState::PermissionMissing)] {
        let off = streak(FailureKind::SubscriptionOff, times, "AF20023", "list content", "");
        let seen = Observation { failures: [Some(&off), None, None], ..working(&instance, &stream) };
        assert_eq!(judge(&seen, Peers::default()).first().0, expected);
    }
}

proptest! {
    /// Whatever else is wrong, the first in the order is told, and all others are told as "also".
    #[test]
    fn of_all_conditions_the_first_in_the_order_is_told(
        kinds in proptest::array::uniform3(0..KINDS.len()),
        times in proptest::array::uniform3(0u32..40),
        down in any::<bool>(), poisoned in any::<bool>(), quiet in any::<bool>(),
        lag_minutes in 0u64..400, ends_in_days in 0u64..60, others in 0u32..5, late in 0u32..5,
    ) {
        let (instance, stream) = (contoso(), exchange());
        let streaks = [0, 1, 2].map(|n| (times[n] > 0).then(|| streak(KINDS[kinds[n]], times[n], "x", "list content", "")));
        let outputs = [siem_is_down()];
        let seen = Observation {
            failures: [0, 1, 2].map(|n| streaks[n].as_ref()),
            outputs: if down { &outputs } else { &[] },
            quarantine: poisoned.then_some(Quarantine { blobs: 1, since: now(), oldest: now() }),
            quiet: quiet.then_some(Quiet { since: now() - hours(3), until: now(), expected: 500, seen: 0 }),
            lag: Some(minutes(lag_minutes)),
            credential_ends: Some(CredentialEnd { at: now() + days(ends_in_days), kind: CredentialKind::Configured }),
            ..working(&instance, &stream)
        };
        let peers = Peers { others, late: late.min(others), ..Peers::default() };
        let held = judge(&seen, peers);
        prop_assert_eq!(held, judge(&seen, peers));
        let (state, since) = held.first();
        let all: Vec<_> = HealthState::ALL.into_iter().filter(|state| held.began(*state).is_some()).collect();
        prop_assert_eq!(all.first(), Some(&state));
        let also: Vec<_> = held.also().collect();
        prop_assert_eq!(also, all.into_iter().skip(1).filter(|state| !state.is_well()).collect::<Vec<_>>());
        // What explains an empty hour is never called silent.
        if held.began(HealthState::CredentialFailed).is_some() {
            prop_assert_eq!(state, HealthState::CredentialFailed);
        }
        let words = explain(state, since, &seen, peers);
        prop_assert!(!words.cause.is_empty());
        prop_assert_eq!(words.cure.is_empty(), state == HealthState::Ok);
    }
}
