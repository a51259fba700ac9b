//! The Management Activity API.

use std::collections::HashMap;

use crate::config::Role;
use crate::login::{is_guid, token};
use crate::request_log::Operation;
use crate::response::SimResponse;
use crate::stream::Stream;
use crate::wire;
use crate::world::{Exchange, World};

mod blob;
pub(crate) mod errors;
mod listing;
pub(crate) use listing::{id_of, scale_unit};
mod page_token;
mod sensitive_types;
mod subscriptions;

/// A request of the API after its checks.
pub(crate) struct Call<'a, 'e> {
    pub(crate) exchange: &'a mut Exchange<'e>,
    /// Index of tenant and app.
    pub(crate) tenant: usize,
    /// Names in lower case.
    pub(crate) query: HashMap<String, String>,
}

impl Call<'_, '_> {
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The content type asked for, checked.
    pub(crate) fn stream(&self) -> Result<Stream, SimResponse> {
        let text = self.param("contenttype").ok_or_else(|| errors::missing("contentType"))?;
        Stream::parse(text).ok_or_else(|| errors::bad(20_020, "The specified content type is not valid."))
    }
}

pub(crate) fn answer(world: &mut World, exchange: &mut Exchange<'_>) -> SimResponse {
    let path = exchange.request.uri().path().to_owned();
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let Some((tenant_id, rest)) = feed_path(&segments) else {
        return SimResponse::html(404, "404 - File or directory not found.");
    };
    exchange.operation = operation(rest);
    let by_operation = match exchange.operation {
        Operation::Unknown => return SimResponse::html(404, "404 - File or directory not found."),
        operation => operation,
    };
    match admit(world, exchange, tenant_id) {
        Err(refused) => refused,
        Ok(tenant) => {
            let mut call = Call { query: query_of(exchange), exchange, tenant };
            run(world, &mut call, by_operation, rest)
        }
    }
}

fn run(world: &mut World, call: &mut Call<'_, '_>, operation: Operation, rest: &[&str]) -> SimResponse {
    if let Some(refused) = account(world, call) {
        return refused;
    }
    let failure = wire::failure(call.exchange, &world.config);
    // A lost answer does not mean that nothing happened: half of them come after the deed.
    let changes = matches!(operation, Operation::StartSubscription | Operation::StopSubscription);
    if let Some(failure) = failure {
        if changes && call.exchange.dice.below(2) == 0 {
            let _ = dispatch(world, call, operation, rest);
        }
        return failure;
    }
    dispatch(world, call, operation, rest).unwrap_or_else(|refused| refused)
}

fn dispatch(
    world: &mut World,
    call: &mut Call<'_, '_>,
    operation: Operation,
    rest: &[&str],
) -> Result<SimResponse, SimResponse> {
    match operation {
        Operation::StartSubscription => subscriptions::start(world, call),
        Operation::StopSubscription => subscriptions::stop(world, call),
        Operation::ListSubscriptions => Ok(subscriptions::list(world, call)),
        Operation::GetContents => listing::contents(world, call),
        Operation::GetNotifications => listing::notifications(world, call),
        Operation::GetSensitiveTypes => sensitive_types::answer(call),
        _ => blob::fetch(world, call, &rest[1..].join("/")),
    }
}

/// `api/v1.0/{tenant}/activity/feed/…` in any case; doubled slashes do not matter.
fn feed_path<'a, 's>(segments: &'s [&'a str]) -> Option<(&'a str, &'s [&'a str])> {
    let [api, version, tenant, activity, feed, rest @ ..] = segments else { return None };
    let known = api.eq_ignore_ascii_case("api")
        && (version.eq_ignore_ascii_case("v1.0") || version.eq_ignore_ascii_case("v1"))
        && activity.eq_ignore_ascii_case("activity")
        && feed.eq_ignore_ascii_case("feed");
    known.then_some((*tenant, rest))
}

fn operation(rest: &[&str]) -> Operation {
    let lower: Vec<String> = rest.iter().map(|part| part.to_ascii_lowercase()).collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["subscriptions", "start"] => Operation::StartSubscription,
        ["subscriptions", "stop"] => Operation::StopSubscription,
        ["subscriptions", "list"] => Operation::ListSubscriptions,
        ["subscriptions", "content"] => Operation::GetContents,
        ["subscriptions", "notifications"] => Operation::GetNotifications,
        ["resources", "dlpsensitivetypes"] => Operation::GetSensitiveTypes,
        ["audit", _, ..] => Operation::GetBlob,
        _ => Operation::Unknown,
    }
}

/// Checks the token, the tenant and the roles; gives the index of the app.
fn admit(world: &World, exchange: &mut Exchange<'_>, tenant_id: &str) -> Result<usize, SimResponse> {
    let expected = match exchange.operation {
        Operation::StartSubscription | Operation::StopSubscription => http::Method::POST,
        _ => http::Method::GET,
    };
    let header = exchange.request.headers().get(http::header::AUTHORIZATION);
    let bearer = header.and_then(|value| value.to_str().ok()).and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let claims = bearer
        .and_then(|token| token::read(token, world.config.seed, exchange.now))
        .ok_or_else(errors::unauthorized)?;
    let index = world
        .config
        .tenants
        .iter()
        .position(|tenant| tenant.tenant_id == claims.tenant_id && tenant.client_id == claims.client_id);
    exchange.tenant = index;
    let Some(index) = index else {
        return Err(errors::bad(
            20_011,
            &format!("Specified tenant ID ({tenant_id}) does not exist in the system or has been deleted."),
        ));
    };
    if world.config.tenants[index].misconfigured {
        return Err(errors::bad(
            20_012,
            &format!("Specified tenant ID ({tenant_id}) is incorrectly configured in the system."),
        ));
    }
    if !is_guid(tenant_id) {
        return Err(errors::bad(
            20_013,
            &format!("The tenant ID passed in the URL ({tenant_id}) is not a valid GUID."),
        ));
    }
    if !tenant_id.eq_ignore_ascii_case(&claims.tenant_id) {
        return Err(errors::bad(
            20_010,
            &format!(
                "The tenant ID passed in the URL ({tenant_id}) does not match the tenant ID passed in the access token ({}).",
                claims.tenant_id
            ),
        ));
    }
    let withdrawn = world.config.tenants[index].consent_withdrawn;
    let roles = if withdrawn { Vec::new() } else { claims.roles };
    if !roles.iter().any(|role| role == "ActivityFeed.Read") {
        return Err(errors::permission(&roles));
    }
    if *exchange.request.method() != expected {
        return Err(SimResponse::json_text(
            405,
            "{\"Message\":\"The requested resource does not support this http method.\"}".to_owned(),
        ));
    }
    Ok(index)
}

/// Whether the app may have what a stream needs.
pub(crate) fn check_stream_role(world: &World, tenant: usize, stream: Stream) -> Result<(), SimResponse> {
    let roles = &world.config.tenants[tenant].roles;
    let needs = stream == Stream::Dlp && world.config.feed.dlp_needs_read_dlp;
    if needs && !roles.contains(&Role::ActivityFeedReadDlp) {
        return Err(errors::permission(&["ActivityFeed.Read".to_owned()]));
    }
    Ok(())
}

/// Counts the request; an answer when the quota is used up.
fn account(world: &mut World, call: &mut Call<'_, '_>) -> Option<SimResponse> {
    let feed = world.config.feed.clone();
    let tenant_id = world.config.tenants[call.tenant].tenant_id.to_ascii_lowercase();
    let drawn = call.exchange.dice.chance(world.config.wire.throttle_rate);
    let publisher = call.param("publisheridentifier").filter(|text| is_guid(text)).map(str::to_owned);
    let now = call.exchange.now;
    let quota = world.quotas.entry(tenant_id).or_default();
    let within = quota.take(now, feed.quota_per_minute, feed.quota_window);
    let state = world.publish(call.tenant, now);
    state.accounts.requests += 1;
    state.accounts.without_publisher += u64::from(publisher.is_none());
    if within && !drawn {
        return None;
    }
    state.accounts.throttled += 1;
    Some(errors::throttled(&feed, call.exchange.operation, publisher.as_deref()))
}

/// Names in lower case: the real service does not care for case.
fn query_of(exchange: &Exchange<'_>) -> HashMap<String, String> {
    let query = exchange.request.uri().query().unwrap_or("");
    url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned()))
        .collect()
}
