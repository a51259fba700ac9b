//! What is said about a configuration.

use std::fmt;
use std::path::PathBuf;

/// The file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("use `{}`, line {line}, column {column}: {what}", path.display())]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong: lower case, without any secret.
    pub what: String,
    /// What a person can do; may be empty.
    pub hint: String,
    /// The line with a caret below; secrets are masked. Empty when there is nothing to show.
    pub excerpt: String,
}

impl ConfigError {
    /// The whole message for a terminal: place, words, line and hint.
    pub fn report(&self) -> String {
        let Self { path, line, column, what, hint, excerpt } = self;
        let mut text = format!("{}:{line}:{column}: {what}\n", path.display());
        text.push_str(excerpt);
        if !hint.is_empty() {
            text.push_str("hint: ");
            text.push_str(hint);
            text.push('\n');
        }
        text
    }
}

/// The file can be used, but.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is doubtful, without any secret.
    pub what: String,
    /// What a person can do.
    pub hint: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}; {}", self.line, self.what, self.hint)
    }
}
