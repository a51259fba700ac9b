//! One row for each state: that it is judged so, and its words.

use std::fmt::Write as _;

use trailhound_health::*;
use trailhound_model::{Span, Timestamp, days, hours, minutes};

use crate::support::*;

/// The state, when it began, and its words as `state show` would set them.
fn told(seen: &Observation<'_>, peers: Peers) -> String {
    let held = judge(seen, peers);
    let (state, since) = held.first();
    let words = explain(state, since, seen, peers);
    let mut text = format!("{state} ({}) since {since}\n  cause: {}\n", state.severity().word(), words.cause);
    if !words.cure.is_empty() {
        let _ = writeln!(text, "  cure:  {}", words.cure);
    }
    for line in words.details {
        let _ = writeln!(text, "  - {line}");
    }
    for also in held.also() {
        let _ = writeln!(text, "  also: {also}");
    }
    text
}

#[test]
fn every_state_has_its_row() {
    let (instance, stream) = (contoso(), exchange());
    let base = || working(&instance, &stream);
    let alone = Peers::default();
    let expired = streak(
        FailureKind::Credential,
        12,
        "AADSTS7000222",
        "get a token: the client secret has expired (`AADSTS7000222`); said: The provided client secret keys for app are expired.",
        "make a new client secret and configure its value",
    );
    let consent = streak(
        FailureKind::Permission,
        4,
        "AF10001",
        "list content: the token lacks the permission for this content (`AF10001`)",
        "grant the app the application permission `ActivityFeed.Read`",
    );
    let off = streak(
        FailureKind::AuditingOff,
        3,
        "auditing-off",
        "start the subscription: the tenant does not record audit events, or has only begun to (`auditing-off`)",
        "switch auditing on",
    );
    let dns = streak(
        FailureKind::Network,
        9,
        "dns",
        "list content: the host name could not be resolved (`dns`); said: manage.office.com: no such host",
        "check DNS and `endpoints`",
    );
    let errors = streak(
        FailureKind::Service,
        20,
        "AF50000",
        "list content: the service failed inside (`AF50000`)",
        "",
    );
    let refused =
        streak(FailureKind::Throttled, 5, "AF429", "list content: the quota is used up (`AF429`)", "");
    let outputs = [siem_is_down()];
    let quiet = Quiet { since: now() - hours(4), until: now() - hours(1), expected: 4_120, seen: 3 };
    let ends = |at: Timestamp, kind| Some(CredentialEnd { at, kind });
    let others = |late, quiet, failing| Peers { others: 6, late, quiet, failing };

    let rows = [
        (Observation::of_new(&instance, &stream, now()), alone),
        (
            Observation {
                newest_blob: None,
                lag: None,
                watched_since: now() - hours(3),
                horizon: Some(now() - hours(3)),
                listed: Some(Span { from: now() - hours(3), to: now() - minutes(1) }),
                pages: 181,
                ..base()
            },
            alone,
        ),
        (base(), alone),
        (Observation { lag: Some(hours(3)), ..base() }, others(4, 0, 0)),
        (Observation { lag: Some(hours(3)), ..base() }, alone),
        (Observation { quiet: Some(quiet), ..base() }, others(0, 5, 0)),
        (Observation { failures: [None, Some(&errors), None], ..base() }, others(0, 0, 5)),
        (Observation { failures: [None, Some(&refused), None], ..base() }, alone),
        (Observation { credential_ends: ends(now() + days(6), CredentialKind::Configured), ..base() }, alone),
        (
            Observation { credential_ends: ends(now() - days(1), CredentialKind::Certificate), ..base() },
            alone,
        ),
        (
            Observation {
                failures: [Some(&expired), None, None],
                quiet: Some(quiet),
                outputs: &outputs,
                ..base()
            },
            alone,
        ),
        (Observation { failures: [None, Some(&consent), None], ..base() }, alone),
        (Observation { failures: [Some(&off), None, None], ..base() }, alone),
        (Observation { outputs: &outputs, ..base() }, alone),
        (
            Observation {
                quarantine: Some(Quarantine { blobs: 2, since: now() - hours(5), oldest: now() - hours(31) }),
                ..base()
            },
            alone,
        ),
        (Observation { quiet: Some(quiet), ..base() }, others(0, 1, 0)),
        (
            Observation {
                failures: [None, Some(&dns), None],
                instance_success: Some(now() - minutes(10)),
                last_success: Some(now() - minutes(10)),
                ..base()
            },
            alone,
        ),
    ];
    let text: Vec<String> = rows.iter().map(|(seen, peers)| told(seen, *peers)).collect();
    for state in HealthState::ALL {
        let row = text.iter().any(|row| row.starts_with(&format!("{state} (")));
        assert!(row, "no row is judged `{state}`");
    }
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn the_words_of_states_are_stable_and_can_be_read_back() {
    let words: Vec<_> = HealthState::ALL.into_iter().map(HealthState::word).collect();
    assert_eq!(words.len(), 13);
    for state in HealthState::ALL {
        assert_eq!(HealthState::from_word(state.word()), Some(state));
    }
    assert_eq!(HealthState::from_word("fine"), None);
}
