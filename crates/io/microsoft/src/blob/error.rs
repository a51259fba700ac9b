//! Why a blob's body could not be turned into records.

/// The body is not a whole list of records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {at}: {detail}")]
pub struct BlobError {
    /// What kind.
    pub kind: BlobErrorKind,
    /// Where, in bytes of the decompressed body.
    pub at: u64,
    /// The reader's words; for [`BlobErrorKind::ErrorAnswer`] the error object itself.
    pub detail: String,
}

/// Kinds of unreadable bodies, as far as somebody acts differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BlobErrorKind {
    /// It ends too early, or is empty. Transient: another fetch may bring the rest. When the transport told of no
    /// break, the service may also have stored it so: then no fetch helps.
    #[error("the body ends too early")]
    Truncated,
    /// It is not gzip, not JSON, or goes on after its end. Speaks against the blob.
    #[error("the body is not valid")]
    Invalid,
    /// A record is longer or nested deeper than allowed. Speaks against the blob.
    #[error("the body is over a limit")]
    OverLimit,
    /// The service sent `{"error":…}` as if it were content.
    #[error("the body is an error answer")]
    ErrorAnswer,
}

impl BlobError {
    pub(super) fn new(kind: BlobErrorKind, at: u64, detail: impl Into<String>) -> Self {
        Self { kind, at, detail: detail.into() }
    }
}
