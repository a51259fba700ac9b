//! Takes out of a text what differs from run to run.

use std::path::Path;

/// Replaces the folder, ports, times, durations and GUIDs by their names.
pub(crate) fn mask(text: &str, folder: &Path) -> String {
    let text = text.replace(folder.to_str().unwrap(), "[folder]");
    let mut masked = String::new();
    let mut rest = text.as_str();
    'text: while let Some(first) = rest.chars().next() {
        for (pattern, name) in PATTERNS {
            if let Some(length) = match_length(rest, pattern) {
                masked.push_str(name);
                rest = &rest[length..];
                continue 'text;
            }
        }
        masked.push(first);
        rest = &rest[first.len_utf8()..];
    }
    masked
}

/// `d`: a digit, `h`: a hexadecimal digit, `*`: digits until they end; all else stands for itself.
const PATTERNS: [(&str, &str); 6] = [
    ("dddd-dd-ddTdd:dd:dd.*Z", "[time]"),
    ("dddd-dd-ddTdd:dd:ddZ", "[time]"),
    ("127.0.0.1:*", "127.0.0.1:[port]"),
    ("hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh", "[guid]"),
    ("d.d s", "[seconds]"),
    ("*.* GiB", "[size]"),
];

fn match_length(text: &str, pattern: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    for wanted in pattern.bytes() {
        let found = *bytes.get(at)?;
        let fits = match wanted {
            b'd' | b'*' => found.is_ascii_digit(),
            b'h' => found.is_ascii_hexdigit(),
            _ => found == wanted,
        };
        if !fits {
            return None;
        }
        at += 1;
        while wanted == b'*' && bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
    }
    Some(at)
}

#[test]
fn what_differs_is_taken_out() {
    let text = "at 2026-11-20T16:00:00.123Z on 127.0.0.1:40123 for 4831a108-d2bf-4ba9-86e6-e12540b86826 in /tmp/x1/y";
    assert_eq!(mask(text, Path::new("/tmp/x1")), "at [time] on 127.0.0.1:[port] for [guid] in [folder]/y");
}
