//! From text to settings: syntax, then keys and types, then meaning.

use std::ops::Range;
use std::path::Path;

use crate::document::{Document, Show, Step, nearest};
use crate::wire::FileWire;
use crate::{Config, ConfigError, Warning, check};

/// Longest configuration that is read, in bytes: 20,000 applications with every key.
const MAX_CONFIG_BYTES: usize = 16 << 20;

const SAMPLE_HINT: &str = "`trailhound config example` prints a commented sample";
const A_DATE: &str = "a date or time";

impl Config {
    /// Reads the text of the file at `path` (used for messages only). Warnings are for people to see; the
    /// configuration works in spite of them.
    pub fn parse(text: &str, path: &Path) -> Result<(Self, Vec<Warning>), ConfigError> {
        if text.len() > MAX_CONFIG_BYTES {
            let empty = Document::empty(path);
            return Err(empty.error(
                0..0,
                format!("it has more than {MAX_CONFIG_BYTES} bytes"),
                "is it the right file?",
            ));
        }
        let document = Document::parse(text, path)?;
        refuse_what_comes_later(&document)?;
        let wire: FileWire = toml::from_str(text).map_err(|error| translate(&document, &error))?;
        check::config(wire, document)
    }

    /// Refuses a configuration that has nothing to collect: for the commands that collect. `path` is for the
    /// message.
    pub fn require_application(&self, path: &Path) -> Result<(), ConfigError> {
        if self.applications.is_empty() {
            return Err(Document::empty(path).error(0..0, "there is no `[[application]]`", SAMPLE_HINT));
        }
        Ok(())
    }
}

/// Parts of the contract that this version does not have are refused by name, before their keys look unknown.
fn refuse_what_comes_later(document: &Document<'_>) -> Result<(), ConfigError> {
    let later = |path: &[Step], what: &str, instead: &str| {
        let what = format!("{what} is not available in this version");
        Err(document.error(document.locate(path), what, instead))
    };
    if document.value(&["search".into()]).is_some() {
        return later(&["search".into()], "`[search]`", "remove the section");
    }
    for at in 0..document.array_length("output") {
        let kind = ["output".into(), at.into(), "type".into()];
        if let Some(name @ ("nats" | "syslog")) = document.value(&kind).and_then(|value| value.as_str()) {
            return later(&kind, &format!("the output type `{name}`"), "use `type = \"file\"`");
        }
    }
    Ok(())
}

/// From the library's words to ours. Nothing of a value is taken over, so no secret can come along.
fn translate(document: &Document<'_>, error: &toml::de::Error) -> ConfigError {
    let span = error.span().unwrap_or(0..0);
    let message = error.message();
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let Some(rest) = message.strip_prefix("unknown field `") {
        return unknown_key(
            document,
            span,
            rest.split('`').next().unwrap_or(""),
            quoted.get(1..).unwrap_or(&[]),
        );
    }
    if let Some(key) = message.strip_prefix("missing field `").and_then(|_| quoted.first()) {
        return document.error(span, format!("the key `{key}` is missing here"), SAMPLE_HINT);
    }
    let key = document.key_at(span.start).map_or_else(|| "the value".to_owned(), |key| format!("`{key}`"));
    if let Some((kind, expected)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "))
    {
        // The library hands dates on as tables.
        let given = if document.is_digit_at(span.start) && kind == "map" { A_DATE } else { given_type(kind) };
        let expected = expected_type(expected);
        let hint = if given == A_DATE { "put it in quotes" } else { "" };
        return document.error(span, format!("{key} must be {expected}, not {given}"), hint);
    }
    if message.starts_with("invalid ") {
        return document.error(span, format!("{key} has a value that is not allowed"), "");
    }
    if message == "is empty" {
        return document.error(
            span,
            format!("{key} is empty"),
            "write `{ env = \"…\" }` or `{ file = \"…\" }`",
        );
    }
    document.error(span, format!("{key}: {message}"), "")
}

fn unknown_key(document: &Document<'_>, span: Range<usize>, key: &str, known: &[&str]) -> ConfigError {
    let hint = match nearest(key, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here are {}", list(known)),
    };
    document.error_showing(span, Show::SpanOnly, format!("unknown key `{key}`"), &hint)
}

/// `a`, `b` and `c`.
pub(crate) fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "none".to_owned(),
    }
}

fn given_type(kind: &str) -> &'static str {
    match kind.split([' ', '`']).next() {
        Some("string") => "text",
        Some("integer" | "floating") => "a number",
        Some("boolean") => "true or false",
        Some("sequence") => "an array",
        Some("map") => "a table",
        Some("datetime") => A_DATE,
        _ => "something else",
    }
}

fn expected_type(expected: &str) -> &str {
    match expected {
        "a string" => "text in quotes",
        "a sequence" => "an array (`[…]`)",
        "i64" => "a whole number",
        "a boolean" => "true or false",
        _ if expected.starts_with("struct ") => "a table",
        _ => expected,
    }
}
