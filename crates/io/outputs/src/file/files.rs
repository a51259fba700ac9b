//! The files in work: which part of each is written, and how much of it a receipt promises.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use trailhound_env::{Disk, DiskFile};
use trailhound_model::{Timestamp, hours};

use super::repeats::Repeats;
use super::template::part_path;
use super::{FileConfig, errors};
use crate::{Compression, OutputError};

/// Most files kept open between batches.
pub const MAX_OPEN_FILES: usize = 64;

/// Most files that the state names between batches (about 100 bytes each). One that left it is taken up again
/// through an intent, which costs one more write to the journal.
pub const MAX_TRACKED_FILES: usize = 256;

/// A file that got nothing for so long leaves the state (or for `rotate_after`, when that is longer).
const IDLE_AFTER: Duration = hours(1);

/// Highest part number of one file.
const MAX_PARTS: u32 = 100_000;

/// Files by the path of their part 0.
#[derive(Default)]
pub(super) struct Files {
    by_base: BTreeMap<String, Tracked>,
    /// Something changed that the stored state does not tell.
    unsaved: bool,
    /// What others did to the files, not yet told.
    outside_changes: Vec<String>,
}

/// The part that is written now.
pub(super) struct Tracked {
    pub(super) part: u32,
    /// Bytes that the last receipt promises; what stands beyond them is cut off by [`Files::cut_back`].
    pub(super) length: u64,
    pub(super) since: Timestamp,
    pub(super) used: Timestamp,
    /// It was absent before this output made it.
    pub(super) made: bool,
    pub(super) handle: Option<Box<dyn DiskFile>>,
}

impl Tracked {
    /// A part with `length` bytes, not open.
    pub(super) fn at(part: u32, length: u64, since: Timestamp) -> Self {
        Self { part, length, since, used: since, made: false, handle: None }
    }
}

impl Files {
    pub(super) fn from_tracked(files: impl Iterator<Item = (String, Tracked)>) -> Self {
        Self { by_base: files.collect(), ..Self::default() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Tracked)> {
        self.by_base.iter().map(|(base, tracked)| (base.as_str(), tracked))
    }

    pub(super) fn get_mut(&mut self, base: &str) -> Option<&mut Tracked> {
        self.by_base.get_mut(base)
    }

    /// Whether the stored state must be renewed before a byte is written. Asking settles it.
    pub(super) fn take_unsaved(&mut self) -> bool {
        std::mem::take(&mut self.unsaved)
    }

    pub(super) fn take_outside_changes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.outside_changes)
    }

    pub(super) fn close_all(&mut self) {
        self.by_base.values_mut().for_each(|tracked| tracked.handle = None);
    }

    /// After a crash: removes what no receipt promises and `repeats` brings again. A file that lost promised
    /// bytes is left as it is, see [`leave`]; so is one that holds anything else after them.
    pub(super) fn cut_back(&mut self, disk: &dyn Disk, repeats: &Repeats<'_>) -> Result<(), OutputError> {
        for (base, tracked) in &mut self.by_base {
            let path = part_path(base, tracked.part);
            let failed = |error| errors::io("cut back", &path, &error);
            let found = disk.length(&path).map_err(failed)?;
            if found.unwrap_or(0) < tracked.length {
                let (next, words) = leave(base, tracked, found, disk, tracked.used)?;
                *tracked = next;
                self.unsaved = true;
                self.outside_changes.push(words);
                continue;
            }
            let Some(present) = found else { continue };
            if present > tracked.length
                && !repeats.cover(disk, &path, tracked.length, present).map_err(failed)?
            {
                let next = first_part(base, tracked.part + 1, disk, tracked.used, |length| length == 0)?;
                let next_path = part_path(base, next.part);
                let words = errors::unknown_bytes(&path, tracked.length, present, &next_path);
                self.outside_changes.push(words);
                *tracked = next;
                self.unsaved = true;
                continue;
            }
            if tracked.length == 0 && tracked.made {
                disk.remove(&path).map_err(failed)?;
            } else if present > tracked.length {
                let bytes = present - tracked.length;
                tracing::info!(path = %path.display(), bytes, "cut back to the last receipt");
                disk.truncate(&path, tracked.length).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Settles which part of `base` gets the next `incoming` bytes (uncompressed).
    pub(super) fn choose(
        &mut self,
        base: &str,
        incoming: u64,
        config: &FileConfig,
        disk: &dyn Disk,
        now: Timestamp,
    ) -> Result<(), OutputError> {
        let room = Room { config, incoming };
        let Some(known) = self.by_base.get_mut(base) else {
            let fresh = newest_part(base, disk, now, |length| room.fits(length))?;
            self.by_base.insert(base.to_owned(), fresh);
            self.unsaved = true;
            return Ok(());
        };
        let path = part_path(base, known.part);
        let present = disk.length(&path).map_err(|error| errors::io("look at", &path, &error))?;
        if present.unwrap_or(0) < known.length {
            let (next, words) = leave(base, known, present, disk, now)?;
            *known = next;
            self.unsaved = true;
            self.outside_changes.push(words);
        } else if present.unwrap_or(0) > known.length {
            // Written by somebody else: an open handle may be of another file.
            tracing::info!(path = %path.display(), expected_bytes = known.length, present_bytes = present,
                "the file was changed from outside; going on with what is there");
            *known = Tracked::at(known.part, present.unwrap_or(0), now);
            known.made = present.is_none();
            self.unsaved = true;
        } else if present.is_none() {
            known.handle = None;
            self.unsaved |= !known.made;
            known.made = true;
        }
        if known.length > 0 && (!room.fits(known.length) || room.too_old(known.since, now)) {
            *known = first_part(base, known.part + 1, disk, now, |length| length == 0)?;
            self.unsaved = true;
        }
        Ok(())
    }

    /// Keeps the limits after a batch: idle files leave the state, the least used ones are closed.
    pub(super) fn settle(&mut self, config: &FileConfig, now: Timestamp) {
        let idle = IDLE_AFTER.max(config.rotate_after.unwrap_or_default());
        self.by_base.retain(|_, tracked| now.since(tracked.used) < idle);
        if self.by_base.len() <= MAX_OPEN_FILES {
            return;
        }
        let mut by_use: Vec<_> =
            self.by_base.iter().map(|(base, tracked)| (tracked.used, base.clone())).collect();
        by_use.sort_unstable_by(|a, b| b.cmp(a));
        for (rank, (_, base)) in by_use.into_iter().enumerate() {
            if rank >= MAX_TRACKED_FILES {
                self.by_base.remove(&base);
            } else if let Some(tracked) = self.by_base.get_mut(&base).filter(|_| rank >= MAX_OPEN_FILES) {
                tracked.handle = None;
            }
        }
    }
}

/// When a part is full or old.
struct Room<'a> {
    config: &'a FileConfig,
    incoming: u64,
}

impl Room<'_> {
    fn fits(&self, length: u64) -> bool {
        let Some(limit) = self.config.rotate_bytes else { return true };
        match self.config.compression {
            Compression::None => length == 0 || length + self.incoming <= limit,
            Compression::Gzip | Compression::Zstd => length < limit,
        }
    }

    fn too_old(&self, since: Timestamp, now: Timestamp) -> bool {
        self.config.rotate_after.is_some_and(|limit| now.since(since) >= limit)
    }
}

/// What follows a part that lost promised bytes. One that was moved away, removed or emptied (log rotation
/// does that too) begins anew under its own name. Of one that was cut the last line may be torn: nothing is
/// appended to it, and a new part begins. Also what happened, in words.
fn leave(
    base: &str,
    lost: &Tracked,
    present: Option<u64>,
    disk: &dyn Disk,
    now: Timestamp,
) -> Result<(Tracked, String), OutputError> {
    let next = match present {
        None => {
            let mut fresh = Tracked::at(lost.part, 0, now);
            fresh.made = true;
            fresh
        }
        Some(0) => Tracked::at(lost.part, 0, now),
        Some(_) => first_part(base, lost.part + 1, disk, now, |length| length == 0)?,
    };
    let (path, next_path) = (part_path(base, lost.part), part_path(base, next.part));
    Ok((next, errors::lost_bytes(&path, lost.length, present, &next_path)))
}

/// The newest part if its length is `usable`, else a fresh one. An older part was ended for a reason.
fn newest_part(
    base: &str,
    disk: &dyn Disk,
    now: Timestamp,
    usable: impl Fn(u64) -> bool,
) -> Result<Tracked, OutputError> {
    let mut fresh = first_part(base, 0, disk, now, |_| false)?;
    if let Some(part) = fresh.part.checked_sub(1) {
        let path = part_path(base, part);
        let length = disk.length(&path).map_err(|error| errors::io("look at", &path, &error))?;
        if let Some(length) = length.filter(|length| usable(*length)) {
            fresh = Tracked::at(part, length, now);
        }
    }
    Ok(fresh)
}

/// The first part from `from` on that is absent or whose length is `usable`.
fn first_part(
    base: &str,
    from: u32,
    disk: &dyn Disk,
    now: Timestamp,
    usable: impl Fn(u64) -> bool,
) -> Result<Tracked, OutputError> {
    for part in from..MAX_PARTS {
        let path: PathBuf = part_path(base, part);
        match disk.length(&path).map_err(|error| errors::io("look at", &path, &error))? {
            None => {
                let mut tracked = Tracked::at(part, 0, now);
                tracked.made = true;
                return Ok(tracked);
            }
            Some(length) if usable(length) => return Ok(Tracked::at(part, length, now)),
            Some(_) => {}
        }
    }
    Err(errors::too_many_parts(base, MAX_PARTS))
}
