//! What happens to requests and answers on their way.

use std::cell::RefCell;
use std::time::Duration;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};
use trailhound_model::Timestamp;

use crate::config::{Coding, SimConfig};
use crate::feed::errors;
use crate::request_log::Operation;
use crate::response::{BodyPart, SimResponse};
use crate::world::{Exchange, api_headers};

/// A failure in place of the answer, drawn by the rates.
pub(crate) fn failure(exchange: &mut Exchange<'_>, config: &SimConfig) -> Option<SimResponse> {
    let wire = &config.wire;
    let mut drawn = exchange.dice.unit();
    let rates: [(f64, fn() -> SimResponse); 7] = [
        (wire.error_rate, errors::internal),
        (wire.unavailable_rate, || SimResponse::empty(503)),
        (wire.request_timeout_rate, || SimResponse::empty(408)),
        (wire.html_rate, || SimResponse::html(502, "Bad gateway")),
        (wire.unauthorized_rate, errors::unauthorized),
        // After the older ones, so that worlds without it draw as before.
        (wire.portal_rate, portal),
        (wire.reset_rate, SimResponse::reset),
    ];
    for (rate, make) in rates {
        if drawn < rate {
            return Some(make());
        }
        drawn -= rate;
    }
    None
}

/// What somebody in between answers in Microsoft's place.
pub(crate) fn portal() -> SimResponse {
    SimResponse::html(200, "Sign in to the network")
}

/// Latency, headers, content coding, and harm to bodies.
pub(crate) fn finish(exchange: &mut Exchange<'_>, config: &SimConfig, response: &mut SimResponse) {
    let wire = &config.wire;
    let (low, high) = (i64::from(wire.latency_ms_min), i64::from(wire.latency_ms_max) + 1);
    let latency = exchange.dice.between(low, high);
    response.latency = Duration::from_millis(u64::try_from(latency).unwrap_or(0));
    let correlation = exchange.dice.guid();
    let date = Timestamp::from_millis(exchange.now.as_millis() + wire.date_skew_seconds * 1_000);
    api_headers(response, &correlation, date);
    if response.reset || response.body.is_empty() {
        return;
    }
    if wire.coding == Coding::Gzip && accepts_gzip(exchange) {
        compress(response);
    }
    if wire.chunked {
        response.chunked = true;
        response.headers.remove(http::header::CONTENT_LENGTH);
    }
    let is_content = matches!(exchange.operation, Operation::GetBlob | Operation::GetContents);
    if is_content && response.status.is_success() {
        harm(exchange, config, response);
    }
}

fn harm(exchange: &mut Exchange<'_>, config: &SimConfig, response: &mut SimResponse) {
    let wire = &config.wire;
    let whole = response.bytes();
    if exchange.dice.chance(wire.truncated_rate) && whole.len() > 1 {
        let end = 1 + exchange.dice.index(whole.len() - 1);
        response.body = vec![BodyPart::Data(whole.slice(..end)), BodyPart::Cut];
    } else if exchange.dice.chance(wire.slow_rate) {
        response.body = slow(&whole, wire.slow_pieces, Duration::from_millis(u64::from(wire.slow_pause_ms)));
    }
}

fn slow(whole: &Bytes, pieces: u32, pause: Duration) -> Vec<BodyPart> {
    let size = whole.len().div_ceil(pieces.max(1) as usize).max(1);
    let mut parts = Vec::new();
    for start in (0..whole.len()).step_by(size) {
        parts.push(BodyPart::Pause(pause));
        parts.push(BodyPart::Data(whole.slice(start..whole.len().min(start + size))));
    }
    parts
}

fn accepts_gzip(exchange: &Exchange<'_>) -> bool {
    let mut values = exchange.request.headers().get_all(http::header::ACCEPT_ENCODING).into_iter();
    values.any(|value| value.to_str().is_ok_and(|text| text.to_ascii_lowercase().contains("gzip")))
}

/// A shorter answer goes as it is, as from most servers: packing it would gain nothing.
const PACKED_FROM_BYTES: usize = 512;

thread_local! {
    /// Making one costs more than most answers.
    static PACKER: RefCell<Compress> = RefCell::new(Compress::new_gzip(Compression::fast(), 15));
}

fn compress(response: &mut SimResponse) {
    let plain = response.bytes();
    if plain.len() < PACKED_FROM_BYTES {
        return;
    }
    let mut packed = Vec::with_capacity(plain.len() + 1_024);
    let packing = PACKER.with_borrow_mut(|packer| {
        packer.reset();
        packer.compress_vec(&plain, &mut packed, FlushCompress::Finish)
    });
    // What packing would make longer goes as it is.
    let Ok(Status::StreamEnd) = packing else { return };
    response.headers.insert(http::header::CONTENT_LENGTH, packed.len().into());
    response.headers.insert(http::header::CONTENT_ENCODING, http::HeaderValue::from_static("gzip"));
    response.body = vec![BodyPart::Data(Bytes::from(packed))];
}
