//! One batch: announced, then written file by file.

use std::collections::BTreeMap;

use trailhound_model::{DeliveryCounts, JournalChunk, Seq, StreamKey, Timestamp};

use super::files::MAX_OPEN_FILES;
use super::template::part_path;
use super::{FileOutput, errors, sink, state};
use crate::{Accepted, OutputError};

/// What `prepare` settled for `deliver`.
pub(super) struct Announced {
    batch: Vec<Seq>,
    /// Indexes of the chunks of each file, by the file's base path.
    files: BTreeMap<String, Vec<usize>>,
}

impl FileOutput {
    /// Chooses the file of every chunk. The state to be stored first, when a file is new to it.
    pub(super) fn announce(
        &mut self,
        batch: &[JournalChunk],
        now: Timestamp,
    ) -> Result<Option<String>, OutputError> {
        self.announced = None;
        let mut paths: BTreeMap<&StreamKey, String> = BTreeMap::new();
        let mut files: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, chunk) in batch.iter().enumerate() {
            if chunk.deliverable().next().is_some() {
                let path = paths.entry(&chunk.key).or_insert_with(|| self.template.render(&chunk.key, now));
                files.entry(path.clone()).or_default().push(at);
            }
        }
        for (base, chunks) in &files {
            let incoming = chunks.iter().map(|at| line_bytes(&batch[*at])).sum();
            self.files.choose(base, incoming, &self.config, self.disk.as_ref(), now)?;
        }
        self.announced = Some(Announced { batch: batch.iter().map(|chunk| chunk.seq).collect(), files });
        Ok(self.files.take_unsaved().then(|| state::write(&self.files)))
    }

    /// Writes the announced batch durably.
    pub(super) fn write_batch(
        &mut self,
        batch: &[JournalChunk],
        now: Timestamp,
    ) -> Result<Accepted, OutputError> {
        let announced = self
            .announced
            .take()
            .filter(|announced| announced.batch.iter().copied().eq(batch.iter().map(|chunk| chunk.seq)));
        let announced = announced.ok_or_else(|| errors::misuse("deliver a batch that was not announced"))?;
        let mut buffer = Vec::new();
        for (rank, (base, chunks)) in announced.files.iter().enumerate() {
            self.write_file(base, chunks.iter().map(|at| &batch[*at]), &mut buffer, now)?;
            if let Some(tracked) = self.files.get_mut(base).filter(|_| rank >= MAX_OPEN_FILES) {
                tracked.handle = None;
            }
        }
        self.files.settle(&self.config, now);
        let counts = batch.iter().map(|chunk| DeliveryCounts {
            delivered: chunk.deliverable().count() as u64,
            ..DeliveryCounts::default()
        });
        Ok(Accepted { state: Some(state::write(&self.files)), counts: counts.collect() })
    }

    fn write_file<'a>(
        &mut self,
        base: &str,
        chunks: impl Iterator<Item = &'a JournalChunk>,
        buffer: &mut Vec<u8>,
        now: Timestamp,
    ) -> Result<(), OutputError> {
        let Some(tracked) = self.files.get_mut(base) else {
            return Err(errors::misuse("write to a file that was not announced"));
        };
        let path = part_path(base, tracked.part);
        let mut file = match tracked.handle.take() {
            Some(open) => open,
            None => self.disk.open_append(&path).map_err(|error| errors::io("open", &path, &error))?,
        };
        let grown = sink::append_records(file.as_mut(), buffer, chunks, self.config.compression)
            .map_err(|error| errors::io("write to", &path, &error))?;
        tracked.length += grown;
        tracked.used = now;
        tracked.handle = Some(file);
        Ok(())
    }
}

/// Most bytes that the lines of a chunk can have.
fn line_bytes(chunk: &JournalChunk) -> u64 {
    chunk.deliverable().map(|(entry, ..)| u64::from(entry.length) + 1).sum()
}
