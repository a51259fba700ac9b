//! The thirteen states, in the order in which one hides another.

use std::fmt;

/// What a stream's health is called. The order is that of precedence: of several that hold, the first is the
/// stream's state and the others are told as "also". Causes stand before what they cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthState {
    /// The login refuses the app's credential, or its ids.
    CredentialFailed,
    /// The app may not read this content.
    PermissionMissing,
    /// The tenant records no audit events.
    AuditingOff,
    /// Neither Microsoft's login nor its API can be reached from here.
    Offline,
    /// An output does not take records.
    OutputDown,
    /// Blobs were set aside that could still be had.
    QuarantinedItems,
    /// Microsoft asks for fewer requests, and the collection falls behind.
    Throttled,
    /// Content comes late, or not, for a reason on Microsoft's side.
    DelayedByMicrosoft,
    /// Far fewer records than is usual at this hour of the week.
    Silent,
    /// The credential ends soon.
    CredentialExpiring,
    /// Everything works, and nothing was ever published.
    WaitingForFirstData,
    /// Nothing was tried yet.
    New,
    /// As it should be.
    Ok,
}

/// How bad a state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is the matter.
    Well,
    /// Somebody should look at it; nothing is lost at present.
    Warning,
    /// Records are not collected or not delivered.
    Failing,
}

impl HealthState {
    /// All, in the order of precedence.
    pub const ALL: [Self; 13] = [
        Self::CredentialFailed,
        Self::PermissionMissing,
        Self::AuditingOff,
        Self::Offline,
        Self::OutputDown,
        Self::QuarantinedItems,
        Self::Throttled,
        Self::DelayedByMicrosoft,
        Self::Silent,
        Self::CredentialExpiring,
        Self::WaitingForFirstData,
        Self::New,
        Self::Ok,
    ];

    /// The stable word of metrics, JSON and the journal.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CredentialFailed => "credential failed",
            Self::PermissionMissing => "permission missing",
            Self::AuditingOff => "auditing off",
            Self::Offline => "offline",
            Self::OutputDown => "output down",
            Self::QuarantinedItems => "quarantined items",
            Self::Throttled => "throttled",
            Self::DelayedByMicrosoft => "delayed by Microsoft",
            Self::Silent => "silent",
            Self::CredentialExpiring => "credential expiring",
            Self::WaitingForFirstData => "waiting for first data",
            Self::New => "new",
            Self::Ok => "ok",
        }
    }

    /// The inverse of [`HealthState::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// How bad it is.
    pub const fn severity(self) -> Severity {
        match self {
            Self::CredentialFailed
            | Self::PermissionMissing
            | Self::AuditingOff
            | Self::Offline
            | Self::OutputDown => Severity::Failing,
            Self::QuarantinedItems
            | Self::Throttled
            | Self::DelayedByMicrosoft
            | Self::Silent
            | Self::CredentialExpiring => Severity::Warning,
            Self::WaitingForFirstData | Self::New | Self::Ok => Severity::Well,
        }
    }

    /// Whether nothing is the matter.
    pub const fn is_well(self) -> bool {
        matches!(self.severity(), Severity::Well)
    }
}

impl Severity {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Warning => "warning",
            Self::Failing => "failing",
        }
    }
}

impl fmt::Display for HealthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
