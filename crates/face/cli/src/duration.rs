//! Lengths of time, read and told.

use std::time::Duration;

/// Reads `90`, `90s`, `10m`, `2h` or `7d`. A number alone is seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit_seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(format!("`{text}` is not a length of time such as `90s`, `10m` or `2h`")),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("`{text}` is not a length of time such as `90s`, `10m` or `2h`"))?;
    Ok(Duration::from_secs(number.saturating_mul(unit_seconds)))
}

/// The two largest units: `3.2 s`, `4m 05s`, `2h 10m`, `6d 03h`.
pub(crate) fn tell(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_told() {
        assert_eq!(parse("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("7d"), Ok(Duration::from_hours(168)));
        assert!(parse("soon").is_err() && parse("1y").is_err() && parse("").is_err());
        let told = [3, 245, 7_800, 529_200].map(|s| tell(Duration::from_secs(s)));
        assert_eq!(told, ["3.0 s", "4m 05s", "2h 10m", "6d 03h"]);
    }
}
