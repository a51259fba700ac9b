//! Writes a run, entry by entry in order.

use std::io;

use trailhound_env::{NewFile, WholeFiles};
use xxhash_rust::xxh3::Xxh3;

use super::day::Day;
use super::filter::{Bits, Filter};
use super::run::RunFacts;
use super::run_format::{
    BLOCK_BODY_BYTES, BLOCK_BYTES, BLOCK_ENTRIES, Footer, block_checksum, file_name, footer_checksum, header,
};
use super::seen::{SEEN_BYTES, Seen};

/// Bytes that are handed to the file at a time.
const APPEND_BYTES: usize = 256 << 10;
/// Filter blocks and fences that are turned into bytes at a time.
const AT_A_TIME: usize = 8_192;

/// A run on its way into a file.
pub(super) struct RunWriter {
    number: u64,
    day: Day,
    file: Box<dyn NewFile>,
    /// Whole pages that wait for the file, then the entries of the block under way.
    out: Vec<u8>,
    block_from: usize,
    entries: u64,
    fences: Vec<u64>,
    filter: Filter,
}

/// A run that is whole and durable, with what a look-up needs of it in memory.
pub(super) struct Written {
    pub(super) facts: RunFacts,
    pub(super) fences: Vec<u64>,
    pub(super) filter: Filter,
}

impl RunWriter {
    /// `most_entries`: what the filter is made for.
    pub(super) fn begin(
        files: &dyn WholeFiles,
        number: u64,
        day: Day,
        most_entries: u64,
    ) -> io::Result<Self> {
        let out = header();
        let blocks = usize::try_from(most_entries.div_ceil(BLOCK_ENTRIES as u64)).unwrap_or(0);
        Ok(Self {
            number,
            day,
            file: files.create(&file_name(number))?,
            block_from: out.len(),
            out,
            entries: 0,
            fences: Vec::with_capacity(blocks),
            filter: Filter::for_keys(most_entries),
        })
    }

    /// The next entry in the order of (hash, bytes).
    pub(super) fn push(&mut self, hash: u64, seen: &Seen) -> io::Result<()> {
        if self.out.len() == self.block_from {
            self.fences.push(hash);
        }
        self.out.extend_from_slice(&seen.0);
        self.filter.insert(&Bits::of(hash));
        self.entries += 1;
        if self.out.len() - self.block_from == BLOCK_ENTRIES * SEEN_BYTES { self.end_block() } else { Ok(()) }
    }

    /// Makes the file durable.
    pub(super) fn finish(mut self) -> io::Result<Written> {
        if self.out.len() > self.block_from {
            self.end_block()?;
        }
        let fence_bytes = self
            .fences
            .chunks(AT_A_TIME)
            .map(|fences| fences.iter().flat_map(|fence| fence.to_le_bytes()).collect::<Vec<_>>());
        let fences_checksum = append_summed(&mut *self.file, &mut self.out, fence_bytes)?;
        let filter_bytes = self.filter.bytes(AT_A_TIME);
        let filter_checksum = append_summed(&mut *self.file, &mut self.out, filter_bytes)?;
        let footer = Footer {
            day: self.day,
            entries: self.entries,
            filter_blocks: self.filter.len_blocks(),
            fences_checksum,
            filter_checksum,
        }
        .to_bytes();
        self.file.append(&footer)?;
        self.file.finish()?;
        let facts = RunFacts {
            number: self.number,
            day: self.day,
            entries: self.entries,
            checksum: footer_checksum(&footer),
        };
        Ok(Written { facts, fences: self.fences, filter: self.filter })
    }

    fn end_block(&mut self) -> io::Result<()> {
        let number = self.fences.len() as u64 - 1;
        self.out.resize(self.block_from + BLOCK_BODY_BYTES, 0);
        let checksum = block_checksum(&self.out[self.block_from..], number);
        self.out.extend_from_slice(&checksum.to_le_bytes());
        debug_assert!(self.out.len().is_multiple_of(BLOCK_BYTES), "blocks lie one after the other");
        if self.out.len() >= APPEND_BYTES {
            self.file.append(&self.out)?;
            self.out.clear();
        }
        self.block_from = self.out.len();
        Ok(())
    }
}

/// Appends what waits, then the parts; answers the checksum of the parts.
fn append_summed(
    file: &mut dyn NewFile,
    waiting: &mut Vec<u8>,
    parts: impl Iterator<Item = Vec<u8>>,
) -> io::Result<u64> {
    file.append(waiting)?;
    waiting.clear();
    let mut checksum = Xxh3::new();
    for part in parts {
        checksum.update(&part);
        file.append(&part)?;
    }
    Ok(checksum.digest())
}
