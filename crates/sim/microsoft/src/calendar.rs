//! Dates as Microsoft writes and reads them, spelt out here: the client must not share this code.

use std::fmt::Write;

use trailhound_model::Timestamp;

const DAY_MILLIS: i64 = 86_400_000;

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    millis: i64,
}

fn civil(at: Timestamp) -> Civil {
    let (days, rest) = (at.as_millis().div_euclid(DAY_MILLIS), at.as_millis().rem_euclid(DAY_MILLIS));
    // Days to year, month and day by eras of 400 years that begin on 1 March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        hour: rest / 3_600_000,
        minute: rest / 60_000 % 60,
        second: rest / 1_000 % 60,
        millis: rest % 1_000,
    }
}

fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Appends `n` with `width` digits.
pub(crate) fn push_digits(out: &mut String, n: i64, width: u32) {
    for place in (0..width).rev() {
        let digit = (n / 10i64.pow(place)) % 10;
        out.push(char::from(b'0' + u8::try_from(digit).unwrap_or(0)));
    }
}

/// Appends `YYYY-MM-DDTHH:MM:SS`: the form of `CreationTime`, no zone.
pub(crate) fn push_seconds(out: &mut String, at: Timestamp) {
    let c = civil(at);
    push_digits(out, c.year, 4);
    for (sign, value) in [('-', c.month), ('-', c.day), ('T', c.hour), (':', c.minute), (':', c.second)] {
        out.push(sign);
        push_digits(out, value, 2);
    }
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`: the form of `contentCreated`.
pub(crate) fn with_millis(at: Timestamp) -> String {
    let mut out = String::with_capacity(24);
    push_seconds(&mut out, at);
    out.push('.');
    push_digits(&mut out, at.as_millis().rem_euclid(1_000), 3);
    out.push('Z');
    out
}

/// Appends `yyyyMMddHHmmssfff`: the beginning of a content id's times.
pub(crate) fn push_compact(out: &mut String, at: Timestamp) {
    let c = civil(at);
    push_digits(out, c.year, 4);
    for value in [c.month, c.day, c.hour, c.minute, c.second] {
        push_digits(out, value, 2);
    }
    push_digits(out, c.millis, 3);
}

/// The inverse of [`push_compact`].
pub(crate) fn parse_compact(text: &str) -> Option<Timestamp> {
    if text.len() != 17 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    instant(
        [number(0, 4)?, number(4, 6)?, number(6, 8)?, number(8, 10)?, number(10, 12)?, number(12, 14)?],
        number(14, 17)?,
    )
}

/// `Sun, 22 Nov 2026 17:48:50 GMT`: the `Date` header.
pub(crate) fn http_date(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let c = civil(at);
    let weekday = DAYS[weekday_from_thursday(at)];
    let month = MONTHS[usize::try_from(c.month - 1).unwrap_or(0)];
    let mut out = String::with_capacity(29);
    let _ = write!(
        out,
        "{weekday}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
        c.day, c.year, c.hour, c.minute, c.second
    );
    out
}

/// `2026-01-01 00:00:00Z`: the form in token errors.
pub(crate) fn login_time(at: Timestamp) -> String {
    let mut out = String::with_capacity(20);
    push_seconds(&mut out, at);
    out.replace_range(10..11, " ");
    out.push('Z');
    out
}

/// Days since the Thursday before or on `at` (1970-01-01 was one).
pub(crate) fn weekday_from_thursday(at: Timestamp) -> usize {
    usize::try_from(at.as_millis().div_euclid(DAY_MILLIS).rem_euclid(7)).unwrap_or(0)
}

/// Hour of the UTC day.
pub(crate) fn hour_of_day(at: Timestamp) -> usize {
    usize::try_from(at.as_millis().rem_euclid(DAY_MILLIS) / 3_600_000).unwrap_or(0)
}

/// Reads a `startTime`: a date, or with minutes, seconds, a fraction; then nothing, `Z` or an offset.
pub(crate) fn parse_query_time(text: &str) -> Option<Timestamp> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let sign = |at: usize, wanted: u8| text.as_bytes().get(at) == Some(&wanted);
    if !sign(4, b'-') || !sign(7, b'-') {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if text.len() == 10 {
        return instant([year, month, day, 0, 0, 0], 0);
    }
    if !(sign(10, b'T') || sign(10, b't')) || !sign(13, b':') {
        return None;
    }
    let (hour, minute) = (number(11, 13)?, number(14, 16)?);
    let (mut at, mut second, mut millis) = (16, 0, 0);
    if sign(16, b':') {
        second = number(17, 19)?;
        at = 19;
        if sign(19, b'.') {
            let digits = text[20..].bytes().take_while(u8::is_ascii_digit).count();
            let fraction: String = text[20..20 + digits].chars().chain("000".chars()).take(3).collect();
            millis = if digits == 0 { return None } else { fraction.parse().ok()? };
            at = 20 + digits;
        }
    }
    let local = instant([year, month, day, hour, minute, second], millis)?;
    Some(Timestamp::from_millis(local.as_millis() - offset_millis(&text[at..])?))
}

fn offset_millis(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('+') {
        1
    } else if zone.starts_with('-') {
        -1
    } else {
        return None;
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(sign * (hours * 60 + minutes) * 60_000)
}

fn instant([year, month, day, hour, minute, second]: [i64; 6], millis: i64) -> Option<Timestamp> {
    let valid = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    let days = days_before(year, month, day);
    let at =
        Timestamp::from_millis(days * DAY_MILLIS + ((hour * 60 + minute) * 60 + second) * 1_000 + millis);
    // 31 April would have become 1 May.
    (valid && civil(at).day == day).then_some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn writing_agrees_with_the_model_and_reads_back(millis in 0i64..4_000_000_000_000) {
            let at = Timestamp::from_millis(millis);
            prop_assert_eq!(with_millis(at), at.to_string());
            prop_assert_eq!(parse_query_time(&with_millis(at)), Some(at));
            let mut compact = String::new();
            push_compact(&mut compact, at);
            prop_assert_eq!(parse_compact(&compact), Some(at));
        }
    }

    #[test]
    fn the_documented_forms_are_read_and_others_refused() {
        let noon = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        for text in [
            "2026-11-20T12:00",
            "2026-11-20T12:00:00",
            "2026-11-20T12:00:00.0000000Z",
            "2026-11-20T14:00:00+02:00",
        ] {
            assert_eq!(parse_query_time(text), Some(noon), "{text}");
        }
        assert_eq!(parse_query_time("2026-11-20"), Timestamp::parse("2026-11-20").ok());
        for text in [
            "",
            "2026-11-31",
            "2026-13-01",
            "20.11.2026",
            "2026-11-20T12:00:00 00:00",
            "2026-11-20T12:00:00.",
        ] {
            assert_eq!(parse_query_time(text), None, "{text}");
        }
        assert_eq!(http_date(noon), "Fri, 20 Nov 2026 12:00:00 GMT");
        assert_eq!(login_time(noon), "2026-11-20 12:00:00Z");
    }
}
