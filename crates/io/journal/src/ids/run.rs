//! A run: one day's ids in an immutable file, and the look-up in it.

use std::io;
use std::sync::Arc;

use trailhound_env::{WholeFile, WholeFiles};
use xxhash_rust::xxh3::Xxh3;

use super::Result;
use super::day::Day;
use super::filter::{Bits, FILTER_BLOCK_BYTES, Filter};
use super::run_format::{
    BLOCK_BODY_BYTES, BLOCK_BYTES, BLOCK_ENTRIES, FENCE_BYTES, FOOTER_BYTES, Footer, block_at,
    block_checksum, file_name, footer_checksum, is_header,
};
use super::run_writer::Written;
use super::seen::{Found, SEEN_BYTES, Seen};
use crate::{JournalError, JournalErrorKind};

/// Bytes read at a time while a run is opened.
const OPEN_BYTES: usize = 256 << 10;

/// Steps from where two looks have led to the fence that is searched for; chance makes it one or two.
const NEAR_FENCES: usize = 32;

/// What the database keeps of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunFacts {
    /// Names the file; never used again.
    pub(crate) number: u64,
    pub(crate) day: Day,
    pub(crate) entries: u64,
    /// XXH3-64 of the footer, which holds the checksums of the rest.
    pub(crate) checksum: u64,
}

/// An open run. In memory: its filter (2 bytes an id) and 8 bytes for every 36 ids.
pub(crate) struct Run {
    pub(crate) facts: RunFacts,
    fences: Vec<u64>,
    filter: Filter,
    file: Arc<dyn WholeFile>,
}

/// A block that was read last, to be used again.
pub(super) struct Page {
    bytes: Box<[u8; BLOCK_BYTES]>,
    /// Which it is, by the run's number and its own; none when reading it failed.
    holds: Option<(u64, u64)>,
}

impl Default for Page {
    fn default() -> Self {
        Self { bytes: Box::new([0; BLOCK_BYTES]), holds: None }
    }
}

impl Run {
    /// Opens the file that the database names and reads what belongs in memory. A file that is missing, cut or
    /// changed is `Damaged`; of the blocks only their place is checked here, their bytes when they are read.
    pub(crate) fn open(files: &dyn WholeFiles, facts: RunFacts) -> Result<Self> {
        let file = files.open(&file_name(facts.number)).map_err(|error| file_failed(facts, &error))?;
        Self::read(facts, file)
    }

    /// A run just written.
    pub(super) fn of(files: &dyn WholeFiles, written: Written) -> Result<Self> {
        let Written { facts, fences, filter } = written;
        let file = files.open(&file_name(facts.number)).map_err(|error| file_failed(facts, &error))?;
        Ok(Self { facts, fences, filter, file })
    }

    /// To be called before [`Run::may_have`] of many.
    pub(super) fn fetch_ahead<'a>(&self, bits: impl Iterator<Item = &'a Bits>) {
        self.filter.fetch_ahead(bits);
    }

    pub(super) fn may_have(&self, bits: &Bits) -> bool {
        self.filter.may_have(bits)
    }

    /// Adds to `found` what the file has of the record. `page`: what was read last, of this run or another.
    pub(super) fn look_up(
        &self,
        seen: &Seen,
        hash: u64,
        day: Day,
        page: &mut Page,
        found: &mut Found,
    ) -> Result<()> {
        // Entries of one hash may begin at the end of the block before the one whose fence it is.
        let first = first_not_below(&self.fences, hash).saturating_sub(1);
        for (number, _) in self.fences.iter().enumerate().skip(first).take_while(|(_, fence)| **fence <= hash)
        {
            let block = self.block(number as u64, page)?;
            // To compare all is quicker than to search by hashes that would have to be taken first.
            for other in self.entries_in(number as u64, block) {
                if seen.has_id_in(other) {
                    found.add(*other == seen.0, self.facts.day == day);
                }
            }
        }
        Ok(())
    }

    /// The block `number`, checked; read unless `page` has it.
    fn block<'a>(&self, number: u64, page: &'a mut Page) -> Result<&'a [u8]> {
        let wanted = Some((self.facts.number, number));
        if page.holds != wanted {
            page.holds = None;
            self.read_blocks(number, &mut page.bytes[..])?;
            page.holds = wanted;
        }
        Ok(&page.bytes[..])
    }

    pub(super) fn len_blocks(&self) -> u64 {
        self.fences.len() as u64
    }

    /// Fills `pages` with blocks from `number` on, each checked.
    pub(super) fn read_blocks(&self, number: u64, pages: &mut [u8]) -> Result<()> {
        self.file.read_exact_at(pages, block_at(number)).map_err(|error| file_failed(self.facts, &error))?;
        for (page, number) in pages.chunks(BLOCK_BYTES).zip(number..) {
            let (body, checksum) = page.split_at(BLOCK_BODY_BYTES);
            if checksum != block_checksum(body, number).to_le_bytes() {
                return Err(damaged(self.facts, &format!("block {number} does not match its checksum")));
            }
        }
        Ok(())
    }

    /// The entries in a page that holds the block `number`.
    pub(super) fn entries_in<'a>(&self, number: u64, page: &'a [u8]) -> &'a [[u8; SEEN_BYTES]] {
        let before = number * BLOCK_ENTRIES as u64;
        let here = usize::try_from(self.facts.entries - before).unwrap_or(BLOCK_ENTRIES).min(BLOCK_ENTRIES);
        &page[..BLOCK_BODY_BYTES].as_chunks().0[..here]
    }

    fn read(facts: RunFacts, file: Arc<dyn WholeFile>) -> Result<Self> {
        let failed = |error: io::Error| file_failed(facts, &error);
        let length = file.len_bytes().map_err(failed)?;
        let Some(footer_at) = length.checked_sub(FOOTER_BYTES as u64) else {
            return Err(damaged(facts, "it is cut"));
        };
        let mut footer = [0; FOOTER_BYTES];
        file.read_exact_at(&mut footer, footer_at).map_err(failed)?;
        let checksum = footer_checksum(&footer);
        let footer = Footer::from_bytes(&footer).ok_or_else(|| damaged(facts, "its end is not whole"))?;
        let told = RunFacts { number: facts.number, day: footer.day, entries: footer.entries, checksum };
        if told != facts || footer.file_bytes() != Some(length) {
            return Err(damaged(facts, "it is not the file that the database names"));
        }
        let mut page = vec![0; BLOCK_BYTES];
        file.read_exact_at(&mut page, 0).map_err(failed)?;
        if !is_header(&page) {
            return Err(damaged(facts, "it does not begin as such a file does"));
        }
        let mut fences = Vec::with_capacity(usize::try_from(footer.blocks()).unwrap_or(0));
        let fence_bytes = footer.blocks() * FENCE_BYTES as u64;
        let fences_checksum = read_summed(&*file, footer.fences_at(), fence_bytes, |bytes| {
            fences.extend(bytes.as_chunks().0.iter().map(|fence| u64::from_le_bytes(*fence)));
        });
        let mut filter = Filter::to_be_read(footer.filter_blocks);
        let filter_bytes = footer.filter_blocks * FILTER_BLOCK_BYTES as u64;
        let filter_checksum =
            read_summed(&*file, footer.filter_at(), filter_bytes, |bytes| filter.push_bytes(bytes));
        if fences_checksum.map_err(failed)? != footer.fences_checksum
            || filter_checksum.map_err(failed)? != footer.filter_checksum
        {
            return Err(damaged(facts, "its filter does not match its checksum"));
        }
        Ok(Self { facts, fences, filter, file })
    }
}

/// `partition_point` of sorted hashes below `hash`. Hashes are spread evenly, so two looks are enough to come near; each
/// look is a wait for memory. Where they are not even, the whole is searched.
fn first_not_below(fences: &[u64], hash: u64) -> usize {
    let blocks_in = |span: u64| usize::try_from((u128::from(span) * fences.len() as u128) >> 64).unwrap_or(0);
    let guess = blocks_in(hash);
    let mut at = match fences.get(guess) {
        Some(&fence) if fence < hash => (guess + blocks_in(hash - fence)).min(fences.len()),
        Some(&fence) => guess.saturating_sub(blocks_in(fence - hash)),
        None => fences.len(),
    };
    for _ in 0..NEAR_FENCES {
        if at > 0 && fences[at - 1] >= hash {
            at -= 1;
        } else if at < fences.len() && fences[at] < hash {
            at += 1;
        } else {
            return at;
        }
    }
    fences.partition_point(|&fence| fence < hash)
}

/// Reads a part of the file piece by piece; answers its checksum.
fn read_summed(
    file: &dyn WholeFile,
    from: u64,
    length_bytes: u64,
    mut take: impl FnMut(&[u8]),
) -> io::Result<u64> {
    let mut checksum = Xxh3::new();
    let mut buffer = vec![0; OPEN_BYTES];
    let (mut at, end) = (from, from + length_bytes);
    while at < end {
        let piece = usize::try_from(end - at).unwrap_or(OPEN_BYTES).min(OPEN_BYTES);
        file.read_exact_at(&mut buffer[..piece], at)?;
        checksum.update(&buffer[..piece]);
        take(&buffer[..piece]);
        at += piece as u64;
    }
    Ok(checksum.digest())
}

fn file_failed(facts: RunFacts, error: &io::Error) -> JournalError {
    match error.kind() {
        io::ErrorKind::NotFound => damaged(facts, "it is missing"),
        io::ErrorKind::UnexpectedEof => damaged(facts, "it is cut"),
        _ => {
            let detail = format!("the file `ids/{}`: {error}", file_name(facts.number));
            JournalError::new(JournalErrorKind::Failed, detail)
        }
    }
}

fn damaged(facts: RunFacts, why: &str) -> JournalError {
    JournalError::damaged(format!(
        "the file `ids/{}` with {} record ids of blobs of {}: {why}; put it back as it was with `journal.sqlite`, \
         both from the same backup",
        file_name(facts.number),
        facts.entries,
        facts.day.start().utc_date(),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Even ones, of which the place is guessed, and such as no hash function makes.
        #[test]
        fn fences_are_found_however_they_are_spread(
            count in 0usize..3_000, shift in 0u32..64, asked in any::<u64>(), near in any::<prop::sample::Index>()
        ) {
            let spread = |number: usize| xxhash_rust::xxh3::xxh3_64(&number.to_le_bytes()) >> shift;
            let mut fences: Vec<u64> = (0..count).map(spread).collect();
            fences.sort_unstable();
            let known = fences.get(near.index(count.max(1))).copied().unwrap_or(asked);
            for hash in [asked, asked >> shift, known, known.saturating_add(1), 0, u64::MAX] {
                prop_assert_eq!(first_not_below(&fences, hash), fences.partition_point(|&fence| fence < hash));
            }
        }
    }
}
