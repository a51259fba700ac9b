//! `subscriptions/content`, and `notifications` with the same rules.

use serde_json::{Value, json};
use trailhound_model::{Timestamp, hours, minutes};

use super::page_token::PageToken;
use super::subscriptions::check_enabled;
use super::{Call, check_stream_role, errors};
use crate::calendar;
use crate::config::{ContentIdForm, FeedSwitches, LongWindow, PageForm, Quirk, WindowCode};
use crate::content_id::{self, IdParts};
use crate::login::is_guid;
use crate::response::SimResponse;
use crate::shelf::BlobRow;
use crate::stream::Stream;
use crate::tenant_state::TenantState;
use crate::world::World;

/// A blob, or the part of it that a window's edges leave.
struct Listed<'a> {
    row: &'a BlobRow,
    first: Timestamp,
    last: Timestamp,
    visible: Timestamp,
}

pub(super) fn contents(world: &mut World, call: &mut Call<'_, '_>) -> Result<SimResponse, SimResponse> {
    let stream = call.stream()?;
    check_stream_role(world, call.tenant, stream)?;
    check_enabled(world, call, stream)?;
    let page = first_or_next(world, call)?;
    let feed = world.config.feed.clone();
    let tenant_id = world.config.tenants[call.tenant].tenant_id.clone();
    let seed = world.config.seed;
    if call.exchange.dice.chance(feed.empty_page_rate) && !page.after_empty {
        let next = PageToken { after_empty: true, ..page };
        let uri = next_uri(call, &feed, &tenant_id, stream, &next, seed);
        return Ok(SimResponse::json_text(200, "[]".to_owned()).with_header("nextpageuri", &uri));
    }
    let state = world.publish(call.tenant, call.exchange.now);
    let listed = listed(state, stream, &page, feed.cut_blobs_at_window_edges);
    let end = listed.len().min(page.position.saturating_add(feed.page_size_blobs));
    let shown = &listed[page.position.min(end)..end];
    let unit = scale_unit(&tenant_id);
    let mut rows: Vec<Value> = shown
        .iter()
        .map(|blob| element(blob, stream, &call.exchange.root, &tenant_id, &feed, unit))
        .collect();
    if feed.shuffle_page {
        for at in (1..rows.len()).rev() {
            rows.swap(at, call.exchange.dice.index(at + 1));
        }
    }
    let response = SimResponse::json(200, &Value::Array(rows));
    if end >= listed.len() {
        return Ok(response);
    }
    let next = PageToken { position: end, after_empty: false, ..page };
    let uri = next_uri(call, &feed, &tenant_id, stream, &next, seed);
    Ok(response.with_header("nextpageuri", &uri))
}

/// There is no webhook, so there is no history of notifications.
pub(super) fn notifications(world: &mut World, call: &mut Call<'_, '_>) -> Result<SimResponse, SimResponse> {
    let stream = call.stream()?;
    check_stream_role(world, call.tenant, stream)?;
    check_enabled(world, call, stream)?;
    first_or_next(world, call)?;
    Ok(SimResponse::json_text(200, "[]".to_owned()))
}

fn first_or_next(world: &World, call: &Call<'_, '_>) -> Result<PageToken, SimResponse> {
    let now = call.exchange.now;
    if let Some(text) = call.param("nextpage") {
        let invalid = || errors::bad(20_031, "Invalid nextPage Input.");
        let token = PageToken::read(text, world.config.seed).ok_or_else(invalid)?;
        let life = u64::from(world.config.feed.page_token_life_seconds);
        if life > 0 && now.since(token.snapshot).as_secs() >= life {
            return Err(invalid());
        }
        return Ok(token);
    }
    let (from, to) = window(call, now, &world.config.feed)?;
    Ok(PageToken { from, to, snapshot: now, position: 0, after_empty: false })
}

/// The window asked for, by the rules; the last 24 hours if none is named.
fn window(
    call: &Call<'_, '_>,
    now: Timestamp,
    feed: &FeedSwitches,
) -> Result<(Timestamp, Timestamp), SimResponse> {
    let time = |name: &str, shown: &str| -> Result<Option<Timestamp>, SimResponse> {
        let Some(text) = call.param(name) else { return Ok(None) };
        calendar::parse_query_time(text).map(Some).ok_or_else(|| errors::wrong_type(shown, "datetime"))
    };
    let (from, to) = match (time("starttime", "startTime")?, time("endtime", "endTime")?) {
        (None, None) => return Ok((now - hours(24), now)),
        (Some(from), Some(to)) => (from, to),
        _ => return Err(broken_window(feed)),
    };
    let oldest = now - minutes(u64::from(feed.oldest_start_minutes));
    if from >= to || from < oldest {
        return Err(broken_window(feed));
    }
    if to.since(from) <= hours(24) {
        return Ok((from, to));
    }
    match feed.long_window {
        LongWindow::Refuse => Err(broken_window(feed)),
        LongWindow::Partial => Ok((from, from + hours(24))),
    }
}

fn broken_window(feed: &FeedSwitches) -> SimResponse {
    let text = "Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, with the start time prior to end time and start time no more than 7 days in the past.";
    match feed.window_code {
        WindowCode::Af20055 => errors::bad(20_055, text),
        WindowCode::Af20030 => errors::bad(20_030, text),
    }
}

/// The window's blobs that were visible at the snapshot, in the order of their appearance.
fn listed<'a>(state: &'a TenantState, stream: Stream, page: &PageToken, cut: bool) -> Vec<Listed<'a>> {
    let Some(subscription) = &state.subscriptions[stream.index()] else { return Vec::new() };
    let shelf = &state.shelves[stream.index()];
    // A blob that began before the window can have rows inside it.
    let reach = if cut { minutes(20) } else { minutes(0) };
    let rows = shelf.between(page.from - reach, page.to);
    let mut listed: Vec<Listed<'a>> = rows
        .filter(|(_, row)| subscription.sees(row.created))
        .filter_map(|(_, row)| {
            let visible = row.visible.max(subscription.ready);
            let (first, last) = if cut { edges(row, page)? } else { (row.created, row.last) };
            (visible <= page.snapshot).then_some(Listed { row, first, last, visible })
        })
        .collect();
    listed.sort_by_key(|blob| (blob.visible, blob.first));
    listed
}

/// First and last row time within the window, if there is any row.
fn edges(row: &BlobRow, page: &PageToken) -> Option<(Timestamp, Timestamp)> {
    if row.created >= page.from && row.last < page.to {
        return Some((row.created, row.last));
    }
    let inside = |at: &Timestamp| *at >= page.from && *at < page.to;
    let times: Vec<Timestamp> = (0..row.count()).map(|n| row.row_time(n)).filter(inside).collect();
    Some((*times.first()?, *times.last()?))
}

fn element(
    blob: &Listed<'_>,
    stream: Stream,
    root: &str,
    tenant_id: &str,
    feed: &FeedSwitches,
    unit: &str,
) -> Value {
    let id = id_of(blob.row, (blob.first, blob.last), stream, feed.content_id_form, unit);
    let foreign = format!("https://{}", feed.hostile_host);
    let root = if blob.row.quirk == Quirk::HostileUri { &foreign } else { root };
    json!({
        "contentUri": format!("{root}/api/v1.0/{tenant_id}/activity/feed/audit/{id}"),
        "contentId": id,
        "contentType": stream.name(),
        "contentCreated": calendar::with_millis(blob.first),
        "contentExpiration": calendar::with_millis(blob.row.expires),
    })
}

pub(crate) fn id_of(
    row: &BlobRow,
    (first, last): (Timestamp, Timestamp),
    stream: Stream,
    form: ContentIdForm,
    unit: &str,
) -> String {
    content_id::write(&IdParts { first, last, tag: row.tag, stream }, form, unit)
}

/// The part of the service that a tenant lives in.
pub(crate) fn scale_unit(tenant_id: &str) -> &'static str {
    const UNITS: [&str; 5] = ["na0014", "na0020", "na0030", "emea0036", "emea9037"];
    UNITS[usize::from(tenant_id.bytes().fold(0u8, u8::wrapping_add)) % UNITS.len()]
}

fn next_uri(
    call: &mut Call<'_, '_>,
    feed: &FeedSwitches,
    tenant_id: &str,
    stream: Stream,
    next: &PageToken,
    seed: u64,
) -> String {
    let form = match feed.page_form {
        PageForm::Mixed if call.exchange.dice.below(2) == 0 => PageForm::CamelCase,
        PageForm::Mixed => PageForm::LowerCase,
        form => form,
    };
    let version = if form == PageForm::Reference { "v1" } else { "v1.0" };
    let names = if form == PageForm::LowerCase {
        ["contenttype", "starttime", "endtime", "nextpage"]
    } else {
        ["contentType", "startTime", "endTime", "nextPage"]
    };
    let root = if call.exchange.dice.chance(feed.hostile_next_page_rate) {
        format!("https://{}", feed.hostile_host)
    } else {
        call.exchange.root.clone()
    };
    debug_assert!(is_guid(tenant_id));
    format!(
        "{root}/api/{version}/{tenant_id}/activity/feed/subscriptions/content?{}={}&{}={}&{}={}&{}={}",
        names[0],
        stream.name(),
        names[1],
        calendar::with_millis(next.from),
        names[2],
        calendar::with_millis(next.to),
        names[3],
        next.write(seed)
    )
}
