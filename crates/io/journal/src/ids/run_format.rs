//! How a run lies in its file. Numbers are little-endian.
//!
//! - 1 KiB: magic, version, zeros.
//! - Blocks of 1 KiB: 36 entries of 28 bytes in the order of (hash, bytes), zeros, then the XXH3-64 of the rest, seeded
//!   with the block's number. A question reads one of them, so they are small; none lies across two pages.
//! - Fences: for each block the hash of its first entry, 8 bytes.
//! - The filter: blocks of 32 bytes.
//! - The footer: magic, version, day, counts, checksums of fences and filter, and the footer's own, which the
//!   database keeps too.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::day::Day;
use super::filter::FILTER_BLOCK_BYTES;
use super::seen::SEEN_BYTES;

pub(super) const BLOCK_BYTES: usize = 1_024;
pub(super) const BLOCK_ENTRIES: usize = 36;
/// Where a block's checksum stands.
pub(super) const BLOCK_BODY_BYTES: usize = BLOCK_BYTES - 8;
pub(super) const FENCE_BYTES: usize = 8;
pub(super) const FOOTER_BYTES: usize = 72;

const MAGIC: [u8; 8] = *b"TrHdIds\n";
const VERSION: u32 = 2;
const ENDING: &str = ".ids";

const _: () = assert!(BLOCK_BODY_BYTES / SEEN_BYTES == BLOCK_ENTRIES, "a block is as full as it can be");

/// The name of a run's file.
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:010}{ENDING}")
}

/// The inverse of [`file_name`]; `None` for the name of something else.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    name.strip_suffix(ENDING)?.parse().ok()
}

/// What stands before the first block, as long as one.
pub(super) fn header() -> Vec<u8> {
    let mut page = vec![0; BLOCK_BYTES];
    page[..8].copy_from_slice(&MAGIC);
    page[8..12].copy_from_slice(&VERSION.to_le_bytes());
    page
}

pub(super) fn is_header(page: &[u8]) -> bool {
    page == header()
}

/// The checksum of a block's entries at its place.
pub(super) fn block_checksum(body: &[u8], number: u64) -> u64 {
    xxh3_64_with_seed(body, number)
}

/// What the end of the file says about the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) day: Day,
    pub(super) entries: u64,
    pub(super) filter_blocks: u64,
    pub(super) fences_checksum: u64,
    pub(super) filter_checksum: u64,
}

impl Footer {
    pub(super) fn blocks(&self) -> u64 {
        self.entries.div_ceil(BLOCK_ENTRIES as u64)
    }

    pub(super) fn fences_at(&self) -> u64 {
        block_at(self.blocks())
    }

    pub(super) fn filter_at(&self) -> u64 {
        self.fences_at() + self.blocks() * FENCE_BYTES as u64
    }

    /// Length of the whole file. `None` when the counts are beyond reason.
    pub(super) fn file_bytes(&self) -> Option<u64> {
        let filter = self.filter_blocks.checked_mul(FILTER_BLOCK_BYTES as u64)?;
        let blocks = self.blocks().checked_mul((BLOCK_BYTES + FENCE_BYTES) as u64)?;
        blocks.checked_add(filter)?.checked_add((BLOCK_BYTES + FOOTER_BYTES) as u64)
    }

    pub(super) fn to_bytes(self) -> [u8; FOOTER_BYTES] {
        let numbers = [
            i64::from(self.day.0).cast_unsigned(),
            self.entries,
            self.blocks(),
            self.filter_blocks,
            self.fences_checksum,
            self.filter_checksum,
        ];
        let mut bytes = [0; FOOTER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        for (place, number) in bytes[16..].as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
        let checksum = xxh3_64(&bytes[..FOOTER_BYTES - 8]);
        bytes[FOOTER_BYTES - 8..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// `None` when the bytes are no footer of this version.
    pub(super) fn from_bytes(bytes: &[u8; FOOTER_BYTES]) -> Option<Self> {
        let number = |at: usize| u64::from_le_bytes(bytes[16..].as_chunks::<8>().0[at]);
        let footer = Self {
            day: Day(i32::try_from(number(0).cast_signed()).ok()?),
            entries: number(1),
            filter_blocks: number(3),
            fences_checksum: number(4),
            filter_checksum: number(5),
        };
        // Magic, version, the number of blocks and the checksum follow from the rest.
        (footer.to_bytes() == *bytes).then_some(footer)
    }
}

/// The footer's own checksum, which stands at its end.
pub(super) fn footer_checksum(bytes: &[u8; FOOTER_BYTES]) -> u64 {
    bytes.last_chunk::<8>().map_or(0, |last| u64::from_le_bytes(*last))
}

/// Where a block begins.
pub(super) fn block_at(number: u64) -> u64 {
    (number + 1) * BLOCK_BYTES as u64
}
