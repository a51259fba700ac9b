//! The preconditions of one instance: network, clock, credential, roles, subscriptions, auditing, quota.

use bytes::Bytes;
use http::Request;
use trailhound_env::Clock;
use trailhound_microsoft::{ApiError, ContentType, Reaction, TokenInfo};
use trailhound_model::{Span, Timestamp, days, minutes};

use super::{Finding, Verdict};
use crate::site::SiteInstance;

/// A clock that is off by more than this is worth a word, in milliseconds.
const CLOCK_WARNING_MILLIS: u64 = 30_000;
/// Beyond this, certificates and time windows fail, in milliseconds.
const CLOCK_FAILURE_MILLIS: u64 = 300_000;
/// An end of the credential nearer than this is worth a word.
const EXPIRY_WARNING: std::time::Duration = days(30);

/// Tries everything, in the order in which one thing needs the other; stops where the next cannot work.
///
/// A subscription that is off is started, as a collection would: only the answer to a start tells whether
/// auditing is switched on.
pub async fn check_instance(instance: &SiteInstance, clock: &dyn Clock) -> Vec<Finding> {
    let mut findings = run_checks(instance, clock).await;
    for finding in &mut findings {
        finding.instance = Some(instance.settings.name.clone());
    }
    findings
}

async fn run_checks(instance: &SiteInstance, clock: &dyn Clock) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (host, url) in [("login", &instance.endpoints.login), ("API", &instance.endpoints.api)] {
        findings.push(reach(instance, host, url.as_str()).await);
    }
    if findings.iter().any(|finding| finding.verdict == Verdict::Failed) {
        return findings;
    }
    findings.extend(expiry(instance, clock.now()));
    let token = instance.client.token_info().await;
    findings.extend(instance.client.clock_offset_millis().map(clock_finding));
    let token = match token {
        Ok(token) => token,
        Err(error) => {
            findings.push(failed("token", &error));
            return findings;
        }
    };
    findings.push(Finding::ok("token", format!("a token was issued, good until {}", token.expires_at)));
    findings.extend(roles(instance, &token));
    // What fails for want of a role has been told: only the other streams are tried.
    let permitted: Vec<ContentType> = known(instance)
        .filter(|stream| stream.required_roles().iter().all(|role| has(&token, role)))
        .collect();
    if !permitted.is_empty() {
        findings.extend(streams(instance, &permitted, clock.now()).await);
    }
    findings
}

async fn reach(instance: &SiteInstance, host: &str, url: &str) -> Finding {
    let way = match &instance.settings.proxy {
        Some(proxy) => format!("through proxy {proxy}"),
        None => "directly or as the environment's proxy settings say".to_owned(),
    };
    let Ok(request) = Request::get(url).body(Bytes::new()) else {
        return Finding::new("network", Verdict::Failed, format!("`{url}` is not an address"), "correct it");
    };
    match instance.transport.send(request).await {
        Ok(_) => Finding::ok("network", format!("the {host} host answers at {url} ({way})")),
        Err(error) => Finding::new(
            "network",
            Verdict::Failed,
            format!("the {host} host cannot be reached at {url} ({way}): {error}"),
            "check the name, the firewall, `proxy` (or HTTPS_PROXY) and `ca_file` of this application",
        ),
    }
}

fn clock_finding(offset_millis: i64) -> Finding {
    let seconds = offset_millis as f64 / 1000.0;
    match offset_millis.unsigned_abs() {
        off if off > CLOCK_FAILURE_MILLIS => Finding::new(
            "clock",
            Verdict::Warning,
            format!(
                "this machine's clock differs from Microsoft's by {seconds:.0} s; windows are corrected for it"
            ),
            "set the clock (NTP); a certificate credential may be refused until then",
        ),
        off if off > CLOCK_WARNING_MILLIS => Finding::new(
            "clock",
            Verdict::Warning,
            format!("this machine's clock differs from Microsoft's by {seconds:.0} s"),
            "set the clock (NTP)",
        ),
        _ => Finding::ok("clock", "this machine's clock agrees with Microsoft's"),
    }
}

fn expiry(instance: &SiteInstance, now: Timestamp) -> Option<Finding> {
    let ends = instance.settings.secret_expires?;
    let hint =
        "make a new secret or certificate in Entra now, then put it in place: it is read anew for each token";
    Some(if ends <= now {
        Finding::new("expiry", Verdict::Warning, format!("the credential ended at {ends}"), hint)
    } else if ends.since(now) < EXPIRY_WARNING {
        let left = ends.since(now).as_secs() / 86_400;
        Finding::new(
            "expiry",
            Verdict::Warning,
            format!("the credential ends in {left} days, at {ends}"),
            hint,
        )
    } else {
        Finding::ok("expiry", format!("the credential is good until {ends}"))
    })
}

fn roles(instance: &SiteInstance, token: &TokenInfo) -> Vec<Finding> {
    let mut needed: Vec<&str> = Vec::new();
    for stream in known(instance) {
        needed.extend(stream.required_roles().iter().copied());
    }
    needed.sort_unstable();
    needed.dedup();
    needed
        .into_iter()
        .map(|role| {
            if has(token, role) {
                return Finding::ok("roles", format!("the token carries `{role}`"));
            }
            let mut finding = Finding::new(
                "roles",
                Verdict::Failed,
                format!("the token does not carry the application permission `{role}`"),
                format!(
                    "in Entra, add the *application* permission `{role}` of `Office 365 Management APIs` to the app and grant admin consent; it can take some minutes"
                ),
            );
            finding.access = true;
            finding
        })
        .collect()
}

fn has(token: &TokenInfo, role: &str) -> bool {
    token.roles.iter().any(|has| has == role)
}

fn known(instance: &SiteInstance) -> impl Iterator<Item = ContentType> {
    instance.settings.streams.iter().filter_map(|stream| ContentType::parse(stream.as_str()))
}

async fn streams(instance: &SiteInstance, permitted: &[ContentType], now: Timestamp) -> Vec<Finding> {
    let subscriptions = match instance.client.subscriptions().await {
        Ok(subscriptions) => subscriptions,
        Err(error) => return vec![failed("subscriptions", &error)],
    };
    let mut findings = Vec::new();
    let mut listable = Vec::new();
    let mut started = false;
    for &stream in permitted {
        let name = stream.as_str();
        if subscriptions.iter().any(|s| s.enabled && s.known == Some(stream)) {
            listable.push((stream, format!("{name} is enabled")));
            continue;
        }
        match instance.client.start(stream).await {
            Ok(_) => {
                started = true;
                listable.push((stream, format!("{name} was off and is started now")));
            }
            Err(error) if error.reaction == Reaction::AuditingOff => {
                findings.push(failed("auditing", &error));
                return findings;
            }
            Err(error) => findings.push(failed_stream(stream, &error)),
        }
    }
    if !listable.is_empty() {
        findings.extend(listings(instance, listable, started, now).await);
    }
    findings
}

/// Lists a minute of each stream: a refusal is that stream's own, and throttling the tenant's.
async fn listings(
    instance: &SiteInstance,
    streams: Vec<(ContentType, String)>,
    started: bool,
    now: Timestamp,
) -> Vec<Finding> {
    let minute = Span { from: now - minutes(1), to: now };
    let mut findings = Vec::new();
    let mut quota = Finding::ok("quota", "content can be listed, and requests are not throttled");
    let (mut listed, mut has_content) = (false, false);
    for (stream, is_on) in streams {
        match instance.client.list(stream, minute).await {
            Ok(page) => {
                listed = true;
                has_content |= !page.blobs.is_empty();
            }
            Err(error) if error.reaction == Reaction::Throttled => quota = failed("quota", &error),
            Err(error) => {
                findings.push(failed_stream(stream, &error));
                continue;
            }
        }
        findings.push(Finding::ok("subscriptions", is_on));
    }
    if listed {
        findings.push(auditing(started, has_content));
    }
    if listed || quota.verdict != Verdict::Ok {
        findings.push(quota);
    }
    findings
}

/// Microsoft refuses a start while auditing is off, and nothing else: a listing works all the same.
fn auditing(started: bool, has_content: bool) -> Finding {
    let told = match (started, has_content) {
        (true, _) => "auditing is switched on: Microsoft has just started a subscription",
        (false, true) => "audit records are being made: there is content of the last minute",
        (false, false) => {
            "nothing says that auditing is off; whether it is on shows with the next record, or in Microsoft Purview"
        }
    };
    Finding::ok("auditing", told)
}

fn failed_stream(stream: ContentType, error: &ApiError) -> Finding {
    let mut finding = failed("subscriptions", error);
    finding.what = format!("{}: {}", stream.as_str(), finding.what);
    finding
}

fn failed(item: &'static str, error: &ApiError) -> Finding {
    let mut finding = Finding::new(item, Verdict::Failed, format!("failed to {error}"), error.hint());
    finding.link = error.link;
    finding.access = error.is_credentials() || error.reaction == Reaction::Configuration;
    finding
}
