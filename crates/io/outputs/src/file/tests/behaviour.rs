//! The suite of all outputs, and random crashes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use trailhound_env::RealDisk;
use trailhound_model::{JournalChunk, StreamKey};

use super::{TEMPLATE, config, lines, output};
use crate::Output;
use crate::file::{Compression, FileConfig};
use crate::testing::{Runner, SimDisk, TestBed, behaves, chunk, key, now};

struct OnSimDisk {
    disk: SimDisk,
    config: FileConfig,
}

impl OnSimDisk {
    fn new(seed: u64, compression: Compression) -> Self {
        Self { disk: SimDisk::new(seed), config: config(TEMPLATE, compression) }
    }
}

impl TestBed for OnSimDisk {
    fn start(&mut self) -> Box<dyn Output> {
        Box::new(output(self.config.clone(), Arc::new(self.disk.clone())))
    }

    fn received(&mut self) -> BTreeMap<StreamKey, Vec<Vec<u8>>> {
        lines(self.disk.files())
    }

    fn fail_after(&mut self, steps: u64) -> bool {
        self.disk.fail_after(steps);
        true
    }

    fn lose_power(&mut self) {
        self.disk.lose_power();
    }
}

struct OnRealDisk(tempfile::TempDir);

impl TestBed for OnRealDisk {
    fn start(&mut self) -> Box<dyn Output> {
        let path = format!("{}/{TEMPLATE}", self.0.path().display());
        Box::new(output(config(&path, Compression::None), Arc::new(RealDisk)))
    }

    fn received(&mut self) -> BTreeMap<StreamKey, Vec<Vec<u8>>> {
        let mut files = BTreeMap::new();
        collect(self.0.path(), &mut files);
        lines(files)
    }

    fn fail_after(&mut self, _steps: u64) -> bool {
        false
    }

    fn lose_power(&mut self) {}
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

#[tokio::test]
async fn plain_files_behave() {
    for seed in 0..8 {
        behaves(|| OnSimDisk::new(seed, Compression::None)).await;
    }
}

#[tokio::test]
async fn gzip_files_behave() {
    behaves(|| OnSimDisk::new(1, Compression::Gzip)).await;
}

#[tokio::test]
async fn zstd_files_behave() {
    behaves(|| OnSimDisk::new(1, Compression::Zstd)).await;
}

#[tokio::test]
async fn files_on_the_machine_behave() {
    behaves(|| OnRealDisk(tempfile::tempdir().unwrap())).await;
}

fn random_batch(seq: u64, shape: &[(u8, u8)]) -> Vec<JournalChunk> {
    let mut chunks = Vec::new();
    for (at, (stream, records)) in shape.iter().enumerate() {
        let texts: Vec<String> =
            (0..*records).map(|record| format!("n:{{\"at\": \"{seq}/{at}/{record}\"}}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let key = key("contoso", &format!("stream-{}", stream % 3));
        chunks.push(chunk(seq * 100 + at as u64, &key, &texts));
    }
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Any number of crashes after any number of disk operations, in any phase, with rotation and packing.
    #[test]
    fn no_line_is_torn_lost_or_repeated(
        seed: u64,
        packed in 0u8..3,
        rotate_bytes in proptest::option::of(1u64..200),
        shapes in proptest::collection::vec(proptest::collection::vec((0u8..3, 0u8..4), 0..4), 1..6),
        crashes in proptest::collection::vec(0u64..12, 0..8),
    ) {
        let compression = [Compression::None, Compression::Gzip, Compression::Zstd][usize::from(packed)];
        let mut bed = OnSimDisk::new(seed, compression);
        bed.config.rotate_bytes = rotate_bytes;
        let mut crashes = crashes.into_iter();
        let mut expected: BTreeMap<StreamKey, Vec<Vec<u8>>> = BTreeMap::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut runner = Runner::start(&mut bed).await;
            for (seq, shape) in shapes.iter().enumerate() {
                let batch = random_batch(seq as u64, shape);
                loop {
                    bed.disk.fail_after(crashes.next().unwrap_or(u64::MAX));
                    let done = runner.attempt(&batch, now()).await.is_ok();
                    bed.disk.lose_power();
                    runner.restart(&mut bed).await;
                    if done {
                        break;
                    }
                }
                for chunk in &batch {
                    let records = chunk.deliverable().map(|(_, _, raw)| raw.to_vec());
                    expected.entry(chunk.key.clone()).or_default().extend(records);
                }
            }
        });
        expected.retain(|_, records| !records.is_empty());
        prop_assert_eq!(bed.received(), expected);
    }
}
