//! Why a journal call failed, whether to try again, and whether it happened.

/// A failed journal call.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct JournalError {
    /// What kind.
    pub kind: JournalErrorKind,
    /// The engine's words and the place.
    pub detail: String,
}

/// Kinds of failures, as far as somebody acts differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum JournalErrorKind {
    /// No room on the disk. Not done; try again when there is room.
    #[error("the disk that holds the journal is full")]
    Full,
    /// Another process has the data folder. Not done.
    #[error("the data folder is in use by another trailhound process")]
    InUse,
    /// The folder or file cannot be opened or written. Not done.
    #[error("the journal cannot be opened")]
    Unusable,
    /// This user may not read or write the folder. Not done.
    #[error("permission denied on the data folder")]
    Denied,
    /// The folder is on a file system that takes no writes. Not done.
    #[error("the data folder is on a read-only file system")]
    ReadOnly,
    /// Its file was removed or replaced while it was open. Not done, and nothing will be until a restart.
    #[error("the journal's file is gone")]
    Lost,
    /// The integrity check failed. Not done; do not go on.
    #[error("the journal is damaged")]
    Damaged,
    /// Written by a newer trailhound. Not done.
    #[error("the journal was written by a newer version")]
    TooNew,
    /// The caller broke the contract (a receipt that goes back, an unknown stream). Not done.
    #[error("the journal refused the call")]
    Refused,
    /// A disk or engine failure. Unknown whether it happened; repeating is safe (promise L4).
    #[error("the journal failed")]
    Failed,
}

impl JournalErrorKind {
    /// What a person can do.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Full => {
                "free space on that file system; collection and delivery go on by themselves, nothing is lost"
            }
            Self::InUse => "stop the other process, or give this one a `data_dir` of its own",
            Self::Unusable => "check that `data_dir` exists and belongs to the user that runs trailhound",
            Self::Denied => "run the command as the user that runs trailhound, or give this one the folder",
            Self::ReadOnly => {
                "mount it writable (a container may need a volume there), or choose another `data_dir`"
            }
            Self::Lost => {
                "stop trailhound, put the data folder back (or move to a new one) and start again; nothing more \
                 is acknowledged"
            }
            Self::Damaged => "restore the data folder from a backup, or move it away to begin anew",
            Self::TooNew => "run the newer trailhound again, or give this one another `data_dir`",
            Self::Refused => "this is a defect in trailhound: please report it with the log",
            Self::Failed => "check the disk and the system log",
        }
    }
}
