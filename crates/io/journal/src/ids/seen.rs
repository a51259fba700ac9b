//! One remembered id, as it lies in memory and in files.

use trailhound_model::RecordEntry;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of one remembered id.
pub(crate) const SEEN_BYTES: usize = 28;
/// Of these the ones that tell which record it is: stream and id.
const KEY_BYTES: usize = 20;

/// Stream (4 bytes LE), id (16 bytes LE), content (8 bytes LE). Of the content's hash 64 bits are kept: they only
/// ever tell apart contents of one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen(pub(crate) [u8; SEEN_BYTES]);

impl Seen {
    /// `None` when the record has no id: it is never a duplicate.
    pub(crate) fn of(stream: u32, entry: &RecordEntry) -> Option<Self> {
        let id = entry.id?;
        let mut bytes = [0; SEEN_BYTES];
        bytes[..4].copy_from_slice(&stream.to_le_bytes());
        bytes[4..KEY_BYTES].copy_from_slice(&id.0.to_le_bytes());
        bytes[KEY_BYTES..].copy_from_slice(&entry.hash.0.to_le_bytes()[..SEEN_BYTES - KEY_BYTES]);
        Some(Self(bytes))
    }

    /// By stream and id alone, so that all contents of one id stand together.
    pub(crate) fn hash(&self) -> u64 {
        xxh3_64(self.key())
    }

    pub(crate) fn has_id_of(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    /// The same for one as it lies in a file; a plain comparison of numbers, for many in a row.
    pub(crate) fn has_id_in(&self, other: &[u8; SEEN_BYTES]) -> bool {
        let id = |bytes: &[u8; SEEN_BYTES]| bytes[4..].first_chunk().map_or(0, |id| u128::from_le_bytes(*id));
        id(&self.0) == id(other) && self.0[..4] == other[..4]
    }

    fn key(&self) -> &[u8] {
        &self.0[..KEY_BYTES]
    }
}

/// What is known about one id so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The same content, remembered under the day in question.
    pub(crate) in_its_day: bool,
    /// The same content, under another day.
    pub(crate) on_another_day: bool,
    /// Another content.
    pub(crate) other_content: bool,
}

impl Found {
    /// Adds what one remembered id of the same record tells.
    pub(crate) fn add(&mut self, same_content: bool, same_day: bool) {
        self.in_its_day |= same_content && same_day;
        self.on_another_day |= same_content && !same_day;
        self.other_content |= !same_content;
    }
}
