//! Rust files, with their tests told apart.

use std::path::Path;

use crate::error::ChoreError;

/// A Rust file of the workspace.
pub(crate) struct SourceFile {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

impl SourceFile {
    /// Its lines before `#[cfg(test)]` opens a module; none of a file that is all test. Without comment lines.
    pub(crate) fn code(&self) -> impl Iterator<Item = &str> {
        self.text.lines().take(self.code_lines()).filter(|line| !line.trim_start().starts_with("//"))
    }

    /// How many lines stand before its tests, comments included.
    pub(crate) fn code_lines(&self) -> usize {
        if self.is_test() {
            return 0;
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let opens_tests = |at: usize| {
            lines[at].starts_with("#[cfg(test)]") && lines.get(at + 1).is_some_and(|next| next.ends_with('{'))
        };
        (0..lines.len()).find(|at| opens_tests(*at)).unwrap_or(lines.len())
    }

    /// Whether the file is nothing but tests or what they stand on, by its place and name.
    pub(crate) fn is_test(&self) -> bool {
        let tests_folder = |part: &str| matches!(part, "tests" | "testing" | "examples" | "benches");
        let tests_file = |name: &str| name.ends_with("tests.rs") || name == "test_support.rs";
        self.path.split('/').any(tests_folder) || self.path.rsplit('/').next().is_some_and(tests_file)
    }
}

/// Reads all `.rs` files below a folder.
pub(crate) fn collect(folder: &Path, root: &Path, files: &mut Vec<SourceFile>) -> Result<(), ChoreError> {
    let unreadable = |source| ChoreError::Read { path: folder.display().to_string(), source };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                collect(&path, root, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| ChoreError::Read { path: path.display().to_string(), source })?;
            let relative = path.strip_prefix(root).unwrap_or(&path);
            files.push(SourceFile { path: relative.to_string_lossy().replace('\\', "/"), text });
        }
    }
    Ok(())
}
