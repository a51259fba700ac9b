//! How far the server's clock is from ours.

use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use trailhound_env::Clock;

use crate::http_date;

/// The latest difference, server minus local.
#[derive(Default)]
pub(crate) struct Skew(Mutex<Option<i64>>);

impl Skew {
    pub(crate) fn millis(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes note of an answer's `Date`. It is cut to a second: half a second is added as the likeliest rest.
/// A difference below a second is none.
pub(crate) fn note_server_time(skew: &Skew, headers: &HeaderMap, clock: &dyn Clock) {
    let Some(server) = http_date::server_time(headers) else { return };
    let difference = server.as_millis() + 500 - clock.now().as_millis();
    let millis = if difference.abs() < 1_000 { 0 } else { difference };
    *skew.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(millis);
}
