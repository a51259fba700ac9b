//! The blobs: made, compressed and written before anything is measured.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use trailhound_model::{Timestamp, hours, minutes};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::BenchError;
use crate::records::Shapes;

/// The list of blobs in the bench's folder.
const INDEX_FILE: &str = "blobs.json";

/// What the service compresses with; zlib's default.
const GZIP_LEVEL: u32 = 6;

/// The same records in every run.
const SEED: u64 = 400_000;

/// A blob on the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Blob {
    /// Its `contentId`, also its file name.
    pub(crate) content_id: String,
    /// Its `contentType`.
    pub(crate) stream: String,
    /// Its `contentCreated`.
    pub(crate) created: Timestamp,
}

/// What was made.
pub(crate) struct Workload {
    /// All blobs.
    pub(crate) blobs: Vec<Blob>,
    /// Hashes of all records, sorted: what an output must hold, in any order.
    pub(crate) records: Vec<u64>,
    /// Bytes of all blobs, not compressed.
    pub(crate) raw_bytes: u64,
    /// Bytes of all blobs as served.
    pub(crate) gzip_bytes: u64,
}

/// Makes `blobs` blobs of `records` records, spread over the day before `now`, and writes them into `folder`.
pub(crate) fn make(folder: &Path, blobs: u32, records: u32, now: Timestamp) -> Result<Workload, BenchError> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let parts = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let mine = (0..blobs).skip(thread).step_by(threads);
                scope.spawn(move || make_part(folder, mine, blobs, records, now))
            })
            .collect();
        workers.into_iter().map(join).collect::<Result<Vec<_>, _>>()
    })?;
    let mut whole = Workload { blobs: Vec::new(), records: Vec::new(), raw_bytes: 0, gzip_bytes: 0 };
    for part in parts {
        whole.blobs.extend(part.blobs);
        whole.records.extend(part.records);
        whole.raw_bytes += part.raw_bytes;
        whole.gzip_bytes += part.gzip_bytes;
    }
    whole.blobs.sort_by_key(|blob| blob.created);
    whole.records.sort_unstable();
    let path = folder.join(INDEX_FILE);
    let index = serde_json::to_vec(&whole.blobs).map_err(BenchError::setup("write the list of blobs"))?;
    std::fs::write(&path, index).map_err(BenchError::file("write", &path))?;
    Ok(whole)
}

/// The blobs that [`make`] wrote into the folder.
pub(crate) fn read_index(folder: &Path) -> Result<Vec<Blob>, BenchError> {
    let path = folder.join(INDEX_FILE);
    let index = std::fs::read(&path).map_err(BenchError::file("read", &path))?;
    serde_json::from_slice(&index).map_err(BenchError::setup("read the list of blobs"))
}

/// Where a blob's compressed bytes are.
pub(crate) fn blob_path(folder: &Path, content_id: &str) -> PathBuf {
    folder.join(format!("{content_id}.gz"))
}

fn join<T>(worker: std::thread::ScopedJoinHandle<'_, Result<T, BenchError>>) -> Result<T, BenchError> {
    worker
        .join()
        .map_err(|_| BenchError::Setup { what: "make the blobs", why: "a thread panicked".to_owned() })?
}

fn make_part(
    folder: &Path,
    indexes: impl Iterator<Item = u32>,
    all: u32,
    records: u32,
    now: Timestamp,
) -> Result<Workload, BenchError> {
    let shapes = Shapes::new();
    let mut part = Workload { blobs: Vec::new(), records: Vec::new(), raw_bytes: 0, gzip_bytes: 0 };
    let mut raw = String::new();
    for index in indexes {
        let blob = describe(index, all, now);
        make_blob(&shapes, index, records, blob.created, &mut raw, &mut part.records);
        let zipped = compress(raw.as_bytes()).map_err(BenchError::setup("compress a blob"))?;
        let path = blob_path(folder, &blob.content_id);
        std::fs::write(&path, &zipped).map_err(BenchError::file("write", &path))?;
        part.raw_bytes += raw.len() as u64;
        part.gzip_bytes += zipped.len() as u64;
        part.blobs.push(blob);
    }
    Ok(part)
}

/// Blobs of all streams in turns, evenly over the last 23 hours, none so new that it could be missed.
fn describe(index: u32, all: u32, now: Timestamp) -> Blob {
    let streams: Vec<&str> = Shapes::streams().collect();
    let created = now - hours(23) + minutes(22 * 60 + 30) / all * index;
    let day = created.utc_date().replace('-', "");
    let content_id = format!("{day}${index:06}$trailhound$bench");
    Blob { content_id, stream: streams[index as usize % streams.len()].to_owned(), created }
}

fn make_blob(
    shapes: &Shapes,
    index: u32,
    records: u32,
    created: Timestamp,
    raw: &mut String,
    hashes: &mut Vec<u64>,
) {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED + u64::from(index));
    raw.clear();
    raw.push('[');
    for number in 0..records {
        if number > 0 {
            raw.push(',');
        }
        let start = raw.len();
        let at = created - minutes(5) + minutes(4) / records * number;
        shapes.push_record(&mut rng, index as usize, at, raw);
        hashes.push(xxh3_64(&raw.as_bytes()[start..]));
    }
    raw.push(']');
}

fn compress(raw: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
    encoder.write_all(raw)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_written_is_what_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_millis(1_795_190_400_000);
        let made = make(folder.path(), 8, 50, now).unwrap();
        assert_eq!(read_index(folder.path()).unwrap(), made.blobs);
        assert_eq!(made.records.len(), 400);
        let mut raw_bytes = 0;
        for blob in &made.blobs {
            assert!(blob.created > now - hours(24) && blob.created < now);
            let zipped = std::fs::read(blob_path(folder.path(), &blob.content_id)).unwrap();
            let mut raw = String::new();
            flate2::read::GzDecoder::new(zipped.as_slice()).read_to_string(&mut raw).unwrap();
            raw_bytes += raw.len() as u64;
            let records: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&raw).unwrap();
            assert!(
                records
                    .iter()
                    .all(|record| { made.records.binary_search(&xxh3_64(record.get().as_bytes())).is_ok() })
            );
        }
        assert_eq!(raw_bytes, made.raw_bytes);
        let ratio = made.raw_bytes as f64 / made.gzip_bytes as f64;
        assert!((7.0..20.0).contains(&ratio), "{ratio}");
    }
}
