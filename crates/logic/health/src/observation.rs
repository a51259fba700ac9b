//! What is known of a stream when it is judged.

use std::time::Duration;

use trailhound_model::{InstanceName, OutputName, Span, StreamName, Timestamp, seconds};

use crate::rhythm::Quiet;
use crate::streak::Streak;

/// An output that does not take records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputTrouble {
    /// Which.
    pub name: OutputName,
    /// Since when without a success.
    pub since: Timestamp,
    /// What happened; fits after "failed to".
    pub what: String,
    /// What a person can do.
    pub hint: String,
    /// Chunks of the journal that wait for it.
    pub backlog_chunks: u64,
    /// When it last took a batch.
    pub last_success: Option<Timestamp>,
}

/// Blobs in a poison gap row that Microsoft still has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// How many.
    pub blobs: u64,
    /// When the first of them was set aside.
    pub since: Timestamp,
    /// `contentCreated` of the oldest.
    pub oldest: Timestamp,
}

/// A quota that lets nothing through: all its streams wait, whichever of them was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaRefusal {
    /// The first refusal since a request last went through.
    pub since: Timestamp,
    /// When the pause that follows the latest refusal ends.
    pub until: Timestamp,
}

/// What ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// What the configuration says in `secret_expires`.
    Configured,
    /// What the certificate says itself.
    Certificate,
}

/// When the credential ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialEnd {
    /// When.
    pub at: Timestamp,
    /// Who says so.
    pub kind: CredentialKind,
}

/// Everything that is known of one stream. Times are of Microsoft's clock as far as it is known.
#[derive(Clone, Debug)]
pub struct Observation<'a> {
    /// Whose stream.
    pub instance: &'a InstanceName,
    /// Which.
    pub stream: &'a StreamName,
    /// The moment of judging.
    pub now: Timestamp,
    /// Since when this process drives it.
    pub watched_since: Timestamp,
    /// When a listing or fetch of it last succeeded, in this process.
    pub last_success: Option<Timestamp>,
    /// When any call for its instance last succeeded, in this process.
    pub instance_success: Option<Timestamp>,
    /// How often its newest content is asked for.
    pub poll_every: Duration,
    /// Failures in a row: looking at and starting the subscription, listing, fetching.
    pub failures: [Option<&'a Streak>; 3],
    /// When the subscription was last seen enabled.
    pub subscribed_at: Option<Timestamp>,
    /// When it was first seen enabled by this journal, as far as that is known.
    pub horizon: Option<Timestamp>,
    /// The newest unbroken span of `contentCreated` that was listed to its last page.
    pub listed: Option<Span>,
    /// Listing pages read in this process.
    pub pages: u64,
    /// `contentCreated` of the newest journalled blob, as far as this process knows.
    pub newest_blob: Option<Timestamp>,
    /// There is a blob in the journal, of whatever time.
    pub has_data: bool,
    /// Blobs listed and not yet journalled.
    pub pending_blobs: u64,
    /// From `contentCreated` to being listed: the middle one of the latest blobs.
    pub lag: Option<Duration>,
    /// The same as it usually is.
    pub usual_lag: Option<Duration>,
    /// When Microsoft last refused a request as one too many.
    pub last_throttled: Option<Timestamp>,
    /// Its quota refuses everything.
    pub quota_refuses: Option<QuotaRefusal>,
    /// Blobs set aside.
    pub quarantine: Option<Quarantine>,
    /// When the credential ends.
    pub credential_ends: Option<CredentialEnd>,
    /// Outputs that fail.
    pub outputs: &'a [OutputTrouble],
    /// Fewer records than usual.
    pub quiet: Option<Quiet>,
}

/// The same content type at the other instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peers {
    /// Other instances whose content could be compared: listed of late, with data.
    pub others: u32,
    /// Of these: content comes late.
    pub late: u32,
    /// Of these: far fewer records than usual.
    pub quiet: u32,
    /// Other instances that get server errors.
    pub failing: u32,
}

impl Peers {
    /// Whether `some` of the others are most of them: at least half, and at least one.
    pub(crate) fn is_most(self, some: u32) -> bool {
        some > 0 && some * 2 >= self.others.max(some)
    }
}

impl<'a> Observation<'a> {
    /// A stream that nothing is known of yet.
    pub fn of_new(instance: &'a InstanceName, stream: &'a StreamName, now: Timestamp) -> Self {
        Self {
            instance,
            stream,
            now,
            watched_since: now,
            last_success: None,
            instance_success: None,
            poll_every: seconds(60),
            failures: [None; 3],
            subscribed_at: None,
            horizon: None,
            listed: None,
            pages: 0,
            newest_blob: None,
            has_data: false,
            pending_blobs: 0,
            lag: None,
            usual_lag: None,
            last_throttled: None,
            quota_refuses: None,
            quarantine: None,
            credential_ends: None,
            outputs: &[],
            quiet: None,
        }
    }
}
