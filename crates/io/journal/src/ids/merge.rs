//! Several runs of one day become one.

use std::sync::Arc;

use super::Result;
use super::run::Run;
use super::run_format::BLOCK_BYTES;
use super::seen::Seen;

/// Blocks of one run that are read at a time.
const READ_BLOCKS: u64 = 256;

/// The entries of all runs in order, each once, given to `take`.
pub(super) fn merge(runs: &[Arc<Run>], mut take: impl FnMut(u64, &Seen) -> Result<()>) -> Result<()> {
    let mut cursors = runs
        .iter()
        .map(|run| Cursor::at_start(run))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    let mut last = None;
    while let Some((hash, seen)) = take_least(&mut cursors)? {
        if last != Some(seen) {
            take(hash, &seen)?;
        }
        last = Some(seen);
    }
    Ok(())
}

/// A place in a run.
struct Cursor<'a> {
    run: &'a Run,
    /// Blocks from `first` on, as read.
    pages: Vec<u8>,
    first: u64,
    /// The block and the entry in it that `head` is.
    block: u64,
    entry: usize,
    head: (u64, Seen),
}

impl<'a> Cursor<'a> {
    /// `None` when the run is empty.
    fn at_start(run: &'a Run) -> Result<Option<Self>> {
        let head = (0, Seen([0; size_of::<Seen>()]));
        let mut cursor = Self { run, pages: Vec::new(), first: 0, block: 0, entry: 0, head };
        Ok(cursor.read_head()?.then_some(cursor))
    }

    /// Moves to the next entry; `false` at the end.
    fn advance(&mut self) -> Result<bool> {
        self.entry += 1;
        self.read_head()
    }

    fn read_head(&mut self) -> Result<bool> {
        loop {
            if self.block >= self.run.len_blocks() {
                return Ok(false);
            }
            let at =
                usize::try_from(self.block - self.first).unwrap_or(usize::MAX).saturating_mul(BLOCK_BYTES);
            let Some(page) = self.pages.get(at..).filter(|rest| !rest.is_empty()) else {
                self.read_pages()?;
                continue;
            };
            let entries = self.run.entries_in(self.block, &page[..BLOCK_BYTES]);
            if let Some(entry) = entries.get(self.entry) {
                let seen = Seen(*entry);
                self.head = (seen.hash(), seen);
                return Ok(true);
            }
            (self.block, self.entry) = (self.block + 1, 0);
        }
    }

    fn read_pages(&mut self) -> Result<()> {
        self.first = self.block;
        let blocks = (self.run.len_blocks() - self.block).min(READ_BLOCKS);
        self.pages.resize(usize::try_from(blocks).unwrap_or(0) * BLOCK_BYTES, 0);
        self.run.read_blocks(self.first, &mut self.pages)
    }
}

/// Few runs are merged at a time: the least head is found by looking at all.
fn take_least(cursors: &mut Vec<Cursor<'_>>) -> Result<Option<(u64, Seen)>> {
    let Some(least) = (0..cursors.len()).min_by_key(|&at| cursors[at].head) else { return Ok(None) };
    let head = cursors[least].head;
    if !cursors[least].advance()? {
        cursors.swap_remove(least);
    }
    Ok(Some(head))
}
