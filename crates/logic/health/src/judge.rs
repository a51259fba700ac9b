//! Which conditions hold. Each has its own patience, so that a hiccup is none.

use std::time::Duration;

use trailhound_model::{Timestamp, days, minutes};

use crate::observation::{Observation, Peers};
use crate::state::HealthState;
use crate::streak::{FailureKind, Streak};

/// Failures are repeated at least every 15 minutes; a streak whose latest is older has ended.
const STALE_AFTER: Duration = minutes(45);
/// No call succeeded for so long: offline.
pub(crate) const OFFLINE_AFTER: Duration = minutes(3);
/// Microsoft's server errors count after this long.
const SERVICE_AFTER: Duration = minutes(10);
/// The same of fetches alone, while listings succeed,
const FETCH_SERVICE_AFTER: Duration = minutes(60);
/// and only when so many blobs wait.
const MANY_PENDING: u64 = 20;
/// A subscription that stays off for longer than the spacing of start requests (15 min) needs a person.
const SUBSCRIPTION_OFF_AFTER: Duration = minutes(20);
/// An output is down after this long.
const OUTPUT_DOWN_AFTER: Duration = minutes(5);
/// A quota that lets nothing through counts after this long, and until its latest pause is over for as long.
const HELD_BACK_AFTER: Duration = minutes(5);
/// Throttling of late explains a stream that is behind.
const THROTTLED_OF_LATE: Duration = minutes(10);
/// So far behind is behind.
const BEHIND: Duration = minutes(30);
/// A lag that is longer than this many times the usual one is a delay,
const LATE_TIMES: u32 = 4;
/// but never below this (trailing sweeps find late blobs up to 15 minutes after they appear),
const LATE_AT_LEAST: Duration = minutes(20);
/// and this while the usual lag is not known.
const LATE_WITHOUT_NORM: Duration = minutes(60);
/// A credential that ends within this is told.
pub(crate) const EXPIRING_WITHIN: Duration = days(30);
/// How long a listed blob can be had (Microsoft's reference: seven days).
pub(crate) const REACH: Duration = days(7);

/// Everything that holds of a stream, each with its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions([Option<Timestamp>; HealthState::ALL.len()]);

impl Conditions {
    /// The state: what comes first in precedence, and when it began.
    pub fn first(&self) -> (HealthState, Timestamp) {
        let found = self.iter().next();
        // One of the last three always holds.
        found.unwrap_or((HealthState::Ok, Timestamp::default()))
    }

    /// What is wrong besides the first, in the order of precedence.
    pub fn also(&self) -> impl Iterator<Item = HealthState> {
        self.iter().skip(1).map(|(state, _)| state).filter(|state| !state.is_well())
    }

    /// When a condition that holds began.
    pub fn began(&self, state: HealthState) -> Option<Timestamp> {
        self.0[state as usize]
    }

    fn iter(&self) -> impl Iterator<Item = (HealthState, Timestamp)> {
        HealthState::ALL.into_iter().filter_map(|state| Some((state, self.began(state)?)))
    }

    fn hold(&mut self, state: HealthState, began: Option<Timestamp>) {
        self.0[state as usize] = began;
    }
}

/// What a stream tells about its content type, for the comparison with other instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// It could be compared at all.
    pub judged: bool,
    /// Its content comes late.
    pub late: bool,
    /// Far fewer records than usual.
    pub quiet: bool,
    /// It gets server errors.
    pub failing: bool,
}

/// All conditions that hold of a stream.
pub fn judge(seen: &Observation<'_>, peers: Peers) -> Conditions {
    use HealthState::{
        AuditingOff, CredentialExpiring, CredentialFailed, DelayedByMicrosoft, New, Offline, Ok, OutputDown,
        PermissionMissing, QuarantinedItems, Silent, Throttled, WaitingForFirstData,
    };
    let mut held = Conditions::default();
    let confirmed = |kinds: &[FailureKind]| {
        let streaks = streaks(seen).filter(|streak| kinds.contains(&streak.kind) && streak.is_confirmed());
        streaks.map(|streak| streak.kind_since).min()
    };
    held.hold(CredentialFailed, confirmed(&[FailureKind::Credential, FailureKind::Configuration]));
    held.hold(PermissionMissing, confirmed(&[FailureKind::Permission]).or_else(|| stays_off(seen)));
    held.hold(AuditingOff, confirmed(&[FailureKind::AuditingOff]));
    held.hold(Offline, offline(seen));
    held.hold(OutputDown, output_down(seen));
    held.hold(QuarantinedItems, seen.quarantine.map(|quarantine| quarantine.since));
    let throttled = confirmed(&[FailureKind::Throttled]).or_else(|| held_back(seen));
    held.hold(Throttled, throttled.or_else(|| behind_for_throttling(seen)));
    held.hold(DelayedByMicrosoft, delayed(seen, peers));
    held.hold(Silent, silent(seen, peers));
    held.hold(CredentialExpiring, expiring(seen));
    let base = match (seen.last_success, seen.has_data || seen.newest_blob.is_some()) {
        (None, _) => New,
        (Some(_), false) => WaitingForFirstData,
        (Some(_), true) => Ok,
    };
    held.hold(base, Some(seen.watched_since));
    held
}

/// What the stream shows by itself, without its peers.
pub fn signs(seen: &Observation<'_>) -> Signs {
    let failing = service_failing(seen).is_some();
    let fresh = is_fresh(seen);
    Signs {
        judged: failing || (fresh && (seen.has_data || seen.newest_blob.is_some())),
        late: fresh && is_late(seen),
        quiet: fresh && seen.quiet.is_some(),
        failing,
    }
}

/// Those that go on: what has not been tried for long says nothing about now.
fn streaks<'a>(seen: &Observation<'a>) -> impl Iterator<Item = &'a Streak> {
    let now = seen.now;
    seen.failures.into_iter().flatten().filter(move |streak| now.since(streak.latest) < STALE_AFTER)
}

fn stays_off(seen: &Observation<'_>) -> Option<Timestamp> {
    streaks(seen)
        .filter(|streak| streak.kind == FailureKind::SubscriptionOff)
        .filter(|streak| streak.is_confirmed() && seen.now.since(streak.kind_since) >= SUBSCRIPTION_OFF_AFTER)
        .map(|streak| streak.kind_since)
        .min()
}

/// Nothing of the whole instance got through since the failures began.
fn offline(seen: &Observation<'_>) -> Option<Timestamp> {
    streaks(seen)
        .filter(|streak| streak.kind == FailureKind::Network && streak.times >= 2)
        .map(|streak| streak.since)
        .filter(|since| {
            seen.now.since((*since).max(seen.instance_success.unwrap_or(*since))) >= OFFLINE_AFTER
        })
        .min()
}

fn output_down(seen: &Observation<'_>) -> Option<Timestamp> {
    let down = seen.outputs.iter().map(|output| output.since);
    down.filter(|since| seen.now.since(*since) >= OUTPUT_DOWN_AFTER).min()
}

/// The quota lets nothing through and this stream waits for it. Its own refusals do not tell: pauses are long, and
/// of the streams that share a quota one at a time tries.
fn held_back(seen: &Observation<'_>) -> Option<Timestamp> {
    let refusal = seen.quota_refuses?;
    let edge = seen.listed.map_or(seen.watched_since, |span| span.to);
    let goes_on = seen.now.since(refusal.until) < HELD_BACK_AFTER;
    let is_long = seen.now.since(refusal.since) >= HELD_BACK_AFTER;
    let waits = seen.now.since(edge) >= HELD_BACK_AFTER + seen.poll_every;
    (goes_on && is_long && waits).then_some(refusal.since)
}

/// Some requests are refused, some go through, and it is too few of them.
fn behind_for_throttling(seen: &Observation<'_>) -> Option<Timestamp> {
    let throttled = seen.last_throttled.filter(|at| seen.now.since(*at) < THROTTLED_OF_LATE)?;
    let edge = seen.listed.map_or(seen.watched_since, |span| span.to);
    let is_behind = seen.now.since(edge) >= BEHIND + seen.poll_every;
    is_behind.then_some(throttled.min(edge))
}

fn delayed(seen: &Observation<'_>, peers: Peers) -> Option<Timestamp> {
    if let Some(since) = service_failing(seen) {
        return Some(since);
    }
    if !is_fresh(seen) {
        return None;
    }
    if is_late(seen) && (peers.others == 0 || peers.is_most(peers.late)) {
        return Some(seen.now - seen.lag.unwrap_or_default());
    }
    seen.quiet.filter(|_| peers.is_most(peers.quiet)).map(|quiet| quiet.since)
}

/// Subscriptions or listings fail, or all fetches of many blobs: one sick blob is not Microsoft's service.
fn service_failing(seen: &Observation<'_>) -> Option<Timestamp> {
    let [subscribe, list, fetch] = seen.failures;
    let fetch = fetch.filter(|streak| {
        seen.pending_blobs >= MANY_PENDING && seen.now.since(streak.since) >= FETCH_SERVICE_AFTER
    });
    streaks(&Observation { failures: [subscribe, list, fetch], ..seen.clone() })
        .filter(|streak| streak.kind == FailureKind::Service && streak.times >= 3)
        .map(|streak| streak.since)
        .filter(|since| seen.now.since(*since) >= SERVICE_AFTER)
        .min()
}

fn is_late(seen: &Observation<'_>) -> bool {
    let limit = seen.usual_lag.map_or(LATE_WITHOUT_NORM, |usual| (usual * LATE_TIMES).max(LATE_AT_LEAST));
    seen.lag.is_some_and(|lag| lag > limit)
}

fn silent(seen: &Observation<'_>, peers: Peers) -> Option<Timestamp> {
    let quiet = seen.quiet.filter(|_| is_fresh(seen) && seen.pending_blobs == 0)?;
    (!peers.is_most(peers.quiet)).then_some(quiet.since)
}

fn expiring(seen: &Observation<'_>) -> Option<Timestamp> {
    let told_from = seen.credential_ends?.at - EXPIRING_WITHIN;
    (told_from <= seen.now).then_some(told_from)
}

/// The newest content was asked for and listed of late: what is missing is not missing for our sake.
pub(crate) fn is_fresh(seen: &Observation<'_>) -> bool {
    let patience = seen.poll_every * 3 + minutes(10);
    seen.listed.is_some_and(|span| seen.now.since(span.to) <= patience)
}
