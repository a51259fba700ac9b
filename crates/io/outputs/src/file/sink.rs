//! From lines to bytes on disk: compression, and few large writes.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use trailhound_env::DiskFile;
use trailhound_model::JournalChunk;

use super::Compression;
use super::line::write_line;

/// Most bytes in one write, and the memory that one file in work takes.
const WRITE_BYTES: usize = 1 << 20;

/// Zstandard level: its own default, about 12 times smaller on audit records.
const ZSTD_LEVEL: i32 = 3;

/// Appends the records of `chunks` as one unit that can be cut off whole (a gzip member, a frame), and makes it
/// durable. `buffer` is scratch. Returns the bytes that the file grew by.
pub(super) fn append_records<'a>(
    file: &mut dyn DiskFile,
    buffer: &mut Vec<u8>,
    chunks: impl Iterator<Item = &'a JournalChunk>,
    compression: Compression,
) -> io::Result<u64> {
    buffer.clear();
    buffer.reserve_exact(WRITE_BYTES);
    let mut sink = FileSink { file, buffer, appended_bytes: 0 };
    match compression {
        Compression::None => write_lines(&mut sink, chunks)?,
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(&mut sink, flate2::Compression::default());
            write_lines(&mut encoder, chunks)?;
            encoder.finish()?;
        }
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(&mut sink, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            write_lines(&mut encoder, chunks)?;
            encoder.finish()?;
        }
    }
    sink.flush()?;
    let appended_bytes = sink.appended_bytes;
    file.sync()?;
    Ok(appended_bytes)
}

fn write_lines<'a>(sink: &mut impl Write, chunks: impl Iterator<Item = &'a JournalChunk>) -> io::Result<()> {
    for chunk in chunks {
        for (_, _, record) in chunk.deliverable() {
            write_line(sink, record)?;
        }
    }
    Ok(())
}

/// Gathers small writes; passes on what is larger than its buffer without a copy.
struct FileSink<'a> {
    file: &'a mut dyn DiskFile,
    buffer: &'a mut Vec<u8>,
    appended_bytes: u64,
}

impl Write for FileSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > WRITE_BYTES {
            self.flush()?;
        }
        if bytes.len() < WRITE_BYTES {
            self.buffer.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        self.file.append(&bytes[..WRITE_BYTES])?;
        self.appended_bytes += WRITE_BYTES as u64;
        Ok(WRITE_BYTES)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.file.append(self.buffer)?;
            self.appended_bytes += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }
}
