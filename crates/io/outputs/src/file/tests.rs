//! The file output on the machine's disk and on one that fails in every way.

mod behaviour;
mod rotation;
mod surroundings;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use trailhound_env::Disk;
use trailhound_model::{OutputName, StreamKey};

use super::{Compression, FileConfig, FileOutput, Format};
use crate::testing::key;

const TEMPLATE: &str = "log/{application}/{stream}/{date}.ndjson";

fn config(path: &str, compression: Compression) -> FileConfig {
    FileConfig {
        name: OutputName::new("siem").unwrap(),
        path: path.to_owned(),
        rotate_bytes: None,
        rotate_after: None,
        compression,
        format: Format::Raw,
    }
}

fn output(config: FileConfig, disk: Arc<dyn Disk>) -> FileOutput {
    FileOutput::new(config, disk).unwrap()
}

/// Unpacks a file by its ending. A torn member or frame fails.
fn unpack(path: &str, bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match path.rsplit('.').next() {
        Some("gz") => drop(flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain).unwrap()),
        Some("zst") => drop(zstd::Decoder::new(bytes).unwrap().read_to_end(&mut plain).unwrap()),
        _ => plain.extend_from_slice(bytes),
    }
    plain
}

/// The lines of `…/application/stream/date[.part].ndjson` files, by stream, part by part.
fn lines(files: BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<StreamKey, Vec<Vec<u8>>> {
    let mut parts: BTreeMap<(StreamKey, u32), Vec<Vec<u8>>> = BTreeMap::new();
    for (path, bytes) in files {
        let path = path.to_str().unwrap();
        let names: Vec<&str> = path.rsplit('/').collect();
        let part = names[0].split('.').nth(1).and_then(|part| part.parse().ok()).unwrap_or(0);
        let plain = unpack(path, &bytes);
        assert!(plain.is_empty() || plain.ends_with(b"\n"), "{path} ends in the middle of a line");
        let lines = plain.split_inclusive(|byte| *byte == b'\n').map(|line| line[..line.len() - 1].to_vec());
        parts.insert((key(names[2], names[1]), part), lines.collect());
    }
    let mut all: BTreeMap<StreamKey, Vec<Vec<u8>>> = BTreeMap::new();
    for ((key, _), lines) in parts {
        all.entry(key).or_default().extend(lines);
    }
    all.retain(|_, lines| !lines.is_empty());
    all
}
