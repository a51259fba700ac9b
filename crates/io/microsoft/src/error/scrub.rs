//! The server's words, fit to be shown.

/// Longest part of the server's words that is kept, in bytes.
const MAX_DETAIL_BYTES: usize = 300;
/// Shortest word that is taken for a token, in bytes.
const MIN_TOKEN_BYTES: usize = 20;

/// One line of at most [`MAX_DETAIL_BYTES`] bytes, without control characters, tokens, or `secret`.
pub(crate) fn scrub(text: &str, secret: Option<&str>) -> String {
    let mut text = text.to_owned();
    if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "[secret]");
    }
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        // Every JSON web token begins with the base64 of `{"`.
        match word.find("eyJ") {
            Some(at) if word.len() - at >= MIN_TOKEN_BYTES => {
                line.push_str(&word[..at]);
                line.push_str("[token]");
            }
            _ => line.push_str(word),
        }
        if line.len() > MAX_DETAIL_BYTES {
            break;
        }
    }
    let mut end = line.len().min(MAX_DETAIL_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_cleaned_and_hidden() {
        assert_eq!(scrub("a\r\n\tb\u{0}c", None), "a b c");
        assert_eq!(scrub("no hunter2!", Some("hunter2")), "no [secret]!");
        assert_eq!(scrub("got 'eyJhbGciOiJQUzI1NiJ9.eyJ4Ijox.zzz'", None), "got '[token]");
        assert_eq!(scrub(&"ü".repeat(400), None).len(), 300);
        assert_eq!(scrub(&"x y ".repeat(400), None).len(), 300);
    }
}
