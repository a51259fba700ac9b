//! What goes wrong at Microsoft, one fault at a time and all together.

use trailhound_model::*;
use trailhound_pipeline::wire::Mode;
use trailhound_sim_microsoft::{Coding, EventsPerHour, PageForm, SimConfig, Stream};

use crate::simulation::{Play, Played};

/// A small tenant with two days of history.
fn small(seed: u64) -> SimConfig {
    let mut config = SimConfig { seed, history_hours: 48, ..SimConfig::default() };
    config.blobs.blob_every_seconds = 600;
    config.tenants[0].events_per_hour = EventsPerHour::scaled(0.5);
    config.tenants[0].subscribed_from_start = true;
    config.wire.coding = Coding::Gzip;
    config
}

/// Seeds that found a defect once.
/// - 18313000: two spurious 401 in a row on one blob ended a collection in which everything else worked.
const KEPT: [u64; 2] = [7, 18_313_000];

/// The kept seeds, and as many fresh ones as `TRAILHOUND_SEEDS` says.
fn seeds() -> Vec<u64> {
    let fresh = std::env::var("TRAILHOUND_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(0u64);
    let base = std::process::id();
    let mut seeds = KEPT.to_vec();
    seeds.extend((0..fresh).map(|n| u64::from(base) * 1000 + n));
    seeds
}

fn each_seed(check: impl Fn(u64)) {
    for seed in seeds() {
        println!("seed {seed}");
        check(seed);
    }
}

fn collect(change: impl FnOnce(&mut SimConfig), seed: u64) -> Played {
    let mut config = small(seed);
    change(&mut config);
    let played = Play::default().on(config);
    // A window's end may cut a blob whose rows go on beyond it; the rest belongs to the next window.
    played.assert_complete(minutes(6));
    played
}

#[test]
fn two_calm_days_are_complete() {
    each_seed(|seed| {
        let played = collect(|_| {}, seed);
        assert!(played.records().fetched > 1_000 && played.records().duplicates > 0);
    });
}

#[test]
fn paging_with_odd_casing_empty_pages_and_the_form_of_the_reference() {
    each_seed(|seed| {
        for form in [PageForm::LowerCase, PageForm::Reference] {
            let played = collect(
                |config| {
                    config.feed.page_size_blobs = 2;
                    config.feed.page_form = form;
                    config.feed.empty_page_rate = 0.1;
                    config.feed.shuffle_page = true;
                },
                seed,
            );
            let pages: u64 = played.snapshot.streams.values().map(|s| s.pages).sum();
            assert!(pages > 200, "{pages} pages");
        }
    });
}

#[test]
fn twins_of_one_millisecond_and_blobs_that_hold_the_same_records() {
    each_seed(|seed| {
        let played = collect(
            |config| {
                config.blobs.twin_rate = 0.3;
                config.records.duplicate_rate = 0.1;
                config.feed.cut_blobs_at_window_edges = true;
            },
            seed,
        );
        assert!(played.records().duplicates * 20 > played.records().fetched);
    });
}

#[test]
fn revisions_and_records_without_an_id_are_all_delivered() {
    each_seed(|seed| {
        let played = collect(
            |config| {
                config.records.revision_rate = 0.05;
                config.records.without_id_rate = 0.05;
                config.records.duplicate_rate = 0.0;
            },
            seed,
        );
        assert!(played.records().revisions > 0);
    });
}

#[test]
fn five_percent_server_errors_resets_html_and_truncated_bodies() {
    each_seed(|seed| {
        collect(
            |config| {
                config.wire.error_rate = 0.05;
                config.wire.unavailable_rate = 0.01;
                config.wire.html_rate = 0.01;
                config.wire.reset_rate = 0.01;
                config.wire.truncated_rate = 0.05;
                config.wire.slow_rate = 0.02;
                config.wire.request_timeout_rate = 0.01;
            },
            seed,
        );
    });
}

#[test]
fn blobs_that_never_work_become_gap_rows_and_the_rest_goes_on() {
    each_seed(|seed| {
        let played = collect(
            |config| {
                config.blobs.poison_rate = 0.01;
                config.blobs.invalid_json_rate = 0.01;
                config.blobs.expired_early_rate = 0.01;
                config.blobs.unknown_rate = 0.01;
                config.blobs.malformed_rate = 0.01;
                config.blobs.hostile_uri_rate = 0.01;
                config.feed.hostile_next_page_rate = 0.0;
            },
            seed,
        );
        assert!(played.reports.iter().any(|report| !report.gaps.is_empty()));
    });
}

#[test]
fn odd_bodies_are_read_all_the_same() {
    each_seed(|seed| {
        collect(
            |config| {
                config.blobs.bom_rate = 0.1;
                config.blobs.white_space_rate = 0.1;
                config.blobs.empty_rate = 0.1;
                config.blobs.single_object_rate = 0.1;
                config.blobs.huge_record_rate = 0.005;
                config.wire.chunked = true;
            },
            seed,
        );
    });
}

#[test]
fn a_token_that_lives_for_seconds_and_401_in_the_middle() {
    each_seed(|seed| {
        collect(
            |config| {
                config.login.token_life_seconds = 3;
                config.wire.unauthorized_rate = 0.02;
                config.wire.latency_ms_max = 900;
            },
            seed,
        );
    });
}

#[test]
fn throttling_is_waited_out() {
    each_seed(|seed| {
        collect(|config| config.feed.quota_per_minute = 40, seed);
        collect(
            |config| {
                config.feed.throttle_status = 429;
                config.feed.throttle_retry_after_seconds = 20;
                config.wire.throttle_rate = 0.02;
            },
            seed,
        );
    });
}

#[test]
fn late_blobs_are_found_by_the_trailing_sweeps() {
    let mut config = small(11);
    config.history_hours = 30;
    config.tenants[0].events_per_hour = EventsPerHour::scaled(0.2);
    config.blobs.blob_every_seconds = 900;
    config.blobs.late_rate = 0.1;
    config.blobs.late_hours_max = 24 * 5;
    config.blobs.behind_rate = 0.1;
    config.records.reissue_rate = 0.02;
    let play = Play { poll_every: minutes(10), streams: vec![Stream::General], ..Play::follow(days(6)) };
    play.on(config).assert_complete(hours(13));
}

#[test]
fn an_outage_and_a_bad_hour_while_it_runs() {
    let mut config = small(3);
    config.history_hours = 12;
    let play = Play {
        events: vec![
            (hours(2), |sim| sim.configure(|config| config.wire.down_next_requests = 400)),
            (hours(5), |sim| sim.configure(|config| config.wire.error_rate = 0.2)),
            (hours(7), |sim| sim.configure(|config| config.wire.error_rate = 0.0)),
        ],
        ..Play::follow(hours(12))
    };
    play.on(config).assert_complete(hours(1));
}

#[test]
fn a_disabled_subscription_is_started_again_and_leaves_a_gap_row() {
    let mut config = small(5);
    config.history_hours = 6;
    let play = Play {
        events: vec![(hours(3), |sim| {
            let tenant = sim.config().tenants[0].tenant_id.clone();
            sim.disable_subscription(&tenant, Stream::Exchange);
        })],
        ..Play::follow(hours(8))
    };
    let played = play.on(config);
    played.assert_complete(hours(1));
    for report in &played.reports {
        // Up to the start request, and from there to its answer.
        let mut off = SpanSet::new();
        for gap in report.gaps.iter().filter(|gap| gap.reason == GapReason::SubscriptionOff) {
            off.insert(gap.span);
        }
        let expected = usize::from(report.key.stream.as_str() == Stream::Exchange.name());
        assert_eq!(off.spans().len(), expected, "{}: {:?}", report.key, report.gaps);
    }
}

#[test]
fn a_clock_that_is_twenty_minutes_off_is_corrected() {
    for skew_seconds in [-1_200, 1_200] {
        let mut config = small(9);
        config.wire.clock_skew_seconds = skew_seconds;
        let played = Play::follow(hours(3)).on(config);
        played.assert_complete(hours(1));
    }
}

#[test]
fn everything_at_once() {
    each_seed(|seed| {
        let mut config = SimConfig { seed, history_hours: 24, ..SimConfig::named("faulty").unwrap() };
        config.tenants.truncate(1);
        config.tenants[0].events_per_hour = EventsPerHour::scaled(0.5);
        config.tenants[0].subscribed_from_start = true;
        let play = Play { mode: Mode::Follow, ..Play::follow(hours(30)) };
        play.on(config).assert_complete(hours(14));
    });
}
