//! Path templates of the file output. An input is a byte for the compression and the template.

use std::sync::Arc;

use trailhound_model::OutputName;
use trailhound_outputs::testing::{self, SimDisk};
use trailhound_outputs::{Compression, FileConfig, FileOutput, Format, Output};

use crate::exchange::now;

pub(crate) fn run(data: &[u8]) {
    let Some((first, template)) = data.split_first() else { return };
    let Ok(template) = std::str::from_utf8(template) else { return };
    let (compression, ending) = match first {
        b'g' => (Compression::Gzip, ".gz"),
        b'z' => (Compression::Zstd, ".zst"),
        _ => (Compression::None, ""),
    };
    let Ok(name) = OutputName::new("siem") else { return };
    let disk = Arc::new(SimDisk::new(1));
    let config = FileConfig {
        name,
        path: template.to_owned(),
        rotate_bytes: None,
        rotate_after: None,
        compression,
        format: Format::Raw,
    };
    let expected = render(template);
    let mut output = match (FileOutput::new(config, disk.clone()), &expected) {
        (Ok(output), Some(_)) => output,
        (Err(error), None) => return assert!(!error.hint.is_empty() && !error.retry, "{error}"),
        (Ok(_), None) => panic!("accepted: {template:?}"),
        (Err(error), Some(path)) => panic!("refused, although it names {path:?}: {error}"),
    };
    let batch = [testing::chunk(1, &testing::key("contoso", "Audit.Exchange"), &["n:{}"])];
    now(output.recover(None, &[])).unwrap_or_else(|error| panic!("a fresh output recovers: {error}"));
    let at = testing::now();
    output.prepare(&batch, at).unwrap_or_else(|error| panic!("an empty disk takes a batch: {error}"));
    now(output.deliver(&batch, at)).unwrap_or_else(|error| panic!("an empty disk takes a batch: {error}"));
    let files: Vec<_> = disk.files().into_keys().collect();
    let mut expected = expected.unwrap_or_default();
    if !expected.ends_with(ending) {
        expected.push_str(ending);
    }
    assert_eq!(files, [std::path::PathBuf::from(expected)]);
}

/// The path that a template means; `None` when it means none. Written the other way round: by replacing.
fn render(template: &str) -> Option<String> {
    if template.is_empty() || template.ends_with('/') || template.contains('\0') {
        return None;
    }
    let mut path = String::new();
    let mut pieces = template.split('{');
    path.push_str(pieces.next()?);
    for piece in pieces {
        let (name, text) = piece.split_once('}')?;
        path.push_str(match name {
            "application" => "contoso",
            "stream" => "Audit.Exchange",
            "date" => "2026-11-20",
            "hour" => "16",
            _ => return None,
        });
        path.push_str(text);
    }
    Some(path)
}
