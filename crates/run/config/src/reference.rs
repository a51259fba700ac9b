//! Schema, sample and reference page, all from the declarations in `wire.rs`.

use std::fmt::Write;

use serde_json::Value;

use crate::Config;
use crate::wire::FileWire;

/// The sections of the page: heading, and the definition in the schema (empty: the top).
const SECTIONS: [(&str, &str); 10] = [
    ("Top of the file", ""),
    ("`[console]`", "Console"),
    ("`[journal]`", "Journal"),
    ("`[[application]]`", "Application"),
    ("Secrets", "Secret"),
    ("`certificate`", "Certificate"),
    ("`federated_token`", "FederatedToken"),
    ("`managed_identity`", "ManagedIdentity"),
    ("`endpoints`", "Endpoints"),
    ("`[[output]]`", "Output"),
];

impl Config {
    /// A commented sample that can be parsed.
    pub fn example() -> &'static str {
        include_str!("example.toml")
    }
}

/// JSON Schema (2020-12) of the file.
pub fn schema() -> Value {
    schemars::schema_for!(FileWire).to_value()
}

/// The reference page in Markdown: `docs/configuration.md`.
pub fn reference() -> String {
    let schema = schema();
    let mut page = String::from(
        "# Configuration\n\n<!-- Generated from crates/run/config. `UPDATE=1 cargo test -p trailhound-config` writes \
         it anew. -->\n\nTrailhound reads one TOML file. An unknown key is an error. `trailhound config validate` checks \
         a file, `trailhound config schema` prints its JSON Schema.\n",
    );
    for (heading, name) in SECTIONS {
        let section = if name.is_empty() { &schema } else { &schema["$defs"][name] };
        write_section(&mut page, heading, section);
    }
    let _ = write!(page, "\n## Sample\n\n```toml\n{}```\n", Config::example());
    page
}

fn write_section(page: &mut String, heading: &str, section: &Value) {
    let _ = write!(page, "\n## {heading}\n\n{}\n", one_line(&section["description"]));
    let Some(keys) = section["properties"].as_object() else { return };
    let is_needed = |key: &str| {
        section["required"].as_array().is_some_and(|needed| needed.iter().any(|name| name == key))
    };
    let _ = write!(page, "\n| Key | Value | |\n|---|---|---|\n");
    for needed in [true, false] {
        for (key, value) in keys.iter().filter(|(key, _)| is_needed(key) == needed) {
            let mark = if needed { "**Required.** " } else { "" };
            let _ =
                writeln!(page, "| `{key}` | {} | {mark}{} |", kind(value), one_line(&value["description"]));
        }
    }
}

fn one_line(text: &Value) -> String {
    text.as_str().unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn kind(value: &Value) -> String {
    if let Some(words) = value["enum"].as_array() {
        let words: Vec<String> =
            words.iter().filter(|w| !w.is_null()).map(|word| format!("`{word}`")).collect();
        return words.join(", ");
    }
    let reference = value["$ref"]
        .as_str()
        .or_else(|| value["anyOf"].as_array()?.iter().find_map(|option| option["$ref"].as_str()));
    if let Some(name) = reference {
        return if name.ends_with("/Secret") { "secret" } else { "table" }.to_owned();
    }
    let types: Vec<&str> = match &value["type"] {
        Value::Array(types) => {
            types.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect()
        }
        kind => kind.as_str().into_iter().collect(),
    };
    match types.first() {
        Some(&"array") if value["items"]["$ref"].is_string() => "tables",
        Some(&"array") => "array of text",
        Some(&"integer") => "number",
        _ => "text",
    }
    .to_owned()
}
