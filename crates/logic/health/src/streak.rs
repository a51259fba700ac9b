//! Failures in a row.

use trailhound_model::{Timestamp, minutes};

/// What a failed call speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The way to Microsoft: name resolution, connection, proxy, TLS, time-outs.
    Network,
    /// Microsoft's answer: a server error, or one that cannot be used.
    Service,
    /// Too many requests.
    Throttled,
    /// The secret, certificate or token that proves who the app is.
    Credential,
    /// The ids and the cloud that are configured.
    Configuration,
    /// A permission or a consent.
    Permission,
    /// Auditing is switched off in the tenant.
    AuditingOff,
    /// The subscription is off and could not be started.
    SubscriptionOff,
}

/// Failures of one kind of call in a row, without a success in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streak {
    /// The first of all.
    pub since: Timestamp,
    /// The latest.
    pub latest: Timestamp,
    /// How many in all.
    pub times: u32,
    /// What the latest speaks of.
    pub kind: FailureKind,
    /// The first of those at the end that all speak of `kind`.
    pub kind_since: Timestamp,
    /// How many of those.
    pub kind_times: u32,
    /// Microsoft's code of the latest, or a word such as `dns`.
    pub code: String,
    /// What happened, of the latest; fits after "failed to".
    pub what: String,
    /// What the source's own table advises; may be empty.
    pub hint: String,
}

/// Failures in a row after which a refusal is taken for the answer.
const CONFIRMED_TIMES: u32 = 3;
/// Two are enough when so much time lies between them.
const CONFIRMED_AFTER: std::time::Duration = minutes(1);

impl Streak {
    /// The first failure after a success.
    pub fn first(at: Timestamp, kind: FailureKind, code: &str, what: &str, hint: &str) -> Self {
        Self {
            since: at,
            latest: at,
            times: 1,
            kind,
            kind_since: at,
            kind_times: 1,
            code: code.to_owned(),
            what: what.to_owned(),
            hint: hint.to_owned(),
        }
    }

    /// One more.
    pub fn again(&mut self, at: Timestamp, kind: FailureKind, code: &str, what: &str, hint: &str) {
        let known = (self.since, self.times, self.kind, self.kind_since, self.kind_times);
        let (since, times, old_kind, kind_since, kind_times) = known;
        *self = Self::first(at, kind, code, what, hint);
        (self.since, self.times) = (since, times.saturating_add(1));
        if kind == old_kind {
            (self.kind_since, self.kind_times) = (kind_since, kind_times.saturating_add(1));
        }
    }

    /// Whether it is more than a hiccup: three in a row of one kind, or two that lie a minute apart.
    pub(crate) fn is_confirmed(&self) -> bool {
        let apart = self.latest.since(self.kind_since) >= CONFIRMED_AFTER;
        self.kind_times >= CONFIRMED_TIMES || (self.kind_times >= 2 && apart)
    }
}
