//! One stream of one tenant: the blobs that were published, as small rows. Their records are made when asked for.

use std::time::Duration;

use trailhound_model::{Timestamp, days};

use crate::config::{BlobSwitches, Character, PinnedQuirk, Quirk, RecordSwitches};
use crate::dice::Dice;
use crate::stream::Stream;

mod publish;
mod render;

pub(crate) use render::Maker;

/// A published blob.
#[derive(Clone, Debug)]
pub(crate) struct BlobRow {
    /// `contentCreated`, also the time of its first row.
    pub(crate) created: Timestamp,
    /// The time of its last row.
    pub(crate) last: Timestamp,
    /// When a listing can first name it.
    pub(crate) visible: Timestamp,
    /// `contentExpiration`.
    pub(crate) expires: Timestamp,
    /// Of all its own records.
    pub(crate) seed: u64,
    /// Six digits of its id.
    pub(crate) tag: u32,
    /// Its own records.
    pub(crate) content: Content,
    /// Records of other blobs that come again in this one.
    pub(crate) extras: Box<[Extra]>,
    pub(crate) quirk: Quirk,
    /// Share of own records without `Id`, in millionths.
    pub(crate) without_id_ppm: u32,
    /// Share of own records of an unknown type, in millionths.
    pub(crate) unknown_type_ppm: u32,
    /// Size of the long record of [`Quirk::HugeRecord`].
    pub(crate) huge_record_bytes: u64,
}

/// Where a blob's own records come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// The generator, or re-stamped records of the file.
    Made { count: u32 },
    /// Records of the file, as they are.
    File { first: usize, count: u32, step: usize },
}

impl Content {
    pub(crate) fn count(self) -> u32 {
        match self {
            Self::Made { count } | Self::File { count, .. } => count,
        }
    }
}

/// A record that comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extra {
    /// Row of the blob that it came in first.
    pub(crate) row: u32,
    /// Its number there.
    pub(crate) index: u32,
    /// Same `Id`, other content.
    pub(crate) revised: bool,
}

impl BlobRow {
    /// How many records it holds.
    pub(crate) fn count(&self) -> u32 {
        self.content.count() + u32::try_from(self.extras.len()).unwrap_or(0)
    }

    /// Time of a record's row: they are spread evenly from first to last.
    pub(crate) fn row_time(&self, index: u32) -> Timestamp {
        let span = self.last.as_millis() - self.created.as_millis();
        let steps = i64::from(self.count().saturating_sub(1)).max(1);
        Timestamp::from_millis(self.created.as_millis() + span * i64::from(index) / steps)
    }

    /// Whether the record of this number is one of those without `Id`.
    pub(crate) fn is_without_id(&self, index: u32) -> bool {
        self.without_id_ppm > 0
            && Dice::of(&[self.seed, u64::from(index), 0x1d]).below(1_000_000) < self.without_id_ppm
    }
}

/// What a shelf is filled by, this moment.
pub(crate) struct Filling<'a> {
    pub(crate) seed: u64,
    pub(crate) tenant_seed: u64,
    pub(crate) stream: Stream,
    pub(crate) events_per_hour: f64,
    pub(crate) character: Character,
    pub(crate) auditing: bool,
    pub(crate) content_life_days: u32,
    pub(crate) blobs: &'a BlobSwitches,
    pub(crate) records: &'a RecordSwitches,
    pub(crate) pinned: &'a [PinnedQuirk],
}

/// The blobs of one stream, in the order of `contentCreated`.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    rows: Vec<BlobRow>,
    /// First instant of the next slot of time to be filled.
    filled_to: Option<Timestamp>,
}

impl Shelf {
    pub(crate) fn rows(&self) -> &[BlobRow] {
        &self.rows
    }

    /// Publishes everything up to `now`, beginning at `from` the first time.
    pub(crate) fn fill(&mut self, from: Timestamp, now: Timestamp, filling: &Filling<'_>) {
        let step = Duration::from_secs(u64::from(filling.blobs.blob_every_seconds.max(1)));
        let mut slot = self.filled_to.unwrap_or_else(|| from.floor_to(step));
        while slot <= now {
            self.fill_slot(slot, step, filling);
            slot = slot + step;
        }
        self.filled_to = Some(slot);
    }

    /// Publishes records `mine, mine + step, …` of a file's `count`, spread evenly over a span.
    pub(crate) fn fill_from_file(
        &mut self,
        (from, to): (Timestamp, Timestamp),
        count: usize,
        (mine, step): (usize, usize),
        filling: &Filling<'_>,
    ) {
        if self.filled_to.is_some() {
            return;
        }
        self.filled_to = Some(to);
        let own = count.saturating_sub(mine).div_ceil(step.max(1));
        self.spread_file((from, to), own, (mine, step), filling);
    }

    /// The rows whose `contentCreated` is in the span, with their numbers.
    pub(crate) fn between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = (usize, &BlobRow)> {
        let start = self.rows.partition_point(|row| row.created < from);
        let end = self.rows.partition_point(|row| row.created < to).max(start);
        self.rows[start..end].iter().enumerate().map(move |(at, row)| (start + at, row))
    }

    /// The row that an id's first time and tag name; a cut blob's first time lies between its rows.
    pub(crate) fn find(&self, first: Timestamp, tag: u32, reach: Duration) -> Option<(usize, &BlobRow)> {
        let end = self.rows.partition_point(|row| row.created <= first);
        let oldest = first - reach;
        let near = self.rows[..end].iter().enumerate().rev().take_while(|(_, row)| row.created >= oldest);
        near.filter(|(_, row)| row.tag == tag).find(|(_, row)| first <= row.last)
    }
}

pub(crate) fn expiration(created: Timestamp, life_days: u32) -> Timestamp {
    created + days(u64::from(life_days))
}
