//! Gunzip in steps (RFC 1952): several members in a row and zero padding after the last are accepted.
//!
//! Header and trailer are read here and the checksum is taken with the processor's carry-less multiplication:
//! the inflater's own checksum cost a tenth of a whole collection.

use bytes::Bytes;
use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

use super::{BlobError, BlobErrorKind};

/// Longest member header, in bytes: fixed part, extra field, and room for a name and a comment.
const MAX_HEADER_BYTES: usize = 128 << 10;
const FIXED_HEADER_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;

/// Flags of a member header that announce further parts.
const HAS_HEADER_CHECKSUM: u8 = 0x02;
const HAS_EXTRA: u8 = 0x04;
const HAS_NAME: u8 = 0x08;
const HAS_COMMENT: u8 = 0x10;
const RESERVED: u8 = 0xe0;

/// What comes next.
enum Part {
    /// A member, or the end of the body.
    Between,
    /// The rest of a member's header; so much of it came.
    Header(Vec<u8>),
    /// Compressed bytes.
    Body,
    /// Checksum and length; so much of it came.
    Trailer(Vec<u8>),
}

pub(super) struct Gunzip {
    inflate: Decompress,
    part: Part,
    checksum: Hasher,
    /// Decompressed bytes of this member, modulo 2^32 as the trailer counts them.
    length: u32,
    members: u32,
    padded: bool,
}

impl Gunzip {
    pub(super) fn new() -> Self {
        Self {
            inflate: Decompress::new(false),
            part: Part::Between,
            checksum: Hasher::new(),
            length: 0,
            members: 0,
            padded: false,
        }
    }

    /// Inflates from the front of `wire` into the spare room of `out`. `false`: `wire` is used up and
    /// nothing more comes of it.
    pub(super) fn step(&mut self, wire: &mut &[u8], out: &mut Vec<u8>) -> Result<bool, BlobError> {
        match std::mem::replace(&mut self.part, Part::Body) {
            Part::Between => Ok(self.begin_member(wire)),
            Part::Header(came) => self.read_header(came, wire),
            Part::Body => self.inflate(wire, out),
            Part::Trailer(came) => self.read_trailer(came, wire),
        }
    }

    /// Skips padding; `false` when no member begins in `wire`.
    fn begin_member(&mut self, wire: &mut &[u8]) -> bool {
        if self.members > 0 {
            let zeros = wire.iter().take_while(|byte| **byte == 0).count();
            self.padded |= zeros > 0;
            *wire = &wire[zeros..];
        }
        let begins = !wire.is_empty();
        self.part = if begins { Part::Header(Vec::new()) } else { Part::Between };
        begins
    }

    fn read_header(&mut self, mut came: Vec<u8>, wire: &mut &[u8]) -> Result<bool, BlobError> {
        let before = came.len();
        came.extend_from_slice(wire);
        match header_length(&came).map_err(|why| self.invalid(why))? {
            Some(length) => {
                *wire = &wire[length - before..];
                self.inflate.reset(false);
                self.checksum = Hasher::new();
                self.length = 0;
                Ok(true)
            }
            None if came.len() > MAX_HEADER_BYTES => Err(self.invalid("the header has no end")),
            None => {
                *wire = &[];
                self.part = Part::Header(came);
                Ok(false)
            }
        }
    }

    fn inflate(&mut self, wire: &mut &[u8], out: &mut Vec<u8>) -> Result<bool, BlobError> {
        let (read_before, written_before) = (self.inflate.total_in(), out.len());
        let status = self
            .inflate
            .decompress_vec(wire, out, FlushDecompress::None)
            .map_err(|error| self.invalid(&error.to_string()))?;
        let read = usize::try_from(self.inflate.total_in() - read_before).unwrap_or(wire.len());
        *wire = &wire[read..];
        let written = &out[written_before..];
        self.checksum.update(written);
        // The trailer holds the length modulo 2^32, so a longer member wraps there too.
        self.length = self.length.wrapping_add(u32::try_from(written.len()).unwrap_or(u32::MAX));
        if status == Status::StreamEnd {
            self.part = Part::Trailer(Vec::with_capacity(TRAILER_BYTES));
            return Ok(true);
        }
        Ok(read > 0 || !written.is_empty())
    }

    fn read_trailer(&mut self, mut came: Vec<u8>, wire: &mut &[u8]) -> Result<bool, BlobError> {
        let (mine, rest) = wire.split_at(wire.len().min(TRAILER_BYTES - came.len()));
        came.extend_from_slice(mine);
        *wire = rest;
        if came.len() < TRAILER_BYTES {
            self.part = Part::Trailer(came);
            return Ok(false);
        }
        let expected = [self.checksum.clone().finalize().to_le_bytes(), self.length.to_le_bytes()].concat();
        if came != expected {
            return Err(self.invalid("the checksum or length at the end does not fit"));
        }
        self.members += 1;
        self.part = Part::Between;
        Ok(true)
    }

    fn invalid(&self, why: &str) -> BlobError {
        BlobError::new(BlobErrorKind::Invalid, self.inflate.total_out(), format!("gzip: {why}"))
    }

    pub(super) fn check_end(&self, at: u64) -> Result<(), BlobError> {
        if self.members == 0 || !matches!(self.part, Part::Between) {
            return Err(BlobError::new(BlobErrorKind::Truncated, at, "gzip: the last member has no end"));
        }
        Ok(())
    }

    /// Exactly one member and nothing after it: any reader of gzip reads it alike.
    pub(super) fn is_single_member(&self) -> bool {
        self.members == 1 && !self.padded
    }
}

/// Gunzips a whole small body; `None` when it is not gzip, cut short, or over `limit_bytes`.
pub(crate) fn gunzip_limited(wire: &[u8], limit_bytes: usize) -> Option<Bytes> {
    let mut gunzip = Gunzip::new();
    let (mut rest, mut out) = (wire, Vec::new());
    loop {
        out.reserve(wire.len().clamp(1 << 10, 256 << 10));
        if !gunzip.step(&mut rest, &mut out).ok()? {
            break;
        }
        if out.len() > limit_bytes {
            return None;
        }
    }
    gunzip.check_end(0).ok()?;
    Some(out.into())
}

/// Length of the member header at the front; `None` while it is not whole.
fn header_length(head: &[u8]) -> Result<Option<usize>, &'static str> {
    if !head.starts_with(&[0x1f, 0x8b][..head.len().min(2)]) {
        return Err("no member begins here");
    }
    let Some(fixed) = head.first_chunk::<FIXED_HEADER_BYTES>() else { return Ok(None) };
    let (method, flags) = (fixed[2], fixed[3]);
    if method != 8 || flags & RESERVED != 0 {
        return Err("unknown method or flags");
    }
    let mut at = FIXED_HEADER_BYTES;
    if flags & HAS_EXTRA != 0 {
        let Some(length) = head.get(at..at + 2) else { return Ok(None) };
        at += 2 + usize::from(u16::from_le_bytes([length[0], length[1]]));
    }
    for text in [HAS_NAME, HAS_COMMENT] {
        if flags & text != 0 {
            let Some(end) = head.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0)) else {
                return Ok(None);
            };
            at += end + 1;
        }
    }
    if flags & HAS_HEADER_CHECKSUM != 0 {
        let Some(told) = head.get(at..at + 2) else { return Ok(None) };
        if crc32fast::hash(&head[..at]).to_le_bytes()[..2] != *told {
            return Err("the checksum of the header does not fit");
        }
        at += 2;
    }
    Ok((at <= head.len()).then_some(at))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, GzBuilder};

    use super::*;

    fn member(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzBuilder::new()
            .filename("blob.json")
            .comment("with everything")
            .extra(vec![7; 300])
            .write(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn gunzip(wire: &[u8], step_bytes: usize) -> Result<Vec<u8>, BlobError> {
        let (mut gunzip, mut out) = (Gunzip::new(), Vec::new());
        for mut piece in wire.chunks(step_bytes) {
            loop {
                out.reserve(64);
                if !gunzip.step(&mut piece, &mut out)? {
                    break;
                }
            }
        }
        gunzip.check_end(0)?;
        Ok(out)
    }

    #[test]
    fn headers_with_all_parts_and_members_in_a_row_are_read_at_any_step() {
        let wire = [member(b"first "), member(b"second"), vec![0; 5]].concat();
        for step_bytes in [1, 2, 7, 400, 10_000] {
            assert_eq!(gunzip(&wire, step_bytes).unwrap(), b"first second", "{step_bytes}");
        }
    }

    #[test]
    fn a_wrong_checksum_length_or_header_is_invalid_and_a_missing_end_is_truncated() {
        let whole = member(b"some text that is long enough");
        for spoilt in [0, 2, 3, whole.len() - 8, whole.len() - 1] {
            let mut wire = whole.clone();
            wire[spoilt] ^= 0x80;
            assert_eq!(gunzip(&wire, 64).unwrap_err().kind, BlobErrorKind::Invalid, "byte {spoilt}");
        }
        for length in 0..whole.len() {
            let error = gunzip(&whole[..length], 64).unwrap_err();
            assert_eq!(error.kind, BlobErrorKind::Truncated, "{length} bytes");
        }
    }
}
