//! What goes beyond keys and types, section by section.

mod application;
mod credential;
mod hosts;
mod output;
mod values;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use trailhound_model::{days, hours};

use crate::document::{Document, Step};
use crate::wire::{ConsoleWire, FileWire, JournalWire};
use crate::{Config, ConfigError, Console, Journal, Warning};

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8_365);
const DEFAULT_RETENTION: Duration = hours(24);
const MAX_RETENTION: Duration = days(90);

/// The text's positions and the warnings so far.
struct Checker<'a> {
    document: Document<'a>,
    warnings: Vec<Warning>,
}

/// Checks everything, in the file's order of sections.
pub(crate) fn config(wire: FileWire, document: Document<'_>) -> Result<(Config, Vec<Warning>), ConfigError> {
    let mut checker = Checker { document, warnings: Vec::new() };
    if wire.data_dir.is_empty() {
        return Err(checker.error(&["data_dir".into()], "`data_dir` is empty", "name a folder"));
    }
    let config = Config {
        data_dir: wire.data_dir.into(),
        console: checker.console(wire.console)?,
        journal: checker.journal(wire.journal)?,
        applications: checker.applications(wire.application)?,
        outputs: checker.outputs(wire.output)?,
    };
    Ok((config, checker.warnings))
}

impl Checker<'_> {
    fn console(&self, wire: Option<ConsoleWire>) -> Result<Console, ConfigError> {
        let Some(text) = wire.and_then(|console| console.listen) else {
            return Ok(Console { listen: DEFAULT_LISTEN });
        };
        let place = ["console".into(), "listen".into()];
        let listen: SocketAddr = text.parse().map_err(|_| {
            let hint = "write an address and a port, such as `127.0.0.1:8365` or `[::1]:8365`";
            self.error(&place, "`listen` is not an address with a port", hint)
        })?;
        if !listen.ip().is_loopback() {
            let what = format!("`listen` can be reached from other machines: `{listen}`");
            let hint = "the endpoints answer without a password: listen on `127.0.0.1`, and let other machines in by \
                        way of a proxy or a tunnel";
            return Err(self.error(&place, what, hint));
        }
        Ok(Console { listen })
    }

    fn journal(&self, wire: Option<JournalWire>) -> Result<Journal, ConfigError> {
        let Some(text) = wire.and_then(|journal| journal.retention) else {
            return Ok(Journal { retention: DEFAULT_RETENTION });
        };
        let place = ["journal".into(), "retention".into()];
        Ok(Journal { retention: self.duration(&place, &text, Duration::ZERO, MAX_RETENTION)? })
    }

    fn error(&self, path: &[Step], what: impl Into<String>, hint: &str) -> ConfigError {
        self.document.error(self.document.locate(path), what, hint)
    }

    fn warn(&mut self, path: &[Step], what: impl Into<String>, hint: impl Into<String>) {
        let warning = self.document.warning(path, what, hint);
        self.warnings.push(warning);
    }

    /// Refuses the second of two equal values of `key` in the sections called `section`.
    fn unique<'v>(
        &self,
        section: &'static str,
        key: &'static str,
        values: impl Iterator<Item = &'v str>,
    ) -> Result<(), ConfigError> {
        let mut seen = HashMap::new();
        for (at, value) in values.enumerate() {
            if let Some(first) = seen.insert(value, at) {
                let first = self.document.warning(&[section.into(), first.into(), key.into()], "", "").line;
                let what = format!("the {section} {key} `{value}` is used twice, first in line {first}");
                let hint = if key == "name" { "give each its own name" } else { "give each its own file" };
                return Err(self.error(&[section.into(), at.into(), key.into()], what, hint));
            }
        }
        Ok(())
    }
}
