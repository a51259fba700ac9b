//! `cargo xtask tidy`: habits that no compiler checks.

mod file;

use std::path::Path;

pub(crate) use file::SourceFile;

use crate::error::ChoreError;
use crate::process;

/// Most lines of a file before its tests begin.
const MAX_CODE_LINES: usize = 500;

/// Most `.unwrap()` in 1,000 lines outside tests, over the whole workspace.
const MAX_UNWRAPS_PER_1000_LINES: usize = 1;

/// Prints one line per finding, then the measures.
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    if !arguments.is_empty() {
        return Err(ChoreError::Usage("`tidy` takes no arguments".to_owned()));
    }
    let root = process::workspace_root();
    let mut files = Vec::new();
    for folder in ["crates", "xtask", "bench", "fuzz"] {
        files.extend(rust_files(&root.join(folder))?);
    }
    let mut findings: Vec<String> = files.iter().flat_map(check).collect();
    findings.extend(check_unwraps(&files));
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {}", summary(&files));
    if findings.is_empty() { Ok(()) } else { Err(ChoreError::Found(format!("{} findings", findings.len()))) }
}

/// All Rust files below a folder, sorted; none when the folder does not exist.
pub(crate) fn rust_files(folder: &Path) -> Result<Vec<SourceFile>, ChoreError> {
    let mut files = Vec::new();
    if folder.is_dir() {
        file::collect(folder, &process::workspace_root(), &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn check(file: &SourceFile) -> Vec<String> {
    let mut findings = Vec::new();
    let lines = file.code_lines();
    if lines > MAX_CODE_LINES {
        findings.push(format!("{}: {lines} lines, at most {MAX_CODE_LINES}: split it by topic", file.path));
    }
    // Written in two halves, so that this file does not find itself.
    for attribute in [concat!("#[al", "low("), concat!("#![al", "low(")] {
        if let Some(index) = file.text.lines().position(|line| line.trim_start().starts_with(attribute)) {
            findings.push(format!("{}:{}: use `#[expect(.., reason = \"..\")]`", file.path, index + 1));
        }
    }
    if file.path.ends_with("src/lib.rs") && !file.text.starts_with("//!") {
        findings.push(format!("{}: begin with what the crate is, promises and never does", file.path));
    }
    findings
}

fn check_unwraps(files: &[SourceFile]) -> Option<String> {
    let (unwraps, lines) = unwraps_and_lines(files);
    (unwraps * 1000 > MAX_UNWRAPS_PER_1000_LINES * lines).then(|| {
        format!("{unwraps} `.unwrap()` in {lines} lines outside tests: return an error that says what to do")
    })
}

fn unwraps_and_lines(files: &[SourceFile]) -> (usize, usize) {
    let unwraps =
        files.iter().map(|file| file.code().filter(|line| line.contains(".unwrap()")).count()).sum();
    (unwraps, files.iter().map(SourceFile::code_lines).sum())
}

fn summary(files: &[SourceFile]) -> String {
    let mut lengths: Vec<usize> =
        files.iter().filter(|file| !file.is_test()).map(SourceFile::code_lines).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    let longest = files.iter().max_by_key(|file| file.code_lines());
    let (unwraps, lines) = unwraps_and_lines(files);
    format!(
        "{} files, {lines} lines outside tests, median {median}, longest {}, {unwraps} `.unwrap()`",
        files.len(),
        longest.map_or_else(String::new, |file| format!("{} ({})", file.path, file.code_lines())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let code = "fn f() {}\n".repeat(MAX_CODE_LINES);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// t\n".repeat(300));
        assert!(check(&file("crates/a/b/src/x.rs", &format!("{code}{tests}"))).is_empty());
        assert_eq!(check(&file("crates/a/b/src/x.rs", &format!("{code}fn g() {{}}\n{tests}"))).len(), 1);
        assert!(check(&file("crates/a/b/tests/x.rs", &code.repeat(2))).is_empty());
    }

    #[test]
    fn a_silenced_lint_and_a_bare_lib_are_found() {
        let silenced = concat!("    #[al", "low(dead_code)]\nfn f() {}\n");
        assert_eq!(check(&file("crates/a/b/src/x.rs", silenced)).len(), 1);
        assert_eq!(check(&file("crates/a/b/src/lib.rs", "mod x;\n")).len(), 1);
    }

    #[test]
    fn unwraps_count_outside_tests_only() {
        let many = file("crates/a/b/src/x.rs", "x.unwrap();\n// y.unwrap()\n");
        assert!(check_unwraps(&[many]).is_some_and(|text| text.starts_with("1 `.unwrap()` in 2 lines")));
        let tested =
            file("crates/a/b/src/x.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n    x.unwrap();\n}\n");
        assert!(check_unwraps(&[tested]).is_none());
    }
}
