//! Logs go to standard error; while bars are drawn there, above the bars.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use clap::ValueEnum;
use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How a log line looks: for people, or one object a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Where log lines go now. Clones share the place.
#[derive(Clone, Default)]
pub(crate) struct LogPlace(Arc<Mutex<Target>>);

#[derive(Default)]
enum Target {
    #[default]
    Stderr,
    AboveBars(MultiProgress),
    File(File),
}

impl LogPlace {
    /// Lines appear above these bars from now on.
    pub(crate) fn above(&self, bars: &MultiProgress) {
        self.set(Target::AboveBars(bars.clone()));
    }

    /// Lines go into this file from now on, because the terminal is used for something else.
    pub(crate) fn use_file(&self, path: &Path) -> io::Result<()> {
        let file = File::options().create(true).append(true).open(path)?;
        self.set(Target::File(file));
        Ok(())
    }

    /// Back to standard error.
    pub(crate) fn to_stderr(&self) {
        self.set(Target::Stderr);
    }

    fn set(&self, target: Target) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }
}

/// Checks the text of a filter such as `info` or `trailhound_pipeline=debug,warn`. A lone word that is no level
/// would be taken for a crate that logs nothing, so it is refused.
pub(crate) fn parse_filter(text: &str) -> Result<String, String> {
    let forms = "give a level (`error`, `warn`, `info`, `debug`, `trace`, `off`) or `crate=level` pairs";
    for part in text.split(',').map(str::trim) {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        if level.parse::<LevelFilter>().is_err() || level.is_empty() {
            return Err(format!("`{level}` is not a level; {forms}"));
        }
    }
    EnvFilter::try_new(text).map_err(|error| format!("{error}; {forms}"))?;
    Ok(text.to_owned())
}

/// Starts logging. Times are RFC 3339 in UTC.
pub(crate) fn start(filter: &str, format: LogFormat) -> LogPlace {
    let place = LogPlace::default();
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(place.clone())
        .with_target(false)
        .with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()));
    // A second start (there is none) would change nothing.
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    place
}

impl<'a> MakeWriter<'a> for LogPlace {
    type Writer = LogLine;

    fn make_writer(&'a self) -> LogLine {
        LogLine { place: self.clone(), line: Vec::new() }
    }
}

/// One line; written when it is complete.
pub(crate) struct LogLine {
    place: LogPlace,
    line: Vec<u8>,
}

impl Write for LogLine {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        let mut target = self.place.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written must not stop the collection.
        let _ = match &mut *target {
            Target::Stderr => io::stderr().write_all(&self.line),
            Target::AboveBars(bars) => bars.suspend(|| io::stderr().write_all(&self.line)),
            Target::File(file) => file.write_all(&self.line),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for good in ["info", "WARN", "trailhound_pipeline=debug,warn", "off"] {
            assert_eq!(parse_filter(good).as_deref(), Ok(good));
        }
        for bad in ["nonsense", "", "info,", "trailhound_pipeline", "trailhound_pipeline=loud"] {
            assert!(parse_filter(bad).is_err_and(|said| said.contains("is not a level")), "{bad}");
        }
    }
}
