//! Lines of an application's section with a literal secret in them, damaged in any way that leaves the secret whole.

use toml::Table;

use crate::config::{said, walk, walk_keys};

const SECRET: &str = "hunter2-hunter2";

/// Keys whose values may be shown: a secret that stands there was given away before.
const OPEN_KEYS: &[&str] = &[
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
    "rotate_every",
    "compression",
    "publisher_id",
    "ca_file",
    "file",
    "env",
    "api",
    "login",
];

/// An input is what stands in the place of the line with the secret.
pub(crate) fn run(data: &[u8]) {
    let Ok(lines) = std::str::from_utf8(data) else { return };
    if !lines.contains(SECRET) {
        return;
    }
    let text = file(lines);
    if is_given_away(&text, lines) {
        return;
    }
    let said = said(&text);
    assert!(!said.contains(SECRET), "S1: {lines}\n{said}");
}

/// A file that works but for `lines`.
fn file(lines: &str) -> String {
    const GUID: &str = "11111111-2222-3333-4444-555555555555";
    format!(
        "data_dir = \"/var/lib/trailhound\"\n\n[[application]]\nname = \"contoso\"\ntype = \"office365\"\n\
         tenant_id = \"{GUID}\"\nclient_id = \"{GUID}\"\n{lines}\nstreams = [\"Audit.Exchange\"]\n\n\
         [[output]]\nname = \"siem\"\ntype = \"file\"\npath = \"/log/{{date}}.ndjson\"\n"
    )
}

/// Whether the secret stands where no secret belongs: as a key, or as the value of a key that is shown.
fn is_given_away(text: &str, lines: &str) -> bool {
    let Ok(table) = text.parse::<Table>() else {
        // What is not well-formed has no keys to go by: their names must not occur, nor a new section.
        let may_be_shown = OPEN_KEYS.iter().any(|key| lines.contains(key)) || lines.contains("[[");
        return may_be_shown || is_in_a_key(lines);
    };
    let mut given_away = false;
    walk(&table, &mut |key, value| {
        // A proxy's host is shown; its name and password stand before the `@`.
        let shown = if key == "proxy" { value.rsplit('@').next().unwrap_or(value) } else { value };
        given_away |= (key == "proxy" || OPEN_KEYS.contains(&key)) && shown.contains(SECRET);
    });
    walk_keys(&table, &mut |key| given_away |= key.contains(SECRET));
    given_away
}

/// Whether the secret is followed by what may end a key, and then by `=`.
fn is_in_a_key(lines: &str) -> bool {
    let of_a_key = |letter: char| letter.is_alphanumeric() || "_-.\"' \t".contains(letter);
    lines.split(SECRET).skip(1).any(|rest| rest.trim_start_matches(of_a_key).starts_with('='))
}
