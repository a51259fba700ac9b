//! A record becomes a line.

use std::io::{self, Write};

/// Writes `record` and a line feed. A record that holds line breaks loses the white space between its tokens
/// (JSON allows raw line breaks nowhere else); every other byte stays as it is.
pub(super) fn write_line(sink: &mut impl Write, record: &[u8]) -> io::Result<()> {
    if memchr::memchr2(b'\n', b'\r', record).is_none() {
        sink.write_all(record)?;
    } else {
        write_tokens(sink, record)?;
    }
    sink.write_all(b"\n")
}

fn write_tokens(sink: &mut impl Write, record: &[u8]) -> io::Result<()> {
    let mut rest = record;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b' ' | b'\t' | b'\n' | b'\r')) {
        let end = if rest[at] == b'"' { at + string_length(&rest[at..]) } else { at };
        sink.write_all(&rest[..end])?;
        rest = if rest[at] == b'"' { &rest[end..] } else { &rest[at + 1..] };
    }
    sink.write_all(rest)
}

/// Bytes of the string literal at the beginning of `text`, with both quotes; all of it when it never ends.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at.min(text.len())..]) {
        at += found;
        if text[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(record: &str) -> String {
        let mut out = Vec::new();
        write_line(&mut out, record.as_bytes()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_record_without_line_breaks_is_not_touched() {
        let record = r#"{ "b" : 1.50e+3 , "a":"\u00e4 \/ \n" }"#;
        assert_eq!(line(record), format!("{record}\n"));
    }

    #[test]
    fn only_white_space_between_tokens_goes() {
        let record = "{\r\n  \"b\" : 1.50e+3,\n\t\"a\": \"\\u00e4  \\\" , \\\\\",\n \"\": [ ]\n}";
        assert_eq!(line(record), "{\"b\":1.50e+3,\"a\":\"\\u00e4  \\\" , \\\\\",\"\":[]}\n");
    }

    proptest! {
        #[test]
        fn pretty_printed_records_mean_the_same_on_one_line(texts in proptest::collection::vec(".*", 0..6)) {
            let value = serde_json::json!({ "Id": 1, "list": texts, "inner": { "empty": {} } });
            let line = line(&serde_json::to_string_pretty(&value).unwrap());
            prop_assert_eq!(&line, &format!("{value}\n"));
        }

        #[test]
        fn any_bytes_are_taken_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut out = Vec::new();
            write_line(&mut out, &bytes).unwrap();
            prop_assert!(out.len() <= bytes.len() + 1);
        }
    }
}
