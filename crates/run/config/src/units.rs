//! Durations and sizes with units.

use std::time::Duration;

/// Reads `90s`, `10m`, `1h30m`, `7d`, `500ms`. A number without a unit is refused.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut total_millis = 0u64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = leading_number(rest)?;
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let millis = match &after[..unit_end] {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        total_millis = total_millis.checked_add(number.checked_mul(millis)?)?;
        rest = &after[unit_end..];
    }
    Some(Duration::from_millis(total_millis))
}

/// Reads `512MiB`, `1GB`, `64 KiB`, `100B`; in bytes. A number without a unit is refused.
pub(crate) fn size_bytes(text: &str) -> Option<u64> {
    let (number, unit) = leading_number(text.trim())?;
    let bytes = match unit.trim_start() {
        "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(bytes)
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use trailhound_model::{days, minutes, seconds};

    use super::*;

    #[test]
    fn durations_need_units() {
        assert_eq!(duration("60s"), Some(seconds(60)));
        assert_eq!(duration("1h30m"), Some(minutes(90)));
        assert_eq!(duration("7d"), Some(days(7)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for bad in ["", "60", "s", "-1s", "1.5h", "1y", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_need_units() {
        assert_eq!(size_bytes("512MiB"), Some(512 << 20));
        assert_eq!(size_bytes("1 GB"), Some(1_000_000_000));
        for bad in ["", "512", "MiB", "1.5GiB", "1mib", "18446744073709551615TiB"] {
            assert_eq!(size_bytes(bad), None, "{bad}");
        }
    }
}
