//! How a chunk's bytes lie on disk: as the gzip body that came, as zstd, or plain.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use trailhound_model::NewChunk;
use xxhash_rust::xxh3::xxh3_64;

use super::errors::Result;
use crate::JournalError;

/// Shorter bytes are stored plain: a frame would not pay.
const PLAIN_BELOW_BYTES: usize = 256;
const ZSTD_LEVEL: i32 = 1;
/// Encoding more than this is worth a thread of its own, in bytes.
pub(super) const LIGHT_ENCODE_BYTES: usize = 128 << 10;

/// The form of stored bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Plain,
    Gzip,
    Zstd,
}

impl Codec {
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Gzip => 1,
            Self::Zstd => 2,
        }
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        [Self::Plain, Self::Gzip, Self::Zstd].into_iter().find(|codec| codec.number() == number)
    }
}

/// Bytes ready to be stored.
pub(super) struct Stored {
    pub(super) codec: Codec,
    pub(super) bytes: Bytes,
    /// XXH3-64 of `bytes`.
    pub(super) checksum: i64,
}

/// XXH3-64 as SQLite's integer.
pub(super) fn checksum(bytes: &[u8]) -> i64 {
    xxh3_64(bytes).cast_signed()
}

/// Chooses the form. A gzip body that does not claim the raw length (several members, say) is not kept.
pub(super) fn encode(chunk: &NewChunk) -> Result<Stored> {
    let (codec, bytes) = match &chunk.gzip {
        Some(gzip) if gzip_claims_length(gzip, chunk.raw.len()) => (Codec::Gzip, gzip.clone()),
        _ if chunk.raw.len() < PLAIN_BELOW_BYTES => (Codec::Plain, chunk.raw.clone()),
        _ => {
            let packed = zstd::bulk::compress(&chunk.raw, ZSTD_LEVEL)
                .map_err(|error| JournalError::failed(format!("zstd: {error}")))?;
            (Codec::Zstd, packed.into())
        }
    };
    let checksum = checksum(&bytes);
    Ok(Stored { codec, bytes, checksum })
}

/// Whether [`encode`] would compress so much that it should not run on an async thread.
pub(super) fn is_heavy(chunk: &NewChunk) -> bool {
    chunk.gzip.is_none() && chunk.raw.len() > LIGHT_ENCODE_BYTES
}

/// The raw bytes again, exactly `raw_bytes` of them. The text of a failure is without its place.
pub(super) fn decode(codec: Codec, stored: Vec<u8>, raw_bytes: usize) -> std::result::Result<Bytes, String> {
    let raw = match codec {
        Codec::Plain => stored,
        Codec::Gzip => {
            let mut raw = Vec::with_capacity(raw_bytes + 1);
            let limit_bytes = raw_bytes as u64 + 1;
            MultiGzDecoder::new(stored.as_slice())
                .take(limit_bytes)
                .read_to_end(&mut raw)
                .map_err(|error| format!("gzip: {error}"))?;
            raw
        }
        Codec::Zstd => {
            zstd::bulk::decompress(&stored, raw_bytes).map_err(|error| format!("zstd: {error}"))?
        }
    };
    if raw.len() != raw_bytes {
        return Err(format!("{} raw bytes instead of {raw_bytes}", raw.len()));
    }
    Ok(raw.into())
}

/// The last four bytes of a gzip member: its raw length modulo 2^32 (RFC 1952, `ISIZE`).
fn gzip_claims_length(gzip: &[u8], raw_bytes: usize) -> bool {
    let Some(trailer) = gzip.last_chunk::<4>() else { return false };
    let claimed = u64::from(u32::from_le_bytes(*trailer));
    gzip.starts_with(&[0x1f, 0x8b]) && claimed == (raw_bytes as u64 & u64::from(u32::MAX))
}
