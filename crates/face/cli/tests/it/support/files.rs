//! Reading what was written.

use std::path::Path;

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
