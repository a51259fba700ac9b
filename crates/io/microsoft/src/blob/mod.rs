//! From the bytes of a blob to chunks of records: pure, incremental, no I/O.
//!
//! Bytes are decompressed straight into the buffer that becomes the chunk, and every record is read once by a
//! checking parser that finds its end and its `Id`. Where chunks are cut depends on the records alone,
//! never on how the network split the bytes.

mod closing;
mod element;
mod error;
mod gunzip;
mod splitter;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use trailhound_model::{CHUNK_BYTES, NewChunk};

pub use error::{BlobError, BlobErrorKind};
use gunzip::Gunzip;
pub(crate) use gunzip::gunzip_limited;
use splitter::Splitter;

/// Largest gzip body that is kept beside its decompressed bytes, so that the journal need not compress anew.
pub const MAX_KEPT_GZIP_BYTES: usize = 2 << 20;

/// Bytes that go through the parser at a time: they are still in the processor's cache then.
const STEP_BYTES: usize = 128 << 10;
/// Most compressed bytes inflated at a time, for the same reason.
const WIRE_STEP_BYTES: usize = 16 << 10;

/// Turns the wire bytes of one blob into [`NewChunk`]s.
///
/// A blob of at most [`CHUNK_BYTES`] decompressed becomes one chunk, given by [`BlobDecoder::finish`]; a
/// larger one becomes several, cut between records. Accepted are an array of records and a single record,
/// with or without byte order mark and white space. Elements that are not objects are records without
/// `Id`; so are those whose `Id` is not a string or empty. Of several `Id` keys the first counts.
pub struct BlobDecoder {
    splitter: Splitter,
    gunzip: Option<Gunzip>,
    /// The gzip body so far, while it can still be the whole of a single chunk.
    wire: Option<Vec<Bytes>>,
    wire_bytes: usize,
}

impl BlobDecoder {
    /// `gzip`: whether the body has that content coding.
    pub fn new(gzip: bool) -> Self {
        Self {
            splitter: Splitter::new(),
            gunzip: gzip.then(Gunzip::new),
            wire: gzip.then(Vec::new),
            wire_bytes: 0,
        }
    }

    /// Takes the next bytes as they came; gives the chunks that are complete now. After an error the decoder
    /// is of no further use.
    pub fn push(&mut self, wire: Bytes) -> Result<Vec<NewChunk>, BlobError> {
        let mut chunks = Vec::new();
        match &mut self.gunzip {
            None => {
                for piece in wire.chunks(STEP_BYTES) {
                    self.splitter.room(STEP_BYTES).extend_from_slice(piece);
                    self.splitter.scan(false, &mut chunks)?;
                }
            }
            Some(gunzip) => {
                for mut piece in wire.chunks(WIRE_STEP_BYTES) {
                    while gunzip.step(&mut piece, self.splitter.room(STEP_BYTES))? {
                        self.splitter.scan(false, &mut chunks)?;
                    }
                }
            }
        }
        self.keep(wire, !chunks.is_empty());
        Ok(chunks)
    }

    /// The end of the body: checks that it *is* the end, and gives what is left.
    pub fn finish(mut self) -> Result<Option<NewChunk>, BlobError> {
        let whole = self.gunzip.as_ref().map_or(Ok(()), |gunzip| gunzip.check_end(self.splitter.raw_bytes()));
        let mut chunks = Vec::new();
        // What came may be wrong already: then the rest would not help, however the network cut the bytes.
        match (whole, self.splitter.scan(true, &mut chunks)) {
            (Err(cut), Err(wrong)) if wrong.kind == BlobErrorKind::Truncated => return Err(cut),
            (_, Err(error)) | (Err(error), Ok(())) => return Err(error),
            (Ok(()), Ok(())) => {}
        }
        debug_assert!(chunks.is_empty(), "a whole element is taken as soon as it has come");
        let single_member = self.gunzip.as_ref().is_some_and(Gunzip::is_single_member);
        let gzip =
            self.wire.take().filter(|_| single_member && self.splitter.raw_bytes() <= CHUNK_BYTES as u64);
        Ok(self.splitter.finish().map(|chunk| NewChunk { gzip: gzip.map(join), ..chunk }))
    }

    /// Decompressed bytes so far.
    pub fn raw_bytes(&self) -> u64 {
        self.splitter.raw_bytes()
    }

    fn keep(&mut self, wire: Bytes, was_cut: bool) {
        self.wire_bytes += wire.len();
        if was_cut || self.wire_bytes > MAX_KEPT_GZIP_BYTES {
            self.wire = None;
        }
        if let Some(kept) = &mut self.wire {
            kept.push(wire);
        }
    }
}

fn join(mut parts: Vec<Bytes>) -> Bytes {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => parts.concat().into(),
    }
}
