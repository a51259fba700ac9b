//! The newest chunks, decoded: outputs that keep up never read the disk.

use std::collections::VecDeque;

use trailhound_model::{JournalChunk, RecordEntry, RecordMark, Seq};

/// Consecutive newest chunks, at most `limit_bytes` of them.
pub(super) struct ChunkCache {
    chunks: VecDeque<JournalChunk>,
    bytes: usize,
    limit_bytes: usize,
}

impl ChunkCache {
    pub(super) fn new(limit_bytes: usize) -> Self {
        Self { chunks: VecDeque::new(), bytes: 0, limit_bytes }
    }

    /// Takes newly committed chunks; the oldest make room.
    pub(super) fn add(&mut self, chunks: impl Iterator<Item = JournalChunk>) {
        for chunk in chunks {
            if self.chunks.back().is_some_and(|last| last.seq.0 + 1 != chunk.seq.0) {
                self.chunks.clear();
                self.bytes = 0;
            }
            self.bytes += memory_bytes(&chunk);
            self.chunks.push_back(chunk);
            while self.bytes > self.limit_bytes {
                let Some(oldest) = self.chunks.pop_front() else { break };
                self.bytes -= memory_bytes(&oldest);
            }
        }
    }

    /// Chunks after `after` up to `max_bytes` raw bytes, at least one; `None` when the next is not here.
    pub(super) fn read(&self, after: Seq, max_bytes: usize) -> Option<Vec<JournalChunk>> {
        let first = self.chunks.front()?.seq.0;
        let start = usize::try_from((after.0 + 1).checked_sub(first)?).ok()?;
        if start >= self.chunks.len() {
            return None;
        }
        let mut raw_bytes = 0;
        let fitting = self.chunks.range(start..).take_while(|chunk| {
            let is_first = raw_bytes == 0;
            raw_bytes += chunk.raw.len().max(1);
            is_first || raw_bytes <= max_bytes
        });
        Some(fitting.cloned().collect())
    }
}

fn memory_bytes(chunk: &JournalChunk) -> usize {
    chunk.raw.len() + chunk.records.len() * size_of::<(RecordEntry, RecordMark)>() + size_of::<JournalChunk>()
}
