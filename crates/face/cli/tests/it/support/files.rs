//! Reading what was written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file as text; absent is empty.
pub(crate) fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// All lines of all files below a folder. A file must end with a whole line.
pub(crate) fn lines_below(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return lines };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            lines.extend(lines_below(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "{} ends in a torn line", path.display());
        lines.extend(text.lines().map(str::to_owned));
    }
    lines
}

/// All files below a folder with their bytes.
pub(crate) fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}
