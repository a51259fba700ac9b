//! What stands in a file after the last receipt: is it all delivered again, or is some of it known to nobody?

use std::cell::OnceCell;
use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use flate2::Crc;
use flate2::bufread::GzDecoder;
use trailhound_env::Disk;
use trailhound_model::JournalChunk;

use super::line::write_line;

/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The lines of what is delivered again.
pub(super) struct Repeats<'a> {
    chunks: &'a [JournalChunk],
    lines_bytes: u64,
    lines: OnceCell<HashSet<Digest>>,
}

/// Length and checksum: enough, since all lines of a tail have to match.
type Digest = (u64, u32);

impl<'a> Repeats<'a> {
    pub(super) fn of(chunks: &'a [JournalChunk]) -> Self {
        let lines = chunks.iter().flat_map(JournalChunk::deliverable);
        let lines_bytes = lines.map(|(entry, ..)| u64::from(entry.length) + 1).sum();
        Self { chunks, lines_bytes, lines: OnceCell::new() }
    }

    /// Whether nothing is lost when the file is cut to `from` of its `length` bytes: each whole line behind it
    /// comes again, and at its end a part of one may stand, or the zeros of a power loss.
    pub(super) fn cover(&self, disk: &dyn Disk, path: &Path, from: u64, length: u64) -> io::Result<bool> {
        // Bytes that do not compress grow a little when packed.
        let most_bytes = self.lines_bytes + self.lines_bytes / 1024 + 1024;
        if self.lines_bytes == 0 || length - from > most_bytes {
            return Ok(false);
        }
        let mut head = [0; 4];
        let read = disk.read(path, from, &mut head)?;
        let is = |magic: &[u8]| head[..read].iter().zip(magic).all(|(a, b)| a == b);
        let tail = Tail { disk, path, at: from, failed: None };
        let mut tail = BufReader::with_capacity(READ_BYTES, tail);
        let covered = if is(&GZIP_MAGIC) {
            Self::cover_units(&mut tail, |tail| self.judge(GzDecoder::new(tail)))
        } else if is(&ZSTD_MAGIC) {
            Self::cover_units(&mut tail, |tail| {
                zstd::Decoder::with_buffer(tail).map_or(Verdict::Torn, |unit| self.judge(unit.single_frame()))
            })
        } else {
            self.judge(&mut tail) != Verdict::Unknown
        };
        tail.into_inner().failed.map_or(Ok(covered), Err)
    }

    /// Of packed lines, unit by unit. What a torn one holds has no checksum, and no receipt of anybody.
    fn cover_units<R: BufRead>(tail: &mut R, judge: impl Fn(&mut R) -> Verdict) -> bool {
        while tail.fill_buf().is_ok_and(|bytes| !bytes.is_empty()) {
            match judge(tail) {
                Verdict::Known => {}
                Verdict::Unknown => return false,
                Verdict::Torn => return true,
            }
        }
        true
    }

    fn judge(&self, mut lines: impl Read) -> Verdict {
        let mut buffer = vec![0; READ_BYTES];
        let (mut line, mut verdict) = (Line::default(), Verdict::Known);
        loop {
            let Ok(read) = lines.read(&mut buffer) else { return Verdict::Torn };
            if read == 0 {
                break;
            }
            for piece in buffer[..read].split_inclusive(|byte| *byte == b'\n') {
                line.extend(piece);
                if piece.ends_with(b"\n") && !self.knows(&std::mem::take(&mut line)) {
                    verdict = Verdict::Unknown;
                }
            }
        }
        if line.length > 0 && !line.has_zeros && !self.begins_with(&line) {
            verdict = Verdict::Unknown;
        }
        verdict
    }

    fn knows(&self, line: &Line) -> bool {
        line.has_zeros || self.lines.get_or_init(|| self.digests()).contains(&line.digest())
    }

    fn digests(&self) -> HashSet<Digest> {
        self.each(u64::MAX).collect()
    }

    fn begins_with(&self, torn: &Line) -> bool {
        self.each(torn.length).any(|begin| begin == torn.digest())
    }

    /// The first `most_bytes` bytes of each line.
    fn each(&self, most_bytes: u64) -> impl Iterator<Item = Digest> {
        let records = self.chunks.iter().flat_map(JournalChunk::deliverable);
        records.map(move |(_, _, record)| {
            let mut begin = Begin { line: Line::default(), most_bytes };
            write_line(&mut begin, record).expect("a checksum takes every byte");
            begin.line.digest()
        })
    }
}

#[derive(PartialEq)]
enum Verdict {
    Known,
    Unknown,
    Torn,
}

/// Of a line, what tells it from others.
#[derive(Default)]
struct Line {
    length: u64,
    sum: Crc,
    has_zeros: bool,
}

impl Line {
    fn extend(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.sum.update(bytes);
        self.has_zeros |= memchr::memchr(0, bytes).is_some();
    }

    fn digest(&self) -> Digest {
        (self.length, self.sum.sum())
    }
}

/// Takes the begin of a line.
struct Begin {
    line: Line,
    most_bytes: u64,
}

impl Write for Begin {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = usize::try_from(self.most_bytes - self.line.length).unwrap_or(usize::MAX);
        self.line.extend(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The file from a byte on. A failure of the disk is kept, to be told from a torn unit.
struct Tail<'a> {
    disk: &'a dyn Disk,
    path: &'a Path,
    at: u64,
    failed: Option<io::Error>,
}

impl Read for Tail<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.disk.read(self.path, self.at, into).map_err(|error| {
            let told = io::Error::from(error.kind());
            self.failed = Some(error);
            told
        })?;
        self.at += read as u64;
        Ok(read)
    }
}
