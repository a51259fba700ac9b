//! One line of the file with a caret, without its secrets.

use std::ops::Range;

/// Stands for what is not shown.
const MASK: &str = "…";

/// Longest piece of a line that is shown, in characters.
const MAX_SHOWN_CHARS: usize = 120;

/// How much of a line may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// All but secrets.
    Line,
    /// The marked part only: what stands around it may be a secret under a misspelt key.
    SpanOnly,
    /// The text is not well-formed, so where a secret ends is not known: the value only of keys that hold none.
    Unparsed,
}

/// Keys whose values are hidden. `certificate` and the like hold tables; text there may be a misplaced secret.
pub(super) fn is_secret_key(key: &str) -> bool {
    const KEYS: [&str; 8] = [
        "client_secret",
        "password",
        "key",
        "proxy",
        "certificate",
        "federated_token",
        "managed_identity",
        "endpoints",
    ];
    KEYS.contains(&key)
}

/// Keys whose values may be shown in a text that is not well-formed.
const HARMLESS_KEYS: [&str; 18] = [
    "data_dir",
    "listen",
    "retention",
    "name",
    "type",
    "tenant_id",
    "client_id",
    "secret_expires",
    "streams",
    "collection_start",
    "cloud",
    "token_version",
    "poll_interval",
    "requests_per_minute",
    "path",
    "format",
    "rotate_size",
    "compression",
];

/// Sections whose headings may be shown there.
const SECTIONS: [&str; 4] = ["console", "journal", "application", "output"];

/// Line and column of a byte offset, both from 1, the column in characters.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..floor_boundary(text, offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The line of `span` with a caret below it.
pub(super) fn render(text: &str, span: &Range<usize>, show: Show, secrets: &[Range<usize>]) -> String {
    if text.is_empty() {
        return String::new();
    }
    let start = floor_boundary(text, span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |end| start + end);
    let end = floor_boundary(text, span.end).clamp(start, line_end.max(start));
    let line_text = &text[line_start..line_end];
    let show = if show == Show::Line && has_more_keys(line_text) { Show::SpanOnly } else { show };
    let (shown, indent, width) = match show {
        Show::Line => {
            // A comment may hold an old secret.
            let comment = text[end..line_end].find('#').map_or(line_end, |at| end + at);
            masked(text, line_start..comment, &(start..end), secrets)
        }
        Show::SpanOnly => span_only(text, line_start, line_end, &(start..end), secrets),
        Show::Unparsed => unparsed(text, line_start..line_end, start),
    };
    let (line, _) = position(text, start);
    let (number, blank) = (line.to_string(), " ".repeat(line.to_string().len()));
    let shown: String = shown.chars().take(MAX_SHOWN_CHARS).collect();
    let indent = indent.min(MAX_SHOWN_CHARS);
    let carets = "^".repeat(width.clamp(1, MAX_SHOWN_CHARS + 1 - indent));
    format!("{blank} |\n{number} | {shown}\n{blank} | {}{carets}\n", " ".repeat(indent))
}

/// What is shown, the characters before the marked part, and its width in characters.
type Shown = (String, usize, usize);

fn masked(text: &str, line: Range<usize>, span: &Range<usize>, secrets: &[Range<usize>]) -> Shown {
    let (mut shown, mut indent, mut width) = (String::new(), 0, 0);
    let mut hidden_before = false;
    for (at, char) in text[line.clone()].char_indices().map(|(at, char)| (line.start + at, char)) {
        let hidden = secrets.iter().any(|secret| secret.contains(&at));
        let piece =
            if hidden { MASK.chars().next().filter(|_| !hidden_before) } else { Some(printable(char)) };
        hidden_before = hidden;
        let Some(piece) = piece else { continue };
        shown.push(piece);
        indent += usize::from(at < span.start);
        width += usize::from(span.contains(&at));
    }
    (shown, indent, width)
}

/// Whether a line holds more than one key, or goes on with a table of the line before: what stands beside the marked
/// key may be a misspelt secret.
fn has_more_keys(line: &str) -> bool {
    line.contains('{')
        || line.matches('=').count() > 1
        || line.split_once('=').is_some_and(|(key, _)| !is_key(key.trim()))
}

fn is_key(text: &str) -> bool {
    text.chars().all(|char| char.is_alphanumeric() || "_-.\"'".contains(char))
}

fn span_only(
    text: &str,
    line_start: usize,
    line_end: usize,
    span: &Range<usize>,
    secrets: &[Range<usize>],
) -> Shown {
    let inner = if text[span.clone()].starts_with('{') {
        "{ … }".to_owned()
    } else {
        masked(text, span.clone(), span, secrets).0
    };
    let before = &text[line_start..span.start];
    let is_one_key =
        before.split_once('=').is_some_and(|(key, rest)| is_key(key.trim()) && rest.trim().is_empty());
    let before = if before.trim().is_empty() || is_one_key {
        before.chars().map(printable).collect()
    } else {
        "… ".to_owned()
    };
    let after = if text[span.end..line_end].trim().is_empty() { "" } else { " …" };
    let (indent, width) = (before.chars().count(), inner.chars().count());
    (format!("{before}{inner}{after}"), indent, width)
}

fn unparsed(text: &str, line: Range<usize>, start: usize) -> Shown {
    let (line_text, indent) = (&text[line.clone()], text[line.start..start].chars().count());
    let in_long_text = ["\"\"\"", "'''"].iter().any(|quotes| text[..line.end].contains(quotes));
    let key = line_text.split('=').next().unwrap_or("").trim();
    let is_header = SECTIONS.contains(&line_text.trim().trim_matches(['[', ']']));
    if !in_long_text && (is_header || HARMLESS_KEYS.contains(&key)) {
        return (line_text.chars().map(printable).collect(), indent, 1);
    }
    let known = !in_long_text && is_secret_key(key);
    let shown = if known { format!("{key} = {MASK}") } else { MASK.to_owned() };
    let indent = if known { shown.chars().count() - 1 } else { 0 };
    (shown, indent, 1)
}

fn printable(char: char) -> char {
    if char.is_control() { ' ' } else { char }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
