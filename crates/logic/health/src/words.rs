//! What is said of a state: the cause (what happened, where, with numbers) and the cure (what to do next).

mod cures;
mod details;
mod time;

use trailhound_model::Timestamp;

pub use self::time::{ago, length};

use self::time::{count, minute};
use crate::judge::OFFLINE_AFTER;
use crate::observation::{CredentialKind, Observation, Peers};
use crate::state::HealthState;
use crate::streak::{FailureKind, Streak};

/// The words of one stream's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// What happened and where, with numbers; one sentence or two.
    pub cause: String,
    /// What to do next; empty when nothing is to be done.
    pub cure: String,
    /// What else is known, a line each.
    pub details: Vec<String>,
}

/// The words of a state that began at `since`, by what is seen now.
pub fn explain(state: HealthState, since: Timestamp, seen: &Observation<'_>, peers: Peers) -> Words {
    Words {
        cause: cause(state, since, seen, peers),
        cure: cures::cure(state, since, seen, peers),
        details: details::details(state, seen),
    }
}

fn cause(state: HealthState, since: Timestamp, seen: &Observation<'_>, peers: Peers) -> String {
    match state {
        HealthState::New => "Nothing has been tried yet.".to_owned(),
        HealthState::Ok => ok(seen),
        HealthState::WaitingForFirstData => waiting(since, seen),
        HealthState::DelayedByMicrosoft => delayed(since, seen, peers),
        HealthState::Throttled => throttled(since, seen),
        HealthState::CredentialExpiring => expiring(seen),
        HealthState::CredentialFailed | HealthState::PermissionMissing | HealthState::AuditingOff => {
            refused(state, since, seen)
        }
        HealthState::OutputDown => output_down(seen),
        HealthState::QuarantinedItems => quarantined(seen),
        HealthState::Silent => silent(seen, peers),
        HealthState::Offline => offline(since, seen),
    }
}

fn ok(seen: &Observation<'_>) -> String {
    match (seen.newest_blob, seen.lag) {
        (Some(newest), Some(lag)) => {
            format!(
                "Content comes {} after Microsoft made it; the newest is of {}.",
                length(lag),
                minute(newest)
            )
        }
        (Some(newest), None) => format!("Listings succeed; the newest content is of {}.", minute(newest)),
        (None, _) => "Listings succeed.".to_owned(),
    }
}

fn waiting(since: Timestamp, seen: &Observation<'_>) -> String {
    let listed = seen.listed.map_or_else(
        || "nothing is listed yet".to_owned(),
        |span| {
            let pages = count(seen.pages, "listing");
            format!(
                "{pages} proved that nothing was published from {} to {}",
                minute(span.from),
                minute(span.to)
            )
        },
    );
    let subscribed = match seen.subscribed_at {
        Some(_) => format!("The subscription is on and asked since {}", minute(since)),
        None => format!("Asked since {}", minute(since)),
    };
    format!(
        "{subscribed}; {listed}. Microsoft documents up to 12 hours from a subscription's first start to its first content."
    )
}

fn delayed(since: Timestamp, seen: &Observation<'_>, peers: Peers) -> String {
    let (stream, failing) = (seen.stream, streak_of(seen, &[FailureKind::Service]));
    if let Some(streak) = failing {
        let others = match peers.failing {
            0 if peers.others == 0 => String::new(),
            0 => format!(" The other {} of this content type get answers.", instances(peers.others)),
            some => format!(" {some} of {} others get server errors too: it is not us.", peers.others),
        };
        let tries = count(u64::from(streak.times), "call");
        return format!(
            "Microsoft's service answers with errors since {}: {tries} for {stream} failed, the latest to {}.{others}",
            minute(since),
            brief(&streak.what)
        );
    }
    let others = match peers.others {
        0 => "There is no other application to compare with, but each listing was made in time".to_owned(),
        others => {
            let same = peers.late.max(peers.quiet);
            format!("{same} of {others} other applications see the same, and each listing was made in time")
        }
    };
    match (seen.lag, seen.quiet) {
        (lag, Some(quiet)) if peers.is_most(peers.quiet) && !peers.is_most(peers.late) => {
            let lag = lag.map_or(String::new(), |lag| format!(" (the latest came {} late)", length(lag)));
            format!(
                "{stream} brought {} records since {} where {} are usual{lag}. {others}: it is not us.",
                quiet.seen,
                minute(quiet.since),
                quiet.expected
            )
        }
        (lag, _) => {
            let usual = seen.usual_lag.map_or(String::new(), |usual| format!(" (usually {})", length(usual)));
            format!(
                "Microsoft lists content of {stream} {} after its `contentCreated`{usual}. {others}: it is not us.",
                length(lag.unwrap_or_default())
            )
        }
    }
}

fn throttled(since: Timestamp, seen: &Observation<'_>) -> String {
    let edge = seen.listed.map_or_else(
        || "nothing is listed yet".to_owned(),
        |span| format!("listed up to {}, {}", minute(span.to), ago(span.to, seen.now)),
    );
    format!(
        "Microsoft refuses requests of application `{}` as too many since {}; {edge}. The quota is shared by all \
         collectors of the tenant.",
        seen.instance,
        minute(since)
    )
}

fn expiring(seen: &Observation<'_>) -> String {
    let Some(ends) = seen.credential_ends else { return String::new() };
    let says = match ends.kind {
        CredentialKind::Configured => "as `secret_expires` says",
        CredentialKind::Certificate => "as the certificate itself says",
    };
    if ends.at <= seen.now {
        return format!(
            "The credential of application `{}` ended on {}, {says}; Microsoft still accepts what it has given.",
            seen.instance,
            minute(ends.at)
        );
    }
    format!(
        "The credential of application `{}` ends in {}, on {}, {says}.",
        seen.instance,
        length(ends.at.since(seen.now)),
        minute(ends.at)
    )
}

fn refused(state: HealthState, since: Timestamp, seen: &Observation<'_>) -> String {
    let kinds: &[FailureKind] = match state {
        HealthState::CredentialFailed => &[FailureKind::Credential, FailureKind::Configuration],
        HealthState::AuditingOff => &[FailureKind::AuditingOff],
        _ => &[FailureKind::Permission, FailureKind::SubscriptionOff],
    };
    let Some(streak) = streak_of(seen, kinds) else {
        return format!("Refused since {}; not tried again yet since the start.", minute(since));
    };
    let tries = count(u64::from(streak.kind_times), "attempt");
    let last =
        seen.last_success.map_or(String::new(), |at| format!(" The last success was {}.", ago(at, seen.now)));
    format!(
        "Microsoft refuses application `{}` since {} ({tries}): failed to {}.{last}",
        seen.instance,
        minute(since),
        brief(&streak.what)
    )
}

fn output_down(seen: &Observation<'_>) -> String {
    let told = seen.outputs.iter().map(|output| {
        let last = output
            .last_success
            .map_or_else(|| "never since the start".to_owned(), |at| format!("last {}", ago(at, seen.now)));
        format!(
            "Output `{}` has taken nothing since {} ({last}): failed to {}. {} wait for it in the journal.",
            output.name,
            minute(output.since),
            brief(&output.what),
            count(output.backlog_chunks, "chunk")
        )
    });
    told.collect::<Vec<_>>().join(" ")
}

fn quarantined(seen: &Observation<'_>) -> String {
    let Some(quarantine) = seen.quarantine else { return String::new() };
    let verb = if quarantine.blobs == 1 { "stands" } else { "stand" };
    format!(
        "{} of {} failed too often and {verb} aside; the oldest is of {} and can be had until about {}.",
        count(quarantine.blobs, "blob"),
        seen.stream,
        minute(quarantine.oldest),
        minute(quarantine.oldest + crate::judge::REACH)
    )
}

fn silent(seen: &Observation<'_>, peers: Peers) -> String {
    let Some(quiet) = seen.quiet else { return String::new() };
    let others = match peers.others {
        0 => "There is no other application to compare with".to_owned(),
        others => format!("{} of {others} other applications are as quiet", peers.quiet),
    };
    format!(
        "{} brought {} records from {} to {}, where its own weeks bring about {}. Listings succeed. {others}.",
        seen.stream,
        quiet.seen,
        minute(quiet.since),
        minute(quiet.until),
        quiet.expected
    )
}

fn offline(since: Timestamp, seen: &Observation<'_>) -> String {
    let Some(streak) = streak_of(seen, &[FailureKind::Network]) else {
        return format!("Nothing of Microsoft's could be reached since {}.", minute(since));
    };
    let tries = count(u64::from(streak.times), "call");
    let patience = length(seen.now.since(since).max(OFFLINE_AFTER));
    format!(
        "No call for application `{}` has reached Microsoft for {patience} ({tries}, code `{}`): failed to {}.",
        seen.instance,
        streak.code,
        brief(&streak.what)
    )
}

/// The streak of one of these kinds that has lasted longest.
fn streak_of<'a>(seen: &Observation<'a>, kinds: &[FailureKind]) -> Option<&'a Streak> {
    let streaks = seen.failures.into_iter().flatten();
    streaks.filter(|streak| kinds.contains(&streak.kind)).min_by_key(|streak| streak.kind_since)
}

fn instances(number: u32) -> String {
    count(u64::from(number), "application")
}

/// Without the server's own long words, which the details have.
fn brief(what: &str) -> &str {
    what.split("; said:").next().unwrap_or(what)
}
