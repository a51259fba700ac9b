//! One record inside a blob: where it stands and who it is.

use xxhash_rust::xxh3::xxh3_128;

/// Identity of a record for de-duplication, 128 bits. A GUID is itself; any other `Id` text is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u128);

impl RecordId {
    /// Reads the `Id` of a record. A GUID's case and braces do not matter. Empty text is no id: `None`.
    pub fn from_text(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        Some(Self(parse_guid(text.as_bytes()).unwrap_or_else(|| xxh3_128(text.as_bytes()))))
    }
}

fn parse_guid(text: &[u8]) -> Option<u128> {
    let text = text.strip_prefix(b"{").and_then(|t| t.strip_suffix(b"}")).unwrap_or(text);
    if text.len() != 36 {
        return None;
    }
    let mut value = 0u128;
    for (at, &byte) in text.iter().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
            continue;
        }
        value = (value << 4) | u128::from(char::from(byte).to_digit(16)?);
    }
    Some(value)
}

/// Hash of a record's bytes as Microsoft sent them (XXH3, 128 bits): tells a duplicate from a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentHash(pub u128);

impl ContentHash {
    /// Hashes the raw record.
    pub fn of(raw: &[u8]) -> Self {
        Self(xxh3_128(raw))
    }
}

/// Where a record stands in its chunk's raw bytes, and who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordEntry {
    /// Offset of the first byte (`{`) in the chunk, in bytes.
    pub offset: u32,
    /// Length in bytes.
    pub length: u32,
    /// `None` when the record has no `Id`: it is never a duplicate.
    pub id: Option<RecordId>,
    /// Hash of its bytes.
    pub hash: ContentHash,
}

/// What the journal decided about a record when it was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordMark {
    /// First of its id (or without id): delivered.
    New,
    /// Known id, other content: delivered, marked, counted.
    Revision,
    /// Known id, same content: not delivered.
    Duplicate,
}

impl RecordMark {
    /// Whether outputs get it.
    pub fn is_delivered(self) -> bool {
        !matches!(self, Self::Duplicate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_one_id_in_every_spelling() {
        let id = RecordId::from_text("4831a108-d2bf-4ba9-86e6-e12540b86826");
        assert_eq!(id, Some(RecordId(0x4831_a108_d2bf_4ba9_86e6_e125_40b8_6826)));
        assert_eq!(RecordId::from_text("{4831A108-D2BF-4BA9-86E6-E12540B86826}"), id);
        assert_eq!(RecordId::from_text(""), None);
        assert_ne!(RecordId::from_text("not-a-guid"), RecordId::from_text("not-a-guid2"));
    }
}
