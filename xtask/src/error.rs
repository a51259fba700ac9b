//! Why a chore ended without success.

/// A chore failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChoreError {
    /// A program could not be started.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// Its name.
        program: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// A program ended with a failure; it has said why itself.
    #[error("`{command}` ended with {status}")]
    Ended {
        /// The whole command.
        command: String,
        /// `exit status: 1` and the like.
        status: std::process::ExitStatus,
    },
    /// A program's answer cannot be read.
    #[error("cannot read the answer of `{command}`: {why}")]
    Answer {
        /// The whole command.
        command: String,
        /// Where it went wrong.
        why: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// Its path.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// A check found something; the findings were printed.
    #[error("{0}")]
    Found(String),
    /// Arguments that the chore does not know.
    #[error("{0}")]
    Usage(String),
}
