//! Weeks of an office, quickly.

use proptest::prelude::*;
use trailhound_health::{Quiet, Rhythm};
use trailhound_model::{Span, Timestamp, hours, minutes};

/// A Monday.
const MONDAY: &str = "2026-08-03T00:00:00Z";
const WEEK: u64 = 168;

fn start() -> Timestamp {
    Timestamp::parse(MONDAY).unwrap()
}

/// Records of an hour of an office's week: Monday to Friday, 7 to 18.
fn office(hour: u64) -> u32 {
    let (day, hour) = (hour / 24 % 7, hour % 24);
    if day < 5 && (7..18).contains(&hour) { 400 } else { u32::from(hour == 3) * 2 }
}

/// Lets `weeks` pass, an hour at a time; answers each hour found quiet.
fn live(
    rhythm: &mut Rhythm,
    from_hour: u64,
    to_hour: u64,
    records: impl Fn(u64) -> u32,
) -> Vec<(u64, Quiet)> {
    let mut found = Vec::new();
    for hour in from_hour..to_hour {
        let now = start() + hours(hour + 1) + minutes(5);
        rhythm.note(start() + hours(hour), records(hour), now);
        let listed = Span { from: start(), to: now };
        rhythm.settle(listed, now);
        found.extend(rhythm.quiet(listed, now).map(|quiet| (hour, quiet)));
    }
    found
}

#[test]
fn nights_and_weekends_are_ordinary() {
    let mut rhythm = Rhythm::new(start());
    assert_eq!(live(&mut rhythm, 0, 6 * WEEK, office), []);
}

#[test]
fn a_working_day_without_records_is_silent_within_hours() {
    let mut rhythm = Rhythm::new(start());
    let found = live(&mut rhythm, 0, 4 * WEEK + 48, |hour| if hour < 4 * WEEK { office(hour) } else { 0 });
    let (noticed, quiet) = found.first().copied().unwrap();
    // Work begins at 7; two hours of it are needed, and half an hour for what comes late.
    assert_eq!(noticed, 4 * WEEK + 9);
    assert_eq!(quiet.since, start() + hours(4 * WEEK + 7));
    assert!(quiet.expected >= 700 && quiet.seen == 0, "{quiet:?}");
    let (_, last) = found.last().copied().unwrap();
    assert_eq!(last.since, quiet.since, "the beginning stays");
}

#[test]
fn no_alarm_before_two_weeks_are_known() {
    let mut rhythm = Rhythm::new(start());
    let silent_from = 2 * WEEK - 30;
    let found = live(&mut rhythm, 0, 2 * WEEK, |hour| if hour < silent_from { office(hour) } else { 0 });
    assert_eq!(found, []);
}

#[test]
fn a_quiet_day_of_fewer_people_is_not_silent_and_a_flood_leaves_no_false_alarm() {
    let mut rhythm = Rhythm::new(start());
    let flood = 3 * WEEK + 33;
    let found = live(&mut rhythm, 0, 7 * WEEK, |hour| match hour {
        hour if hour == flood => 500_000,
        hour if hour / 24 == 5 * 7 => office(hour) / 4, // a holiday
        hour => office(hour),
    });
    assert_eq!(found, []);
}

#[test]
fn time_that_was_not_listed_teaches_nothing() {
    let mut rhythm = Rhythm::new(start());
    live(&mut rhythm, 0, 3 * WEEK, office);
    // Four weeks off, then the coverage begins anew: what lies between is unknown, not empty.
    let back = 7 * WEEK;
    for hour in back..back + 48 {
        let now = start() + hours(hour + 1) + minutes(5);
        rhythm.note(start() + hours(hour), office(hour), now);
        rhythm.settle(Span { from: start() + hours(back), to: now }, now);
    }
    let now = start() + hours(back + 58);
    let listed = Span { from: start() + hours(back), to: now };
    rhythm.settle(listed, now);
    let quiet = rhythm.quiet(listed, now);
    assert!(quiet.is_some(), "Wednesday morning is still known to be busy");
}

#[test]
fn the_lag_has_a_norm_that_moves_slowly() {
    let mut rhythm = Rhythm::new(start());
    for n in 0..50 {
        rhythm.note_lag(minutes(2), start() + minutes(15 * n));
    }
    rhythm.note_lag(hours(9), start() + hours(20));
    let usual = rhythm.usual_lag().unwrap();
    assert!(usual < minutes(3), "{usual:?}");
}

proptest! {
    #[test]
    fn the_text_holds_everything(
        notes in proptest::collection::vec((0u64..700, 0u32..5_000), 0..300), lag in proptest::option::of(1u64..100_000),
    ) {
        let mut rhythm = Rhythm::new(start());
        for (hour, records) in notes {
            let now = start() + hours(hour);
            rhythm.note(now - minutes(30), records, now);
            rhythm.settle(Span { from: start(), to: now }, now);
        }
        if let Some(lag) = lag {
            rhythm.note_lag(std::time::Duration::from_secs(lag), start());
        }
        let text = rhythm.to_text();
        prop_assert!(text.len() < 4_096);
        let again = Rhythm::from_text(&text).unwrap();
        prop_assert_eq!(again.to_text(), text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = Rhythm::from_text(&text);
        let _ = Rhythm::from_text(&format!("rhythm1 {text}"));
    }
}
