//! Steadiness: no flapping, and a beginning that survives restarts.

use trailhound_health::*;
use trailhound_model::{minutes, seconds};

use crate::support::*;

#[test]
fn a_condition_that_comes_and_goes_is_one_state_with_one_beginning() {
    let (instance, stream) = (contoso(), exchange());
    let refused = streak(FailureKind::Credential, 5, "AADSTS7000222", "get a token", "");
    let well = judge(&working(&instance, &stream), Peers::default());
    let ill = judge(
        &Observation { failures: [Some(&refused), None, None], ..working(&instance, &stream) },
        Peers::default(),
    );
    let mut tracker = Tracker::new(now());
    assert_eq!(tracker.step(&well, now()).unwrap().to, HealthState::Ok);
    let mut changes = Vec::new();
    for n in 1..41 {
        let held = if n % 3 == 0 { &well } else { &ill };
        changes.extend(tracker.step(held, now() + seconds(15 * n)));
    }
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!((changes[0].to, changes[0].since), (HealthState::CredentialFailed, refused.kind_since));
    // It gets well when nothing has been seen of it for a minute, since when nothing was seen of it.
    let quiet_from = now() + minutes(20);
    let ended = (0..10).find_map(|n| tracker.step(&well, quiet_from + seconds(15 * n))).unwrap();
    assert_eq!((ended.to, ended.since, ended.at), (HealthState::Ok, quiet_from, quiet_from + seconds(60)));
    assert_eq!(ended.from_since, refused.kind_since);
}

#[test]
fn a_restart_neither_heals_nor_moves_the_beginning() {
    let (instance, stream) = (contoso(), exchange());
    let yesterday = now() - minutes(1_440);
    let mut tracker = Tracker::restored(HealthState::CredentialFailed, yesterday);
    let fresh = judge(&Observation::of_new(&instance, &stream, now()), Peers::default());
    assert_eq!(tracker.step(&fresh, now()), None);
    assert_eq!(tracker.step(&fresh, now() + minutes(30)), None);
    let refused = streak(FailureKind::Credential, 5, "AADSTS7000222", "get a token", "");
    let ill = Observation { failures: [Some(&refused), None, None], ..working(&instance, &stream) };
    assert_eq!(tracker.step(&judge(&ill, Peers::default()), now() + minutes(31)), None);
    assert_eq!((tracker.state(), tracker.since()), (HealthState::CredentialFailed, yesterday));
}

#[test]
fn worse_is_believed_at_once_and_the_history_is_bounded() {
    let (instance, stream) = (contoso(), exchange());
    let outputs = [siem_is_down()];
    let down = judge(&Observation { outputs: &outputs, ..working(&instance, &stream) }, Peers::default());
    let well = judge(&working(&instance, &stream), Peers::default());
    let mut tracker = Tracker::restored(HealthState::Ok, now());
    let mut history = History::default();
    for n in 0..150 {
        let at = now() + minutes(10 * n);
        history.push(tracker.step(&down, at).unwrap());
        tracker.step(&well, at + minutes(1));
        history.push(tracker.step(&well, at + minutes(3)).unwrap());
    }
    assert_eq!(history.changes().count(), MAX_CHANGES);
    assert_eq!(history.changes().next_back().unwrap().to, HealthState::Ok);
}
