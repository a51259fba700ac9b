//! What to do next, state by state, with the exact step where there is one.

use trailhound_model::{Timestamp, hours};

use super::streak_of;
use crate::observation::{CredentialKind, Observation, Peers};
use crate::state::HealthState;
use crate::streak::FailureKind;

const NEW_SECRET: &str = "In the Entra admin center: App registrations > the app > Certificates & secrets > New client \
    secret (or upload a new certificate), then put its value in the place of the old one. It is read anew for \
    every token: no restart is needed.";
const IDS: &str = "Compare `tenant_id`, `client_id` and `cloud` with the app's Overview page in the Entra admin \
    center, correct the configuration, and reload it (SIGHUP); `trailhound check` tries each step.";
const CONSENT: &str = "In the Entra admin center: App registrations > the app > API permissions > Add a permission > \
    Office 365 Management APIs > Application permissions > `ActivityFeed.Read` (for DLP.All also \
    `ActivityFeed.ReadDlp`), then `Grant admin consent`. It takes some minutes to be seen.";
const AUDITING: &str = "In the Purview portal: Solutions > Audit > `Start recording user and admin activity`; or in \
    Exchange Online PowerShell `Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true`, and \
    `Get-AdminAuditLogConfig` there shows it. It takes an hour or more; what happened meanwhile is recorded nowhere.";

pub(super) fn cure(state: HealthState, since: Timestamp, seen: &Observation<'_>, peers: Peers) -> String {
    match state {
        HealthState::New | HealthState::Ok => String::new(),
        HealthState::WaitingForFirstData => waiting(since, seen).to_owned(),
        HealthState::DelayedByMicrosoft => delayed(peers).to_owned(),
        HealthState::Throttled => {
            "Nothing is lost: it goes on by itself as fast as it may. If it stays, find the other \
             collectors of this tenant, or ask Microsoft's support for a higher quota and set \
             `requests_per_minute`."
                .to_owned()
        }
        HealthState::CredentialExpiring => expiring(seen),
        HealthState::CredentialFailed => credential(seen),
        HealthState::PermissionMissing => permission(seen),
        HealthState::AuditingOff => AUDITING.to_owned(),
        HealthState::OutputDown => output(seen),
        HealthState::QuarantinedItems => format!(
            "Read why with `trailhound state show --app {0}`, then have them fetched again: `trailhound app retry --app \
             {0}`. A restart does so too.",
            seen.instance
        ),
        HealthState::Silent => {
            "Ask whether people worked as usual. If they did, see that auditing is on (Purview portal > \
             Audit) and compare with a search there: what it finds and this stream lacks is a question for \
             Microsoft's support."
                .to_owned()
        }
        HealthState::Offline => offline(seen),
    }
}

fn waiting(since: Timestamp, seen: &Observation<'_>) -> &'static str {
    if seen.now.since(since) < hours(12) {
        "Nothing is to be done yet. A content type that nobody uses stays empty for good."
    } else {
        "If this content type is in use, search the audit log in the Purview portal for the same days: an empty \
         search means that nothing was recorded, a full one is a question for Microsoft's support."
    }
}

fn delayed(peers: Peers) -> &'static str {
    if peers.others == 0 {
        "Nothing is lost: it is collected when it comes, up to seven days late. See Service health in the Microsoft 365 \
         admin center."
    } else {
        "Nothing is lost: it is collected when it comes, up to seven days late. See Service health in the Microsoft 365 \
         admin center; a ticket there may name the other tenants that see it too."
    }
}

fn expiring(seen: &Observation<'_>) -> String {
    let update = match seen.credential_ends.map(|ends| ends.kind) {
        Some(CredentialKind::Configured) => " Then correct `secret_expires` as well.",
        _ => "",
    };
    let ended = seen.credential_ends.is_some_and(|ends| ends.at <= seen.now);
    let when = if ended { "At once" } else { "Before it ends" };
    format!("{when}: {}{update}", lower_first(NEW_SECRET))
}

fn credential(seen: &Observation<'_>) -> String {
    let kinds = [FailureKind::Credential, FailureKind::Configuration];
    let Some(streak) = streak_of(seen, &kinds) else { return NEW_SECRET.to_owned() };
    let step = if streak.kind == FailureKind::Configuration { IDS } else { NEW_SECRET };
    with_hint(&streak.hint, step)
}

fn permission(seen: &Observation<'_>) -> String {
    if streak_of(seen, &[FailureKind::Permission]).is_none()
        && let Some(streak) = streak_of(seen, &[FailureKind::SubscriptionOff])
    {
        return with_hint(
            &streak.hint,
            "Ask the tenant's administrators who disabled the subscription, and to enable it again.",
        );
    }
    CONSENT.to_owned()
}

fn output(seen: &Observation<'_>) -> String {
    let hints: Vec<String> =
        seen.outputs.iter().map(|output| format!("`{}`: {}.", output.name, output.hint)).collect();
    format!("{} Records are kept in the journal until then; watch the disk of `data_dir`.", hints.join(" "))
}

fn offline(seen: &Observation<'_>) -> String {
    let streak = streak_of(seen, &[FailureKind::Network]);
    let hint = streak.map_or("", |streak| streak.hint.as_str());
    let step = match streak.map_or("", |streak| streak.code.as_str()) {
        "dns" => "See whether this machine resolves the two host names of the cloud.",
        "tls" => "A proxy that inspects TLS needs its CA in `ca_file`.",
        "proxy" | "HTTP 407" => {
            "See whether the proxy of `proxy` (or HTTPS_PROXY) lives and lets both hosts through."
        }
        _ => "See whether the firewall lets this machine out to both hosts on port 443.",
    };
    with_hint(
        hint,
        &format!(
            "{step} `trailhound check` tries each step. What is published meanwhile is fetched later, up to seven days back."
        ),
    )
}

fn with_hint(hint: &str, step: &str) -> String {
    if hint.is_empty() { step.to_owned() } else { format!("{}. {step}", upper_first(hint)) }
}

fn upper_first(text: &str) -> String {
    change_first(text, |first| first.to_ascii_uppercase())
}

fn lower_first(text: &str) -> String {
    change_first(text, |first| first.to_ascii_lowercase())
}

fn change_first(text: &str, change: impl Fn(char) -> char) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| change(first).to_string() + letters.as_str())
}
