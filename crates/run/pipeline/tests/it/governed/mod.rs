//! The governor at work: the quota is used and hardly exceeded, and the newest records come on time throughout.

mod trial;

use trailhound_model::minutes;
use trailhound_sim_microsoft::QuotaWindow;

use trial::{Figures, Trial};

fn trial(name: &'static str, quota: u32, lasts_minutes: u32) -> Trial {
    Trial {
        name,
        quotas: vec![(0, quota)],
        window: QuotaWindow::Fixed,
        retry_after_seconds: 0,
        apps: 1,
        lasts_minutes,
        backlog_blobs: quota * lasts_minutes,
        live_blobs_per_minute: 40,
    }
}

/// Asserts the three figures, the first two from a minute on.
fn assert_kept(trial: &Trial, figures: &Figures, from: usize) {
    let (used, throttled) = figures.shares(from);
    let (name, late) = (trial.name, figures.lag(99));
    assert!(used >= 0.9, "{name}: {:.1} % used: {:?}", used * 100.0, figures.minutes);
    assert!(throttled < 0.005, "{name}: {:.2} % throttled: {:?}", throttled * 100.0, figures.minutes);
    assert!(late < minutes(3), "{name}: a hundredth of the new blobs came {late:?} late or later");
    let due = (trial.lasts_minutes - 3) * trial.live_blobs_per_minute;
    assert!(
        figures.lags.len() * 10 >= due as usize * 8,
        "{name}: only {} new blobs came",
        figures.lags.len()
    );
}

#[test]
fn the_documented_quota_with_a_week_to_backfill() {
    let trial = trial("2,000", 2_000, 6);
    assert_kept(&trial, &trial.run(), 0);
}

/// `cargo xtask bench governor` runs it, optimised.
#[test]
#[ignore = "minutes of work: half an hour of virtual time for each row of the table"]
fn the_table() {
    println!(
        "{:<28}{:>9}{:>9}{:>11}{:>10}{:>10}{:>10}",
        "quota a minute", "backlog", "used", "throttled", "lag p50", "lag p99", "lag max"
    );
    for (trial, from) in table() {
        let figures = trial.run();
        let (used, throttled) = figures.shares(from);
        let lag = |percent| format!("{:.0} s", figures.lag(percent).as_secs_f64());
        println!(
            "{:<28}{:>9}{:>9}{:>11}{:>10}{:>10}{:>10}",
            trial.name,
            format!("{} min", figures.busy_minutes()),
            format!("{:.1} %", used * 100.0),
            format!("{:.3} %", throttled * 100.0),
            lag(50),
            lag(99),
            lag(100)
        );
        assert_kept(&trial, &figures, from);
    }
}

/// What is tried, and from which minute on the budget must have found its rate.
fn table() -> Vec<(Trial, usize)> {
    let sliding = |trial: Trial| Trial { window: QuotaWindow::Sliding, ..trial };
    vec![
        (trial("2,000, clock's minute", 2_000, 30), 0),
        (sliding(trial("2,000, last 60 s", 2_000, 30)), 0),
        (Trial { retry_after_seconds: 30, ..trial("2,000, Retry-After 30 s", 2_000, 30) }, 0),
        (Trial { apps: 2, ..sliding(trial("2,000, two instances", 2_000, 30)) }, 0),
        (trial("500", 500, 45), 5),
        (sliding(trial("500, last 60 s", 500, 45)), 5),
        (trial("6,000", 6_000, 30), 16),
        (
            Trial { quotas: vec![(0, 2_000), (10, 1_000)], ..sliding(trial("2,000, then 1,000", 2_000, 30)) },
            0,
        ),
    ]
}
