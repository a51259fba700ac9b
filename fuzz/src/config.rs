//! The configuration file.

use std::path::Path;

use toml::{Table, Value};
use trailhound_config::{Config, ConfigError};

/// A shorter text can stand anywhere by chance.
const MIN_SECRET_BYTES: usize = 10;
const MAX_EXCERPT_CHARS: usize = 600;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let said = said(text);
    if let Ok(table) = text.parse::<Table>() {
        let mut secrets = Vec::new();
        literal_secrets(&table, &mut secrets);
        for secret in secrets {
            assert!(!said.contains(&secret), "S1: {said}");
        }
    }
}

/// Everything that is said about the file: the refusal, or the settings and the warnings.
pub(crate) fn said(text: &str) -> String {
    let path = Path::new("trailhound.toml");
    match Config::parse(text, path) {
        Ok((config, warnings)) => {
            for warning in &warnings {
                assert!(!warning.what.is_empty() && !warning.hint.is_empty(), "{warning:?}");
                check_place(text, warning.line, warning.column);
            }
            // The text's own debug form would escape what the check looks for.
            let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
            format!("{config:?}\n{}\n{:?}", warnings.join("\n"), config.require_application(path))
        }
        Err(error) => {
            check_refusal(text, &error);
            format!("{error}\n{error:?}\n{}", error.report())
        }
    }
}

/// A refusal says what, and where; the excerpt is the line with a caret.
fn check_refusal(text: &str, error: &ConfigError) {
    assert!(!error.what.is_empty(), "{error:?}");
    check_place(text, error.line, error.column);
    assert!(error.excerpt.chars().count() <= MAX_EXCERPT_CHARS, "{}", error.excerpt);
    if !text.is_empty() {
        assert_eq!(error.excerpt.lines().count(), 3, "{}", error.excerpt);
        assert!(error.excerpt.ends_with("^\n"), "{}", error.excerpt);
        assert!(!error.excerpt.replace('\n', "").contains(char::is_control), "{:?}", error.excerpt);
    }
}

fn check_place(text: &str, line: usize, column: usize) {
    let lines: Vec<&str> = text.split('\n').collect();
    assert!((1..=lines.len()).contains(&line), "line {line} of {}", lines.len());
    let width = lines[line - 1].chars().count();
    assert!((1..=width + 1).contains(&column), "column {column} of {width}");
}

/// Texts under the keys of secrets, as far as they stand nowhere else.
fn literal_secrets(table: &Table, found: &mut Vec<String>) {
    let mut elsewhere = Vec::new();
    walk(table, &mut |key, text| {
        let is_secret = matches!(key, "client_secret" | "password" | "key");
        if is_secret && text.len() >= MIN_SECRET_BYTES {
            found.push(text.to_owned());
        } else {
            elsewhere.push(text.to_owned());
        }
    });
    walk_keys(table, &mut |key| elsewhere.push(key.to_owned()));
    // What is quoted is quoted plainly or with escapes; a text without them is found either way.
    found.retain(|secret| {
        secret.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'"')
            && !elsewhere.iter().any(|text| text.contains(secret.as_str()))
            && !OWN_WORDS.iter().any(|word| word.contains(secret.as_str()))
    });
}

/// What the messages say by themselves.
const OWN_WORDS: &[&str] = &["client_secret", "CredentialSecret", "managed_identity", "federated_token"];

/// Every text of the file with its key.
pub(crate) fn walk(table: &Table, visit: &mut impl FnMut(&str, &str)) {
    for (key, value) in table {
        walk_value(key, value, visit);
    }
}

fn walk_value(key: &str, value: &Value, visit: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Table(table) => walk(table, visit),
        Value::Array(array) => array.iter().for_each(|value| walk_value(key, value, visit)),
        Value::String(text) => visit(key, text),
        other => visit(key, &other.to_string()),
    }
}

/// Every key of the file.
pub(crate) fn walk_keys(table: &Table, visit: &mut impl FnMut(&str)) {
    for (key, value) in table {
        visit(key);
        match value {
            Value::Table(table) => walk_keys(table, visit),
            Value::Array(array) => {
                array.iter().filter_map(Value::as_table).for_each(|table| walk_keys(table, visit));
            }
            _ => {}
        }
    }
}
