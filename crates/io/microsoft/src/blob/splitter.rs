//! Splits a JSON array into records while its bytes come in, and cuts chunks between records.

use bytes::Bytes;
use trailhound_model::{CHUNK_BYTES, ContentHash, MAX_RECORD_BYTES, NewChunk, RecordEntry};

use super::closing::Closing;
use super::element::{Element, Failure, Reader, error_answer};
use super::{BlobError, BlobErrorKind, STEP_BYTES};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Room of a fresh buffer, in bytes; most blobs are small.
const FIRST_ROOM_BYTES: usize = 64 << 10;
/// Longest element that is neither object, array nor string, in bytes.
const MAX_BARE_VALUE_BYTES: usize = 4_096;

/// What the grammar expects next at the outermost level.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// A byte order mark or nothing, then [`Expect::Top`].
    Mark,
    /// `[`, or a lone object.
    Top,
    /// A record or `]`.
    First,
    /// A record, after a comma.
    Record,
    /// `,` or `]`.
    Separator,
    /// The lone object.
    Lone,
    /// Nothing but white space.
    End,
}

pub(super) struct Splitter {
    /// Decompressed bytes from the beginning of the current chunk.
    buffer: Vec<u8>,
    /// Where `buffer` begins in the whole body.
    base: u64,
    /// Up to here `buffer` is read.
    at: usize,
    /// End of the last record in `buffer`: where it may be cut.
    cut: usize,
    /// Of the element at `at`, when it came in part.
    closing: Option<Closing>,
    expect: Expect,
    entries: Vec<RecordEntry>,
    reader: Reader,
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self {
            buffer: Vec::new(),
            base: 0,
            at: 0,
            cut: 0,
            closing: None,
            expect: Expect::Mark,
            entries: Vec::new(),
            reader: Reader::default(),
        }
    }

    pub(super) fn raw_bytes(&self) -> u64 {
        self.base + self.buffer.len() as u64
    }

    /// The buffer, with room for at least a few more bytes (`step_bytes` in the long run).
    pub(super) fn room(&mut self, step_bytes: usize) -> &mut Vec<u8> {
        let spare = self.buffer.capacity() - self.buffer.len();
        if spare < step_bytes / 4 {
            // Doubling, but not far over a chunk's size as long as that is enough.
            let doubled = (self.buffer.capacity() * 2).max(FIRST_ROOM_BYTES);
            let chunk = CHUNK_BYTES + 2 * STEP_BYTES;
            let wanted = if self.buffer.len() + step_bytes <= chunk { doubled.min(chunk) } else { doubled };
            let more = wanted.saturating_sub(self.buffer.len()).max(step_bytes);
            self.buffer.reserve_exact(more);
        }
        &mut self.buffer
    }

    /// Reads as many whole elements as the buffer holds. `last`: no more bytes will come.
    pub(super) fn scan(&mut self, last: bool, chunks: &mut Vec<NewChunk>) -> Result<(), BlobError> {
        while let Some(byte) = self.next_byte(last)? {
            match (self.expect, byte) {
                (Expect::Mark, _) => unreachable!("`next_byte` passes the mark"),
                (Expect::Top, b'[') => self.pass(Expect::First),
                (Expect::Top, b'{') => self.expect = Expect::Lone,
                (Expect::First | Expect::Separator, b']') => self.pass(Expect::End),
                (Expect::Separator, b',') => self.pass(Expect::Record),
                (Expect::First | Expect::Record | Expect::Lone, _) => {
                    if !self.read_element(last, chunks)? {
                        return Ok(());
                    }
                }
                (Expect::Top, _) => return Err(self.invalid("neither an array nor an object")),
                (Expect::Separator, _) => return Err(self.invalid("`,` or `]` expected after a record")),
                (Expect::End, _) => return Err(self.invalid("more after the end")),
            }
        }
        if last && self.expect != Expect::End {
            let what = if self.raw_bytes() == 0 { "it is empty" } else { "the list has no end" };
            return Err(self.error(BlobErrorKind::Truncated, self.buffer.len(), what));
        }
        Ok(())
    }

    /// What is left in the buffer, if it holds records.
    pub(super) fn finish(mut self) -> Option<NewChunk> {
        // Chunks wait in caches: the room that doubling left over is given back.
        self.buffer.shrink_to_fit();
        (!self.entries.is_empty()).then(|| NewChunk {
            raw: Bytes::from(self.buffer),
            gzip: None,
            entries: self.entries,
        })
    }

    /// The next byte that is not white space.
    fn next_byte(&mut self, last: bool) -> Result<Option<u8>, BlobError> {
        if self.expect == Expect::Mark {
            let start = &self.buffer[..self.buffer.len().min(BYTE_ORDER_MARK.len())];
            if start == BYTE_ORDER_MARK {
                self.at = start.len();
            } else if !last && BYTE_ORDER_MARK.starts_with(start) {
                return Ok(None);
            }
            self.expect = Expect::Top;
        }
        let rest = &self.buffer[self.at..];
        let blank = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.at += blank;
        if self.at - self.cut > MAX_RECORD_BYTES {
            return Err(self.error(BlobErrorKind::OverLimit, self.at, "too much between two records"));
        }
        Ok(self.buffer.get(self.at).copied())
    }

    fn pass(&mut self, expect: Expect) {
        self.at += 1;
        self.expect = expect;
    }

    /// `false`: the element is not complete yet.
    fn read_element(&mut self, last: bool, chunks: &mut Vec<NewChunk>) -> Result<bool, BlobError> {
        let rest = &self.buffer[self.at..];
        let came_in_part = self.closing.as_mut().is_some_and(|closing| !closing.advance(rest));
        let element = if came_in_part && !last { Err(Failure::Incomplete) } else { self.reader.read(rest) };
        let element = match element {
            // A number at the very end may go on.
            Ok(element) if element.length == rest.len() && !last && !is_closed(rest) => {
                Err(Failure::Incomplete)
            }
            other => other,
        };
        let length = match &element {
            Ok(found) => found.length,
            Err(Failure::Incomplete) => rest.len(),
            Err(_) => 0,
        };
        if length > self.limit_bytes() {
            return Err(self.error(BlobErrorKind::OverLimit, self.at, "a value is longer than allowed"));
        }
        match element {
            Ok(element) => self.accept(element, chunks).map(|()| true),
            Err(Failure::Incomplete) if last => {
                let what = "it ends in the middle of a record, or is not JSON";
                Err(self.error(BlobErrorKind::Truncated, self.buffer.len(), what))
            }
            Err(Failure::Incomplete) => {
                // A bare value has nothing that closes; it is short, and read anew with every piece.
                if self.closing.is_none() && self.is_enclosed() {
                    let mut closing = Closing::default();
                    closing.advance(rest);
                    self.closing = Some(closing);
                }
                Ok(false)
            }
            Err(Failure::TooDeep { at }) => {
                Err(self.error(BlobErrorKind::OverLimit, self.at + at, "a record is nested too deeply"))
            }
            Err(Failure::Invalid { at, what }) => {
                Err(self.error(BlobErrorKind::Invalid, self.at + at, &what))
            }
        }
    }

    /// Longest element: a bare number, whose end cannot be told before it is parsed, must be short.
    fn limit_bytes(&self) -> usize {
        if self.is_enclosed() { MAX_RECORD_BYTES } else { MAX_BARE_VALUE_BYTES }
    }

    /// Whether the element ends with a bracket or quote of its own.
    fn is_enclosed(&self) -> bool {
        matches!(self.buffer[self.at], b'{' | b'[' | b'"')
    }

    fn accept(&mut self, element: Element, chunks: &mut Vec<NewChunk>) -> Result<(), BlobError> {
        let record = &self.buffer[self.at..self.at + element.length];
        if self.expect == Expect::Lone
            && let Some(answer) = error_answer(record, element.id)
        {
            return Err(self.error(BlobErrorKind::ErrorAnswer, self.at, &answer));
        }
        let hash = ContentHash::of(record);
        if self.at + element.length > CHUNK_BYTES && !self.entries.is_empty() {
            chunks.push(self.cut_chunk());
        }
        let (offset, length) = (self.at, element.length);
        let too_far = || BlobError::new(BlobErrorKind::OverLimit, self.base, "a chunk is over 4 GiB");
        self.entries.push(RecordEntry {
            offset: u32::try_from(offset).map_err(|_| too_far())?,
            length: u32::try_from(length).map_err(|_| too_far())?,
            id: element.id,
            hash,
        });
        self.at += length;
        self.cut = self.at;
        self.closing = None;
        self.expect = if self.expect == Expect::Lone { Expect::End } else { Expect::Separator };
        Ok(())
    }

    /// Gives the buffer up to the last record; what comes after it begins the next one.
    fn cut_chunk(&mut self) -> NewChunk {
        let rest = &self.buffer[self.cut..];
        let mut next = Vec::with_capacity((CHUNK_BYTES + 2 * STEP_BYTES).max(rest.len() + STEP_BYTES));
        next.extend_from_slice(rest);
        let mut raw = std::mem::replace(&mut self.buffer, next);
        raw.truncate(self.cut);
        self.base += self.cut as u64;
        self.at -= self.cut;
        self.cut = 0;
        let room = self.entries.len();
        let entries = std::mem::replace(&mut self.entries, Vec::with_capacity(room));
        NewChunk { raw: Bytes::from(raw), gzip: None, entries }
    }

    fn invalid(&self, what: &str) -> BlobError {
        self.error(BlobErrorKind::Invalid, self.at, what)
    }

    fn error(&self, kind: BlobErrorKind, at: usize, what: &str) -> BlobError {
        BlobError::new(kind, self.base + at as u64, what)
    }
}

/// Whether the text ends in a byte after which its value cannot go on.
fn is_closed(text: &[u8]) -> bool {
    matches!(text.last(), Some(b'}' | b']' | b'"' | b'e' | b'l'))
}
