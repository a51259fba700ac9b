//! The file output: one record a line, rotated by part number, cut back to the last receipt after a crash.

mod delivery;
mod errors;
mod files;
mod line;
mod repeats;
mod sink;
mod state;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use trailhound_env::Disk;
use trailhound_model::{JournalChunk, OutputName, Timestamp};

use crate::{Accepted, Capabilities, Output, OutputError};
use files::Files;
use repeats::Repeats;
use template::PathTemplate;

pub use files::{MAX_OPEN_FILES, MAX_TRACKED_FILES};

/// What a file output is told. `[[output]] type = "file"`.
#[derive(Clone, Debug)]
pub struct FileConfig {
    /// The output's name.
    pub name: OutputName,
    /// Path with placeholders: `{application}`, `{stream}`, `{date}` (`YYYY-MM-DD`) and `{hour}` (`00` to
    /// `23`), both of the UTC time of delivery.
    pub path: String,
    /// A new part begins before a file would grow beyond this many bytes on disk. Parts are cut between
    /// batches only: one batch that is larger makes a larger file. With compression, whose result is not
    /// known before, a part ends once it *has* this size.
    pub rotate_bytes: Option<u64>,
    /// A new part begins when the current one is this old.
    pub rotate_after: Option<Duration>,
    /// How the bytes are packed.
    pub compression: Compression,
    /// How a record becomes a line.
    pub format: Format,
}

/// How the bytes of a file are packed. The file name gets the matching ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// `.gz`: one gzip member a receipt.
    Gzip,
    /// `.zst`: one Zstandard frame a receipt.
    Zstd,
}

/// How a record becomes a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As Microsoft sent it; where it holds line breaks, without the white space between tokens.
    Raw,
}

/// Writes records to files. Exactly once: [`Output::recover`] cuts off what came after the last receipt and is
/// delivered again. A file with anything else there is left whole, and a new part begins.
///
/// It works on the thread that polls it and blocks on the disk: run it where blocking is allowed.
pub struct FileOutput {
    config: FileConfig,
    template: PathTemplate,
    disk: Arc<dyn Disk>,
    files: Files,
    announced: Option<delivery::Announced>,
    /// A delivery failed, so files may hold bytes beyond the receipt: only `recover` may follow.
    must_recover: bool,
}

impl FileOutput {
    /// Checks the path template. Touches no file.
    pub fn new(config: FileConfig, disk: Arc<dyn Disk>) -> Result<Self, OutputError> {
        let template = PathTemplate::parse(&config.path, config.compression)?;
        let files = Files::default();
        Ok(Self { config, template, disk, files, announced: None, must_recover: false })
    }
}

impl Output for FileOutput {
    fn name(&self) -> &OutputName {
        &self.config.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { exactly_once: true, undoes: true }
    }

    /// Writes, syncs and removes a probe in the deepest folder that all files share. That folder may be made.
    fn check(&mut self, _now: Timestamp) -> BoxFuture<'_, Result<(), OutputError>> {
        Box::pin(async move {
            let name = format!(".trailhound-check-{}", self.config.name);
            let probe = self.template.fixed_folder().join(name);
            let written = self.disk.open_append(&probe).and_then(|mut file| {
                file.append(b"probe")?;
                file.sync()
            });
            let removed = self.disk.remove(&probe);
            written.and(removed).map_err(|error| errors::io("write to", &probe, &error))
        })
    }

    fn recover<'a>(
        &'a mut self,
        state: Option<&'a str>,
        again: &'a [JournalChunk],
    ) -> BoxFuture<'a, Result<(), OutputError>> {
        Box::pin(async move {
            self.must_recover = true;
            self.announced = None;
            self.files = state.map_or_else(|| Ok(Files::default()), state::read)?;
            self.files.cut_back(self.disk.as_ref(), &Repeats::of(again))?;
            self.must_recover = false;
            Ok(())
        })
    }

    fn prepare(&mut self, batch: &[JournalChunk], now: Timestamp) -> Result<Option<String>, OutputError> {
        self.refuse_unrecovered()?;
        self.announce(batch, now)
    }

    fn deliver<'a>(
        &'a mut self,
        batch: &'a [JournalChunk],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Accepted, OutputError>> {
        Box::pin(async move {
            self.refuse_unrecovered()?;
            let written = self.write_batch(batch, now);
            if written.is_err() {
                self.must_recover = true;
                self.files.close_all();
            }
            written
        })
    }

    fn take_outside_changes(&mut self) -> Vec<String> {
        self.files.take_outside_changes()
    }
}

impl FileOutput {
    fn refuse_unrecovered(&self) -> Result<(), OutputError> {
        if self.must_recover {
            return Err(errors::misuse("go on before its files were cut back to the last receipt"));
        }
        Ok(())
    }
}
