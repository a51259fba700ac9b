//! Gunzip in steps (RFC 1952): several members in a row and zero padding after the last are accepted.

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};

use super::{BlobError, BlobErrorKind};

/// Window of a gzip member: 2^15 bytes, the format's only size.
const WINDOW_BITS: u8 = 15;

pub(super) struct Gunzip {
    inflate: Decompress,
    /// Inside a member: its trailer with the checksum is still to come.
    inside: bool,
    members: u32,
    padded: bool,
}

impl Gunzip {
    pub(super) fn new() -> Self {
        Self { inflate: Decompress::new_gzip(WINDOW_BITS), inside: false, members: 0, padded: false }
    }

    /// Inflates from the front of `wire` into the spare room of `out`. `false`: `wire` is used up and
    /// nothing more comes of it.
    pub(super) fn step(&mut self, wire: &mut &[u8], out: &mut Vec<u8>) -> Result<bool, BlobError> {
        if !self.inside && !self.begin_member(wire) {
            return Ok(false);
        }
        let (read_before, written_before) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress_vec(wire, out, FlushDecompress::None).map_err(|error| {
            BlobError::new(BlobErrorKind::Invalid, written_before, format!("gzip: {error}"))
        })?;
        let read = usize::try_from(self.inflate.total_in() - read_before).unwrap_or(wire.len());
        *wire = &wire[read..];
        if status == Status::StreamEnd {
            self.inside = false;
            self.members += 1;
            return Ok(true);
        }
        Ok(read > 0 || self.inflate.total_out() > written_before)
    }

    /// Skips padding; `false` when no member begins in `wire`.
    fn begin_member(&mut self, wire: &mut &[u8]) -> bool {
        if self.members > 0 {
            let zeros = wire.iter().take_while(|byte| **byte == 0).count();
            self.padded |= zeros > 0;
            *wire = &wire[zeros..];
        }
        if wire.is_empty() {
            return false;
        }
        if self.members > 0 {
            self.inflate = Decompress::new_gzip(WINDOW_BITS);
        }
        self.inside = true;
        true
    }

    pub(super) fn check_end(&self, at: u64) -> Result<(), BlobError> {
        if self.inside || self.members == 0 {
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
