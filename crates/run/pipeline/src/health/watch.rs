//! What a stream's driver notes for the judgement of its health.

use std::collections::BTreeMap;
use std::time::Duration;

use trailhound_health::{FailureKind, Quarantine, Streak};
use trailhound_model::{ContentId, Span, Timestamp, days, hours, minutes};

use crate::source::{Reaction, SourceError};

/// Lags of the latest blobs that are kept.
const LAGS: usize = 5;
/// Fewer say nothing.
const MIN_LAGS: usize = 3;
/// Blobs set aside that are known one by one; more are only counted with the others.
const MAX_ASIDE: usize = 1_000;
/// Hours of `contentCreated` whose records wait to be taken into the rhythm.
const MAX_HOURS: usize = 200;
/// How long a blob can be had (Microsoft's reference).
const REACH: Duration = days(7);

/// Kinds of calls that fail and succeed independently of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Looking at the subscription, and starting it.
    Subscribe,
    List,
    Fetch,
}

/// What is watched of one stream. Empty for a stream that nobody drives.
#[derive(Clone, Debug, Default)]
pub struct StreamWatch {
    /// Counts the changes of the stream's status.
    pub(crate) version: u64,
    /// Since when this process drives it.
    pub(crate) since: Option<Timestamp>,
    pub(crate) poll_every: Duration,
    pub(crate) horizon: Option<Timestamp>,
    pub(crate) subscribed_at: Option<Timestamp>,
    /// The newest unbroken span that was listed.
    pub(crate) listed: Option<Span>,
    pub(crate) failures: [Option<Box<Streak>>; 3],
    /// When a listing last succeeded, and since when they have done so without a long pause.
    listed_at: Option<Timestamp>,
    regular_since: Timestamp,
    pub(crate) last_throttled: Option<Timestamp>,
    /// By blob: its `contentCreated`, and when it was set aside.
    aside: BTreeMap<ContentId, (Timestamp, Timestamp)>,
    /// Seconds from `contentCreated` to the listing, of the latest blobs; the newest is overwritten last.
    lags: [u32; LAGS],
    lags_noted: usize,
    /// Records by hour of `contentCreated` (the hour's beginning), not yet taken.
    pub(crate) arrivals: Vec<(Timestamp, u32)>,
}

impl StreamWatch {
    /// A call failed.
    pub(crate) fn failed(&mut self, call: Call, at: Timestamp, error: &SourceError) {
        let kind = kind(error);
        if kind == FailureKind::Throttled {
            self.last_throttled = Some(at);
        }
        match &mut self.failures[call as usize] {
            Some(streak) => streak.again(at, kind, &error.code, &error.what, &error.hint),
            none => *none = Some(Box::new(Streak::first(at, kind, &error.code, &error.what, &error.hint))),
        }
    }

    /// A call succeeded; `is_idle`: nothing waits to be fetched, so that a failed fetch concerns nobody any more.
    pub(crate) fn succeeded(&mut self, call: Call, at: Timestamp, is_idle: bool) {
        self.failures[call as usize] = None;
        if call == Call::List {
            let patience = self.poll_every * 3 + minutes(10);
            if self.listed_at.is_none_or(|before| at.since(before) > patience) {
                self.regular_since = at;
            }
            self.listed_at = Some(at);
        }
        if call != Call::Subscribe {
            self.failures[Call::Subscribe as usize] = None;
        }
        if call == Call::List && is_idle {
            self.failures[Call::Fetch as usize] = None;
        }
    }

    /// A blob was journalled. Its way into a listing says something only if listings were regular ever since it
    /// was made.
    pub(crate) fn journalled(&mut self, created: Timestamp, found_at: Timestamp, records: u64) {
        if self.listed_at.is_some() && self.regular_since <= created {
            let lag = found_at.since(created).as_secs();
            self.lags[self.lags_noted % LAGS] = u32::try_from(lag).unwrap_or(u32::MAX);
            self.lags_noted += 1;
        }
        let (hour, records) = (created.floor_to(hours(1)), u32::try_from(records).unwrap_or(u32::MAX));
        if let Some((_, count)) = self.arrivals.iter_mut().find(|(known, _)| *known == hour) {
            *count = count.saturating_add(records);
        } else if self.arrivals.len() < MAX_HOURS {
            self.arrivals.push((hour, records));
        }
    }

    /// A blob failed too often.
    pub(crate) fn set_aside(&mut self, id: ContentId, created: Timestamp, at: Timestamp) {
        if self.aside.len() < MAX_ASIDE {
            self.aside.insert(id, (created, at));
        }
    }

    /// A blob is no longer set aside.
    pub(crate) fn taken_back(&mut self, id: &ContentId) {
        self.aside.remove(id);
    }

    /// The blobs set aside that can still be had.
    pub(crate) fn quarantine(&self, now: Timestamp) -> Option<Quarantine> {
        let held = || self.aside.values().filter(|(created, _)| now < *created + REACH);
        let (oldest, since) = (held().map(|(created, _)| *created).min()?, held().map(|(_, at)| *at).min()?);
        Some(Quarantine { blobs: held().count() as u64, since, oldest })
    }

    /// The middle one of the latest lags.
    pub(crate) fn lag(&self) -> Option<Duration> {
        let known = self.lags_noted.min(LAGS);
        if known < MIN_LAGS {
            return None;
        }
        let mut lags = self.lags[..known].to_vec();
        lags.sort_unstable();
        Some(Duration::from_secs(u64::from(lags[known / 2])))
    }
}

/// What a failure speaks of.
fn kind(error: &SourceError) -> FailureKind {
    if error.is_network() {
        return FailureKind::Network;
    }
    match error.reaction {
        Reaction::Throttled => FailureKind::Throttled,
        Reaction::StartSubscription => FailureKind::SubscriptionOff,
        Reaction::AuditingOff => FailureKind::AuditingOff,
        Reaction::Credential => FailureKind::Credential,
        Reaction::Permission => FailureKind::Permission,
        Reaction::Configuration => FailureKind::Configuration,
        Reaction::Retry | Reaction::RestartWindow | Reaction::BlobExpired | Reaction::BlobRefused => {
            FailureKind::Service
        }
    }
}

#[cfg(test)]
mod tests {
    use trailhound_model::seconds;

    use super::*;

    fn error(code: &str, reaction: Reaction) -> SourceError {
        let (what, hint) = ("list content".to_owned(), String::new());
        SourceError { reaction, code: code.to_owned(), what, hint, link: "", retry_after: None }
    }

    #[test]
    fn a_look_at_the_subscription_does_not_heal_a_listing_that_is_refused() {
        let mut watch = StreamWatch::default();
        let at = Timestamp::from_millis(0);
        watch.failed(Call::List, at, &error("AF10001", Reaction::Permission));
        watch.succeeded(Call::Subscribe, at, true);
        watch.failed(Call::List, at + minutes(15), &error("AF10001", Reaction::Permission));
        let streak = watch.failures[Call::List as usize].as_ref().unwrap();
        assert_eq!((streak.times, streak.since, streak.kind), (2, at, FailureKind::Permission));
        watch.succeeded(Call::List, at, true);
        assert!(watch.failures.iter().all(Option::is_none));
    }

    #[test]
    fn the_way_is_told_from_the_answer() {
        assert_eq!(kind(&error("tls", Reaction::Retry)), FailureKind::Network);
        assert_eq!(kind(&error("HTTP 407", Reaction::Configuration)), FailureKind::Network);
        assert_eq!(kind(&error("HTTP 503", Reaction::Retry)), FailureKind::Service);
        assert_eq!(kind(&error("AADSTS700016", Reaction::Configuration)), FailureKind::Configuration);
    }

    #[test]
    fn one_late_blob_is_no_lag_and_what_cannot_be_had_is_not_quarantined() {
        let mut watch = StreamWatch::default();
        let at = Timestamp::from_millis(1_795_190_400_000);
        watch.journalled(at - hours(1), at, 1);
        watch.succeeded(Call::List, at, true);
        // Made before listings were regular: its way here says nothing of Microsoft's.
        watch.journalled(at - seconds(1), at + hours(1), 1);
        watch.arrivals.clear();
        for lag in [60, 70, 90_000, 80] {
            watch.journalled(at, at + seconds(lag), 3);
        }
        assert_eq!(watch.lag(), Some(seconds(80)));
        assert_eq!(watch.arrivals, [(at.floor_to(hours(1)), 12)]);
        watch.set_aside(ContentId::new("a"), at - days(8), at);
        assert_eq!(watch.quarantine(at), None);
        watch.set_aside(ContentId::new("b"), at - days(6), at);
        let held = Quarantine { blobs: 1, since: at, oldest: at - days(6) };
        assert_eq!(watch.quarantine(at), Some(held));
        watch.taken_back(&ContentId::new("b"));
        assert_eq!(watch.quarantine(at), None);
    }
}
