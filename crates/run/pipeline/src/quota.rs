//! Whose quota requests count against, and how it stands.

use std::fmt;

use trailhound_model::Timestamp;

/// Whose quota an instance's requests count against. Instances with equal keys share one budget: providers
/// of managed services register several of them in one tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuotaKey {
    /// Host of the API, which stands for the cloud: `manage.office.com`.
    pub api: String,
    /// Tenant id, in lower case.
    pub tenant: String,
    /// Publisher id, in lower case; the tenant's id when none is configured.
    pub publisher: String,
}

impl fmt::Display for QuotaKey {
    /// `manage.office.com/<tenant>`, and `/<publisher>` where that is another.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.api, self.tenant)?;
        if self.publisher == self.tenant { Ok(()) } else { write!(out, "/{}", self.publisher) }
    }
}

/// How a quota stands at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaStatus {
    /// The present rate: what may be sent in a minute.
    pub requests_per_minute: u32,
    /// What was sent in the last minute.
    pub sent_last_minute: u32,
    /// Requests sent since the process began.
    pub sent: u64,
    /// Of these: answered with "too many requests".
    pub throttled: u64,
    /// Requests for the newest content that wait for their turn.
    pub waiting_live: usize,
    /// Requests of backfill and re-sweeps that wait for their turn.
    pub waiting_back: usize,
    /// Nothing is sent before this moment, since Microsoft asked for fewer requests.
    pub throttled_until: Option<Timestamp>,
    /// Since when requests are refused as too many, none having gone through, and when the latest pause for it
    /// ends or ended.
    pub refused: Option<(Timestamp, Timestamp)>,
}

/// Something that knows how a quota stands.
pub trait QuotaView: Send + Sync {
    /// At this moment.
    fn status(&self) -> QuotaStatus;
}
