//! Each illness through the real pipeline, with its words; and that none of them flaps or is forgotten.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use trailhound_health::HealthState;
use trailhound_model::*;
use trailhound_pipeline::health::Health;
use trailhound_sim_microsoft::{EventsPerHour, SecretState, Stream};

use crate::patients::{Chart, Ward, World, logged};
use crate::world::START;

fn tenants(world: &World, change: fn(&mut trailhound_sim_microsoft::TenantConfig)) {
    world.sim.configure(|config| config.tenants.iter_mut().for_each(change));
}

fn told(chart: &Chart) -> String {
    let Health { state, severity, since, cause, cure, details, also, at } = chart.health();
    let mut text =
        format!("{state} ({}) since {since}, seen {at}\ncause: {cause}\ncure: {cure}\n", severity.word());
    for line in details {
        let _ = writeln!(text, "- {line}");
    }
    for other in also {
        let _ = writeln!(text, "also: {other}");
    }
    text
}

#[test]
fn well_from_the_first_listing_on() {
    let chart = Ward::new(1, |_| {}).live(hours(2));
    assert_eq!(chart.course(), [HealthState::Ok]);
    insta::assert_snapshot!(told(&chart));
}

#[test]
fn waiting_for_first_data() {
    let chart =
        Ward::new(1, |config| config.tenants[0].events_per_hour = EventsPerHour::scaled(0.0)).live(hours(3));
    assert_eq!(chart.course(), [HealthState::WaitingForFirstData]);
    insta::assert_snapshot!(told(&chart));
}

#[test]
fn an_expired_secret_survives_a_restart_with_its_beginning_and_ends_when_it_is_replaced() {
    let mut ward = Ward::new(1, |_| {})
        .after(hours(1), |world| tenants(world, |tenant| tenant.secret_state = SecretState::Expired));
    let (first, log) = logged(|| ward.live(hours(3)));
    assert_eq!(first.course(), [HealthState::Ok, HealthState::CredentialFailed]);
    insta::assert_snapshot!(told(&first));
    let since = first.health().since;
    assert!(since >= START + hours(1) && since < START + hours(1) + minutes(10), "{since}");
    let said = |log: &[String], what: &str| log.iter().filter(|line| line.contains(what)).count();
    assert_eq!(said(&log, "health has changed"), 1, "{log:#?}");

    ward.config.tenants[0].secret_state = SecretState::Expired;
    ward.events = vec![(hours(1), |world| tenants(world, |tenant| tenant.secret_state = SecretState::Valid))];
    let (second, log) = logged(|| ward.live(hours(2)));
    assert_eq!(second.course(), [HealthState::Ok]);
    let history = second.histories.values().next().unwrap();
    assert_eq!((history[0].from, history[0].from_since), (HealthState::CredentialFailed, since));
    assert_eq!((said(&log, "health has changed"), said(&log, "well again")), (0, 1), "{log:#?}");
}

#[test]
fn a_withdrawn_consent() {
    let mut ward = Ward::new(1, |_| {})
        .after(hours(1), |world| tenants(world, |tenant| tenant.consent_withdrawn = true));
    let chart = ward.live(hours(3));
    assert_eq!(chart.course(), [HealthState::Ok, HealthState::PermissionMissing]);
    insta::assert_snapshot!(told(&chart));
}

#[test]
fn auditing_that_is_off() {
    let mut ward = Ward::new(1, |config| {
        config.tenants[0].auditing = false;
        config.tenants[0].subscribed_from_start = false;
    });
    let chart = ward.live(hours(2));
    assert_eq!(chart.course(), [HealthState::AuditingOff]);
    insta::assert_snapshot!(told(&chart));
}

#[test]
fn an_output_that_is_down_and_comes_back() {
    let mut ward =
        Ward::new(1, |_| {}).after(hours(1), |world| world.output_down.store(true, Ordering::Relaxed));
    let chart = ward.live(hours(3));
    assert_eq!(chart.course(), [HealthState::Ok, HealthState::OutputDown]);
    insta::assert_snapshot!(told(&chart));

    let chart =
        ward.after(hours(2), |world| world.output_down.store(false, Ordering::Relaxed)).live(hours(4));
    assert_eq!(chart.course(), [HealthState::Ok, HealthState::OutputDown, HealthState::Ok]);
}

#[test]
fn a_network_that_is_down() {
    let mut ward =
        Ward::new(1, |_| {}).after(hours(1), |world| world.network_down.store(true, Ordering::Relaxed));
    let chart = ward.live(hours(2));
    assert_eq!(chart.course(), [HealthState::Ok, HealthState::Offline]);
    insta::assert_snapshot!(told(&chart));
}

#[test]
fn two_minutes_without_a_network_are_no_state() {
    let chart = Ward::new(1, |_| {})
        .after(hours(1), |world| world.network_down.store(true, Ordering::Relaxed))
        .after(hours(1) + minutes(2), |world| world.network_down.store(false, Ordering::Relaxed))
        .live(hours(2));
    assert_eq!(chart.course(), [HealthState::Ok]);
}

#[test]
fn throttling_that_stays() {
    let mut ward = Ward::new(1, |_| {})
        .after(hours(1), |world| world.sim.configure(|config| config.wire.throttle_rate = 1.0));
    let chart = ward.live(hours(2));
    assert_eq!(chart.course(), [HealthState::Ok, HealthState::Throttled]);
    insta::assert_snapshot!(told(&chart));
}

#[test]
fn throttling_with_long_pauses_is_told_of_every_stream_that_shares_the_quota() {
    for (status, retry_after_seconds) in [(429, 3_600), (403, 0)] {
        let mut ward = Ward::new(1, |config| {
            (config.feed.throttle_status, config.feed.throttle_retry_after_seconds) =
                (status, retry_after_seconds);
        })
        .after(hours(1), |world| world.sim.configure(|config| config.wire.throttle_rate = 1.0))
        .after(hours(5), |world| world.sim.configure(|config| config.wire.throttle_rate = 0.0));
        ward.streams = Stream::ALL.to_vec();
        let chart = ward.live(hours(7));
        assert_eq!(chart.histories.len(), Stream::ALL.len());
        for (key, history) in &chart.histories {
            let course: Vec<HealthState> = history.iter().map(|change| change.to).collect();
            assert_eq!(
                course,
                [HealthState::Ok, HealthState::Throttled, HealthState::Ok],
                "{key}, HTTP {status}"
            );
            let began = history[1].since;
            assert!(began >= START + hours(1) && began < START + hours(1) + minutes(10), "{key}: {began}");
        }
    }
}

#[test]
fn blobs_that_never_work_are_told_as_quarantined() {
    let mut ward = Ward::new(1, |config| config.blobs.poison_rate = 0.2);
    let chart = ward.live(hours(9));
    assert_eq!(chart.course(), [HealthState::Ok, HealthState::QuarantinedItems]);
    insta::assert_snapshot!(told(&chart));
}

#[test]
fn content_that_comes_late_for_two_tenants_is_microsofts_delay() {
    let mut ward = Ward::new(2, |_| {}).after(hours(3), |world| {
        world.sim.configure(|config| {
            config.blobs.late_rate = 1.0;
            config.blobs.late_hours_max = 3;
        });
    });
    let chart = ward.live(hours(12));
    for (key, (state, _)) in chart.board.health().states() {
        assert_eq!(state, HealthState::DelayedByMicrosoft, "{key}: {:?}", chart.histories[&key]);
    }
    insta::assert_snapshot!(told(&chart));
}

#[test]
fn server_errors_for_all_are_microsofts_delay() {
    let mut ward = Ward::new(3, |_| {})
        .after(hours(1), |world| world.sim.configure(|config| config.wire.error_rate = 1.0));
    let chart = ward.live(hours(2));
    assert_eq!(chart.course(), [HealthState::Ok, HealthState::DelayedByMicrosoft]);
    insta::assert_snapshot!(told(&chart));
}

#[test]
fn a_secret_that_ends_is_told_in_time() {
    let mut ward = Ward::new(1, |_| {});
    ward.secret_expires = Some(START + days(14) + hours(1));
    let (chart, log) = logged(|| ward.live(hours(3)));
    assert_eq!(chart.course(), [HealthState::CredentialExpiring]);
    insta::assert_snapshot!(told(&chart));
    let said: Vec<&String> = log.iter().filter(|line| line.contains("the credential ends soon")).collect();
    assert_eq!(said.len(), 2, "at 30 and at 14 days: {said:#?}");
}

#[test]
fn a_clock_that_is_off_is_said_once_and_confuses_no_state() {
    for skew_seconds in [-1_200, 1_200] {
        let mut ward = Ward::new(2, |config| config.wire.clock_skew_seconds = skew_seconds);
        let (chart, log) = logged(|| ward.live(hours(3)));
        assert_eq!(chart.course(), [HealthState::Ok]);
        let said: Vec<&String> = log.iter().filter(|line| line.contains("this machine's clock")).collect();
        assert_eq!(said.len(), 1, "{said:#?}");
        let side = if skew_seconds > 0 { "20 min behind Microsoft's" } else { "20 min ahead of Microsoft's" };
        assert!(said[0].contains(side), "{}", said[0]);
        let offset = chart.board.snapshot().clock_offset_millis.unwrap();
        assert!((offset - skew_seconds * 1_000).abs() < 2_000, "{offset}");
    }
}
