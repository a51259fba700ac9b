//! The server's words, fit to be shown.

use std::borrow::Cow;

use url::form_urlencoded::byte_serialize;

use crate::config::is_guid;

/// Longest part of the server's words that is kept, in bytes.
const MAX_DETAIL_BYTES: usize = 600;
/// How much of an answer that is not JSON is looked at, in bytes.
pub(crate) const MAX_PAGE_BYTES: usize = 16 << 10;
/// Shortest word that is taken for a token, in bytes.
const MIN_TOKEN_BYTES: usize = 20;
/// Where something was left out.
const LEFT_OUT: &str = " …";
/// Stands for the secret.
const HIDDEN: &str = "[secret]";
/// What the vendor's support asks for; each is followed by a GUID.
const KEPT_IDS: [[&str; 2]; 2] = [["Trace", "ID:"], ["Correlation", "ID:"]];

/// One line of at most [`MAX_DETAIL_BYTES`] bytes, without control characters, tokens, or `secret` (plain, or as it
/// stands in a form). It is cut between words; trace and correlation ids stay whole. Of an HTML page only the title
/// is told.
pub(crate) fn scrub(text: &str, secret: Option<&str>) -> String {
    let mut text = Cow::Borrowed(page_title(text).unwrap_or(text));
    if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
        // Sent in a form; a proxy's page may repeat that form.
        let in_form: String = byte_serialize(secret.as_bytes()).collect();
        text = text.replace(secret, HIDDEN).replace(&in_form, HIDDEN).into();
    }
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let words: Vec<Cow<'_, str>> = words.map(without_token).collect();
    let line = words.join(" ");
    if line.len() <= MAX_DETAIL_BYTES { line } else { cut(&line, &kept_ids(&words)) }
}

/// The title of an HTML page, or that it is one; `None` for any other text.
pub(crate) fn page_title(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let start = lower.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if !(start.starts_with('<') && (start.contains("<html") || start.contains("<!doctype html"))) {
        return None;
    }
    let title = lower.find("<title").and_then(|tag| {
        let from = tag + lower[tag..].find('>')? + 1;
        let title = text[from..from + lower[from..].find("</title")?].trim();
        (!title.is_empty()).then_some(title)
    });
    Some(title.unwrap_or("an HTML page"))
}

/// Every JSON web token begins with the base64 of `{"`.
fn without_token(word: &str) -> Cow<'_, str> {
    match word.find("eyJ") {
        Some(at) if word.len() - at >= MIN_TOKEN_BYTES => format!("{}[token]", &word[..at]).into(),
        _ => word.into(),
    }
}

fn kept_ids(words: &[Cow<'_, str>]) -> Vec<String> {
    let found = KEPT_IDS.iter().filter_map(|name| {
        let at = words.windows(3).find(|three| three[..2] == name[..])?;
        let id = at[2].trim_matches(|c: char| !c.is_ascii_alphanumeric());
        is_guid(id).then(|| format!("{} {} {id}", name[0], name[1]))
    });
    found.collect()
}

/// The first words, then those of `ids` that are not among them.
fn cut(line: &str, ids: &[String]) -> String {
    let tail_bytes: usize = ids.iter().map(|id| id.len() + 1).sum();
    let mut end = MAX_DETAIL_BYTES - tail_bytes - LEFT_OUT.len();
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    // A cut inside a word goes back to its beginning, unless the word is all there is.
    if !line[end..].starts_with(' ') {
        end = line[..end].rfind(' ').unwrap_or(end);
    }
    let mut kept = line[..end].to_owned();
    let missing: Vec<&String> = ids.iter().filter(|id| !kept.contains(id.as_str())).collect();
    kept.push_str(LEFT_OUT);
    for id in missing {
        kept.push(' ');
        kept.push_str(id);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_cleaned_and_hidden() {
        assert_eq!(scrub("a\r\n\tb\u{0}c", None), "a b c");
        assert_eq!(scrub("no hunter2!", Some("hunter2")), "no [secret]!");
        assert_eq!(scrub("client_secret=a%7Eb+%2B&x", Some("a~b +")), "client_secret=[secret]&x");
        assert_eq!(scrub("got 'eyJhbGciOiJQUzI1NiJ9.eyJ4Ijox.zzz'", None), "got '[token]");
        let one_word = scrub(&"ü".repeat(400), None);
        assert_eq!(one_word, "ü".repeat(298) + " …");
        let words = scrub(&"word ".repeat(400), None);
        assert_eq!(words, "word ".repeat(119) + "…");
        assert_eq!(scrub(&"x".repeat(600), None).len(), 600, "what fits is not cut");
    }

    #[test]
    fn ids_that_the_support_asks_for_stay_whole() {
        let ids = "Trace ID: 0f8fad5b-d9cb-469f-a165-70867728950e \
                   Correlation ID: 7c9e6679-7425-40de-944b-e07fc1f90ae7";
        let late = scrub(&format!("{}\r\n{ids} Timestamp: 2026-11-22", "word ".repeat(200)), None);
        assert!(late.ends_with(&format!("word … {ids}")) && late.len() <= MAX_DETAIL_BYTES, "{late}");
        let early = scrub(&format!("{ids} {}", "word ".repeat(200)), None);
        assert!(early.starts_with(ids) && early.ends_with("word …"), "{early}");
        assert_eq!(early.matches("Trace ID").count(), 1);
        let no_guid = scrub(&format!("{} Trace ID: {}", "w ".repeat(400), "x".repeat(900)), None);
        assert!(no_guid.ends_with("w …") && no_guid.len() <= MAX_DETAIL_BYTES, "{no_guid}");
        for before in 480..600 {
            let line = scrub(&format!("{} {ids} {}", "x".repeat(before), "w ".repeat(99)), None);
            assert!(ids.split(" Corr").all(|id| line.contains(id)), "{line}");
            assert!(line.len() <= MAX_DETAIL_BYTES, "{} bytes", line.len());
        }
    }

    #[test]
    fn of_a_page_only_the_title_is_told() {
        let page =
            "\n<!DOCTYPE html>\n<HTML><head><Title lang=en> 502 Bad Gateway </TITLE></head><body>x</body>";
        assert_eq!(page_title(page), Some("502 Bad Gateway"));
        assert_eq!(page_title("<html><body><h1>No</h1>"), Some("an HTML page"));
        assert_eq!(page_title("<html><title></title>"), Some("an HTML page"));
        assert_eq!(page_title("<html><title>cut"), Some("an HTML page"));
        for other in ["plain <html>", "<Error>no</Error>", ""] {
            assert_eq!(page_title(other), None);
        }
    }
}
