//! Why a bench could not be run or did not count.

use std::path::Path;

/// The bench ended without a result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// A file or folder.
    #[error("cannot {what} `{path}`: {source}")]
    File {
        /// `read`, `write`, …
        what: &'static str,
        /// Which.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// A program could not be started.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// Which.
        program: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// A program failed, or what it left is not what was served.
    #[error("{who}: {what}")]
    Wrong {
        /// `trailhound` or `curl`.
        who: String,
        /// What is wrong.
        what: String,
    },
    /// The server or its certificates.
    #[error("cannot {what}: {why}")]
    Setup {
        /// `make the certificates`, …
        what: &'static str,
        /// The library's words.
        why: String,
    },
}

impl BenchError {
    /// For `map_err` on file operations.
    pub(crate) fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::File { what, path, source }
    }

    /// For `map_err` on set-up.
    pub(crate) fn setup<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Setup { what, why: error.to_string() }
    }

    /// A result that does not count.
    pub(crate) fn wrong(who: &str, what: impl Into<String>) -> Self {
        Self::Wrong { who: who.to_owned(), what: what.into() }
    }
}
