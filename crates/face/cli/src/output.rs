//! Standard output: data only.

use std::io::{self, Write};

use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;

/// Writes text. A reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Failed, format!("failed to write to standard output: {error}"), ""))
        }
        _ => Ok(()),
    }
}

/// Writes one JSON object on one line.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string(value)
        .map_err(|error| Failure::new(Exit::Failed, format!("failed to write JSON: {error}"), ""))?;
    text.push('\n');
    print(&text)
}

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in decimal units, as rates are told: `1.5 MB`.
pub(crate) fn bytes(number: f64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = number;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{value:.0} B") } else { format!("{value:.1} {}", units[unit]) }
}

/// `1 blob`, `2 blobs`.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A label and its words, wrapped below each other; only a word that is longer than a row makes a longer row.
/// `indent`: columns before the space that the words follow.
pub(crate) fn row(text: &mut String, label: &str, words: &str, indent: usize, width: usize) {
    let mut row = format!("  {label:<0$}", indent - 2);
    let mut used = row.chars().count().max(indent);
    let mut is_first = true;
    for word in words.split(' ') {
        let columns = anstream::adapter::strip_str(word).to_string().chars().count();
        if !is_first && used + 1 + columns > width {
            text.push_str(row.trim_end());
            text.push('\n');
            row = " ".repeat(indent);
            used = indent;
        }
        row.push(' ');
        row.push_str(word);
        used += 1 + columns;
        is_first = false;
    }
    text.push_str(row.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_in_groups_and_units() {
        let groups = [0, 999, 1_000, 1_234_567].map(count);
        assert_eq!(groups, ["0", "999", "1,000", "1,234,567"]);
        let sizes = [0.0, 999.0, 1_500.0, 2_500_000.0, 3.2e9].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.5 kB", "2.5 MB", "3.2 GB"]);
        assert_eq!(plural(1, "blob"), "1 blob");
    }
}
