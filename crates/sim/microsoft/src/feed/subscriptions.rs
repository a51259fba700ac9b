//! `subscriptions/start`, `stop`, `list`.

use serde_json::{Value, json};
use trailhound_model::minutes;

use super::{Call, check_stream_role, errors};
use crate::calendar;
use crate::config::{StartEcho, StartSpacing};
use crate::response::SimResponse;
use crate::stream::Stream;
use crate::world::World;

pub(super) fn start(world: &mut World, call: &mut Call<'_, '_>) -> Result<SimResponse, SimResponse> {
    let stream = call.stream()?;
    check_stream_role(world, call.tenant, stream)?;
    let tenant = world.config.tenants[call.tenant].clone();
    if !tenant.auditing {
        let publisher = call.param("publisheridentifier").unwrap_or("").to_owned();
        let correlation = call.exchange.dice.guid();
        return Err(errors::auditing_off(
            &tenant.tenant_id,
            &tenant.client_id,
            &publisher,
            stream.name(),
            &correlation,
        ));
    }
    if tenant.disabled_streams.contains(&stream) {
        return Err(errors::bad(20_023, "The subscription was disabled by a tenant admin."));
    }
    let webhook = webhook(world, call)?;
    change(world, call, stream, webhook.clone())?;
    let sent = call.param("contenttype").unwrap_or(stream.name()).to_owned();
    let echo = match world.config.feed.start_echo {
        StartEcho::LowerCase => sent.to_ascii_lowercase(),
        StartEcho::AsSent => sent,
    };
    Ok(SimResponse::json(200, &json!({"contentType": echo, "status": "enabled", "webhook": webhook})))
}

fn change(
    world: &mut World,
    call: &Call<'_, '_>,
    stream: Stream,
    webhook: Option<Value>,
) -> Result<(), SimResponse> {
    let (config, now) = (world.config.clone(), call.exchange.now);
    let from_file = world.source.is_some() && !config.records.restamp;
    let state = world.publish(call.tenant, now);
    let Some(known) = state.subscriptions[stream.index()].as_mut() else {
        state.subscribe(stream, now, &config, from_file);
        if let Some(fresh) = state.subscriptions[stream.index()].as_mut() {
            fresh.webhook = webhook;
        }
        return Ok(());
    };
    if known.enabled && known.webhook == webhook {
        if config.feed.start_again_ok {
            return Ok(());
        }
        return Err(errors::bad(20_024, "The subscription is already enabled. No property change."));
    }
    let status = match config.feed.start_spacing {
        StartSpacing::Ignore => None,
        StartSpacing::BadRequest => Some(400),
        StartSpacing::Forbidden => Some(403),
    };
    if let Some(status) = status.filter(|_| now.since(known.started) < minutes(15)) {
        let text = "Too many requests. Method=StartSubscription: wait 15 minutes after a start request before another.";
        return Err(errors::error(status, "AF429", text));
    }
    if !known.enabled {
        known.enable(now);
    }
    known.webhook = webhook;
    Ok(())
}

/// The webhook of the body, checked.
fn webhook(world: &World, call: &Call<'_, '_>) -> Result<Option<Value>, SimResponse> {
    let body = call.exchange.request.body();
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let body: Value = serde_json::from_slice(body).map_err(|_| errors::wrong_type("webhook", "json"))?;
    let Some(address) = body["webhook"]["address"].as_str() else { return Ok(None) };
    let expiration = body["webhook"]["expiration"].as_str().unwrap_or("");
    if !expiration.is_empty() {
        let at = calendar::parse_query_time(expiration)
            .ok_or_else(|| errors::wrong_type("expiration", "datetime"))?;
        if at <= call.exchange.now {
            return Err(errors::bad(
                20_003,
                &format!("Expiration {expiration} provided is set to past date and time."),
            ));
        }
    }
    if !world.config.feed.webhooks_validate || !address.starts_with("https://") {
        return Err(errors::bad(
            20_021,
            &format!("The webhook endpoint ({address}) could not be validated."),
        ));
    }
    let auth = body["webhook"]["authId"].as_str().unwrap_or("");
    Ok(Some(json!({"authId": auth, "address": address, "expiration": expiration, "status": "enabled"})))
}

pub(super) fn stop(world: &mut World, call: &mut Call<'_, '_>) -> Result<SimResponse, SimResponse> {
    let stream = call.stream()?;
    let (now, status) = (call.exchange.now, world.config.feed.stop_status);
    let state = world.publish(call.tenant, now);
    let known = state.subscriptions[stream.index()].as_mut().ok_or_else(not_subscribed)?;
    if known.enabled {
        known.disable(now);
    }
    known.webhook = None;
    Ok(SimResponse::empty(status))
}

pub(super) fn list(world: &mut World, call: &Call<'_, '_>) -> SimResponse {
    let bare = world.config.feed.list_without_status;
    let disabled = world.config.tenants[call.tenant].disabled_streams.clone();
    let state = world.publish(call.tenant, call.exchange.now);
    let mut rows = Vec::new();
    for stream in Stream::ALL {
        let Some(known) = &state.subscriptions[stream.index()] else { continue };
        let enabled = known.enabled && !disabled.contains(&stream);
        let mut row = json!({"contentType": stream.name(), "webhook": known.webhook});
        if !bare {
            row["status"] = if enabled { "enabled" } else { "disabled" }.into();
        }
        rows.push(row);
    }
    SimResponse::json(200, &Value::Array(rows))
}

pub(super) fn not_subscribed() -> SimResponse {
    errors::bad(20_022, "No subscription found for the specified content type.")
}

/// AF20022 or AF20023 unless the stream is subscribed to now.
pub(super) fn check_enabled(
    world: &mut World,
    call: &Call<'_, '_>,
    stream: Stream,
) -> Result<(), SimResponse> {
    let by_admin = world.config.tenants[call.tenant].disabled_streams.contains(&stream);
    let state = world.publish(call.tenant, call.exchange.now);
    let known = state.subscriptions[stream.index()].as_ref().ok_or_else(not_subscribed)?;
    if !known.enabled || by_admin {
        return Err(errors::bad(20_023, "The subscription was disabled."));
    }
    Ok(())
}
