//! What is accepted, and every refusal in its words.

mod accepted;
mod refused;
mod secrets;

use std::path::Path;

use crate::{Config, Warning};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

/// A file that works, with `change` applied to it.
fn text(change: impl FnOnce(String) -> String) -> String {
    change(format!(
        r#"data_dir = "/var/lib/trailhound"

[[application]]
name = "contoso"
type = "office365"
tenant_id = "{TENANT}"
client_id = "{TENANT}"
client_secret = {{ env = "CONTOSO_SECRET" }}
streams = ["Audit.Exchange", "audit.general"]

[[output]]
name = "siem"
type = "file"
path = "/log/{{date}}.ndjson"
"#
    ))
}

/// The working file with one line replaced.
fn with_line(line: &str, new: &str) -> String {
    let text = text(|text| text.replace(&format!("\n{line}\n"), &format!("\n{new}\n")));
    assert!(text.contains(new), "the line to replace is there");
    text
}

fn accept(text: &str) -> (Config, Vec<Warning>) {
    Config::parse(text, Path::new("trailhound.toml")).unwrap_or_else(|error| panic!("{}", error.report()))
}

fn refuse(text: &str) -> String {
    match Config::parse(text, Path::new("trailhound.toml")) {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.report(),
    }
}
