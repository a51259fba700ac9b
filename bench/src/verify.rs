//! Whether what a contestant left is what was served.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::BenchError;
use crate::workload::Workload;

/// Every record once, byte by byte, one a line, in whatever order; and the summary says so too.
pub(crate) fn collected(
    who: &str,
    folder: &Path,
    summary: &Path,
    workload: &Workload,
) -> Result<(), BenchError> {
    let mut found = Vec::with_capacity(workload.records.len());
    for path in files(folder)? {
        let mut lines = BufReader::new(File::open(&path).map_err(BenchError::file("read", &path))?);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).map_err(BenchError::file("read", &path))? > 0 {
            found.push(xxh3_64(line.strip_suffix(b"\n").unwrap_or(&line)));
            line.clear();
        }
    }
    found.sort_unstable();
    if found != workload.records {
        return Err(BenchError::wrong(who, difference(&found, &workload.records)));
    }
    let text = std::fs::read(summary).map_err(BenchError::file("read", summary))?;
    let counted = summed(&text).ok_or_else(|| BenchError::wrong(who, "its summary cannot be read"))?;
    let all = workload.records.len() as u64;
    if counted != (all, all, 0) {
        return Err(BenchError::wrong(
            who,
            format!("its summary says (records, delivered, gaps) = {counted:?}, where {all} were served"),
        ));
    }
    Ok(())
}

/// All blobs as files, of the right size altogether.
pub(crate) fn downloaded(who: &str, folder: &Path, workload: &Workload) -> Result<(), BenchError> {
    let files = files(folder)?;
    let mut bytes = 0;
    for path in &files {
        bytes += path.metadata().map_err(BenchError::file("read", path))?.len();
    }
    if files.len() == workload.blobs.len() && bytes == workload.raw_bytes {
        return Ok(());
    }
    let (blobs, raw) = (workload.blobs.len(), workload.raw_bytes);
    Err(BenchError::wrong(
        who,
        format!("left {} files, {bytes} bytes, of {blobs} blobs, {raw} bytes", files.len()),
    ))
}

/// `(records, delivered, gaps)` over all streams of `collect --json`.
fn summed(text: &[u8]) -> Option<(u64, u64, usize)> {
    let summary: Value = serde_json::from_slice(text).ok()?;
    let mut sums = (0, 0, 0);
    for application in summary["applications"].as_array()? {
        for stream in application["streams"].as_array()? {
            sums.0 += stream["records"].as_u64()?;
            sums.1 += stream["delivered"].as_u64()?;
            let served = |gap: &&Value| gap["reason"] != "older than retention";
            sums.2 += stream["gaps"].as_array()?.iter().filter(served).count();
        }
    }
    Some(sums)
}

/// How two sorted lists of hashes differ, in words.
fn difference(found: &[u64], expected: &[u64]) -> String {
    let mut distinct = found.to_vec();
    distinct.dedup();
    let missing = expected.iter().filter(|hash| distinct.binary_search(hash).is_err()).count();
    let strange = distinct.iter().filter(|hash| expected.binary_search(hash).is_err()).count();
    let repeated = found.len() - distinct.len();
    format!(
        "of {} records it left {} lines: {missing} missing, {repeated} repeated, {strange} never served",
        expected.len(),
        found.len()
    )
}

/// All files below a folder, at any depth.
fn files(folder: &Path) -> Result<Vec<PathBuf>, BenchError> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).map_err(BenchError::file("read", &folder))? {
            let path = entry.map_err(BenchError::file("read", &folder))?.path();
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two records served, and a folder with what is left of them.
    fn verify(lines: &str, records: u64) -> Result<(), BenchError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("raw/deep")).unwrap();
        std::fs::write(folder.path().join("raw/deep/day.ndjson"), lines).unwrap();
        let stream = serde_json::json!({ "records": records, "delivered": records, "gaps": [] });
        let summary = serde_json::json!({ "applications": [{ "streams": [stream] }] });
        std::fs::write(folder.path().join("summary.json"), summary.to_string()).unwrap();
        let mut records = vec![xxh3_64(b"{\"a\":1}"), xxh3_64(b"{\"b\":2}")];
        records.sort_unstable();
        let workload = Workload { blobs: Vec::new(), records, raw_bytes: 0, gzip_bytes: 0 };
        collected("it", &folder.path().join("raw"), &folder.path().join("summary.json"), &workload)
    }

    #[test]
    fn all_records_once_in_any_order_are_well() {
        verify("{\"b\":2}\n{\"a\":1}\n", 2).unwrap();
    }

    #[test]
    fn a_missing_a_repeated_and_a_changed_record_are_found() {
        let words = |lines: &str| verify(lines, 2).unwrap_err().to_string();
        assert!(words("{\"a\":1}\n").contains("1 missing, 0 repeated, 0 never served"));
        assert!(words("{\"a\":1}\n{\"b\":2}\n{\"b\":2}\n").contains("0 missing, 1 repeated, 0 never served"));
        assert!(words("{\"a\":1}\n{\"b\": 2}\n").contains("1 missing, 0 repeated, 1 never served"));
    }

    #[test]
    fn a_summary_that_says_otherwise_is_found() {
        assert!(verify("{\"b\":2}\n{\"a\":1}\n", 3).unwrap_err().to_string().contains("(3, 3, 0)"));
    }
}
