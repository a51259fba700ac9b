//! The packed record index of a chunk: where each record stands, who it is, what was decided.
//!
//! Version 1: byte 1, then per record: flags (bits 0-1 the mark, bit 2 has an id), varint distance from the
//! end of the record before, varint length, id (16 bytes LE, when there is one), content hash (16 bytes LE).

use trailhound_model::{ContentHash, RecordEntry, RecordId, RecordMark};

const VERSION: u8 = 1;
const HAS_ID: u8 = 4;
/// Usual size of one packed record, in bytes; only a hint for the allocation.
const USUAL_BYTES: usize = 37;

/// Packs records, which must be in ascending order without overlap (see [`check_entries`]).
pub(super) fn pack(entries: &[RecordEntry], marks: impl Iterator<Item = RecordMark>) -> Vec<u8> {
    let mut packed = Vec::with_capacity(1 + entries.len() * USUAL_BYTES);
    packed.push(VERSION);
    let mut end = 0u32;
    for (entry, mark) in entries.iter().zip(marks) {
        let has_id = if entry.id.is_some() { HAS_ID } else { 0 };
        packed.push(mark_number(mark) | has_id);
        push_varint(&mut packed, entry.offset - end);
        push_varint(&mut packed, entry.length);
        if let Some(id) = entry.id {
            packed.extend_from_slice(&id.0.to_le_bytes());
        }
        packed.extend_from_slice(&entry.hash.0.to_le_bytes());
        end = entry.offset + entry.length;
    }
    packed
}

/// The inverse of [`pack`]; `None` when the bytes are not a whole index that fits into `raw_bytes`.
pub(super) fn unpack(packed: &[u8], raw_bytes: usize) -> Option<Vec<(RecordEntry, RecordMark)>> {
    let (&version, mut rest) = packed.split_first()?;
    if version != VERSION {
        return None;
    }
    let mut records = Vec::with_capacity(packed.len() / USUAL_BYTES + 1);
    let mut end = 0u32;
    while let Some((&flags, after)) = rest.split_first() {
        rest = after;
        let mark = mark_of(flags & 3)?;
        let offset = end.checked_add(take_varint(&mut rest)?)?;
        let length = take_varint(&mut rest)?;
        let id = if flags & HAS_ID == 0 { None } else { Some(RecordId(take_u128(&mut rest)?)) };
        let hash = ContentHash(take_u128(&mut rest)?);
        end = offset.checked_add(length).filter(|&end| end as usize <= raw_bytes)?;
        records.push((RecordEntry { offset, length, id, hash }, mark));
    }
    Some(records)
}

/// Whether the entries are in order, apart, and inside the raw bytes.
pub(super) fn check_entries(entries: &[RecordEntry], raw_bytes: usize) -> bool {
    let mut end = 0u32;
    entries.iter().all(|entry| {
        let in_order = entry.offset >= end;
        let fits = entry.offset.checked_add(entry.length).inspect(|&after| end = after);
        in_order && fits.is_some_and(|after| after as usize <= raw_bytes)
    })
}

fn mark_number(mark: RecordMark) -> u8 {
    match mark {
        RecordMark::New => 0,
        RecordMark::Revision => 1,
        RecordMark::Duplicate => 2,
    }
}

fn mark_of(number: u8) -> Option<RecordMark> {
    [RecordMark::New, RecordMark::Revision, RecordMark::Duplicate].get(usize::from(number)).copied()
}

fn push_varint(packed: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        packed.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    packed.push(value.to_le_bytes()[0]);
}

fn take_varint(rest: &mut &[u8]) -> Option<u32> {
    let mut value = 0u64;
    for shift in (0..35).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return u32::try_from(value).ok();
        }
    }
    None
}

fn take_u128(rest: &mut &[u8]) -> Option<u128> {
    let (bytes, after) = rest.split_first_chunk::<16>()?;
    *rest = after;
    Some(u128::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record() -> impl Strategy<Value = (u32, u32, Option<u128>, u128, u8)> {
        (0u32..100_000, 0u32..5_000_000, any::<Option<u128>>(), any::<u128>(), 0u8..3)
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_out_and_cut_bytes_do_not(
            parts in proptest::collection::vec(record(), 0..40), cut in any::<prop::sample::Index>()
        ) {
            let mut end = 0;
            let records: Vec<(RecordEntry, RecordMark)> = parts.into_iter().map(|(skip, length, id, hash, mark)| {
                let offset = end + skip;
                end = offset + length;
                let entry = RecordEntry { offset, length, id: id.map(RecordId), hash: ContentHash(hash) };
                (entry, mark_of(mark).unwrap())
            }).collect();
            let entries: Vec<RecordEntry> = records.iter().map(|(entry, _)| *entry).collect();
            prop_assert!(check_entries(&entries, end as usize));
            let packed = pack(&entries, records.iter().map(|(_, mark)| *mark));
            prop_assert_eq!(unpack(&packed, end as usize), Some(records.clone()));
            if end > 0 {
                prop_assert_eq!(unpack(&packed, end as usize - 1), None);
                prop_assert!(!check_entries(&entries, end as usize - 1));
            }
            let shorter = unpack(&packed[..cut.index(packed.len())], end as usize);
            prop_assert!(shorter.is_none_or(|some| some.len() < records.len()));
        }
    }
}
