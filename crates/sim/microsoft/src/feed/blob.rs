//! Fetching a blob.

use trailhound_model::minutes;

use super::{Call, check_stream_role, errors};
use crate::config::{Quirk, Role};
use crate::content_id;
use crate::response::SimResponse;
use crate::world::World;

pub(super) fn fetch(
    world: &mut World,
    call: &mut Call<'_, '_>,
    id: &str,
) -> Result<SimResponse, SimResponse> {
    let id = id.replace("%24", "$");
    let malformed = || errors::bad(20_052, &format!("Blob key {id} in the url is invalid"));
    let unknown_status = world.config.feed.unknown_blob_status;
    let unknown =
        || errors::error(unknown_status, "AF20050", &format!("The specified content ({id}) does not exist."));
    let expired = || {
        errors::bad(
            20_051,
            &format!(
                "Content requested with the key {id} has already expired. Content older than 7 days cannot be retrieved."
            ),
        )
    };
    let parts = content_id::read(&id).ok_or_else(malformed)?;
    check_stream_role(world, call.tenant, parts.stream)?;
    super::subscriptions::check_enabled(world, call, parts.stream)?;
    let now = call.exchange.now;
    let without_values = !world.config.tenants[call.tenant].roles.contains(&Role::ActivityFeedReadDlp);
    let source = world.source.clone();
    let state = world.publish(call.tenant, now);
    let shelf = &state.shelves[parts.stream.index()];
    let (index, row) = shelf.find(parts.first, parts.tag, minutes(20)).ok_or_else(unknown)?;
    match row.quirk {
        Quirk::ExpiredEarly => return Err(expired()),
        Quirk::Unknown => return Err(unknown()),
        Quirk::Malformed => return Err(malformed()),
        Quirk::Poison => return Err(errors::internal()),
        _ => {}
    }
    let subscription = state.subscriptions[parts.stream.index()].as_ref();
    if row.visible > now || !subscription.is_some_and(|known| known.sees(row.created)) {
        return Err(unknown());
    }
    if now >= row.expires {
        return Err(expired());
    }
    let numbers = if (parts.first, parts.last) == (row.created, row.last) {
        0..row.count()
    } else {
        let inside = |n: &u32| (parts.first..=parts.last).contains(&row.row_time(*n));
        let first = (0..row.count()).find(inside).ok_or_else(unknown)?;
        first..(first..row.count()).take_while(inside).last().map_or(first, |last| last + 1)
    };
    let body = state.maker(parts.stream, source.as_ref(), without_values).body(index, numbers);
    Ok(SimResponse::json_text(200, body))
}
