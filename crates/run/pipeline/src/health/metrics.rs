//! Health in `/metrics`.

use metrics::{Unit, describe_gauge, gauge};
use trailhound_health::HealthState;
use trailhound_model::StreamKey;

const HEALTH: &str = "trailhound_stream_health";
const UNHEALTHY: &str = "trailhound_unhealthy_streams";
const BY_STATE: &str = "trailhound_streams";
const CLOCK: &str = "trailhound_clock_offset_seconds";

/// Names, units and help texts.
pub(crate) fn describe() {
    describe_gauge!(
        HEALTH,
        Unit::Count,
        "1 for the state that a stream is in, 0 for those that it was in before"
    );
    describe_gauge!(
        UNHEALTHY,
        Unit::Count,
        "Streams that are neither ok, nor new, nor waiting for first data"
    );
    describe_gauge!(BY_STATE, Unit::Count, "Streams by state of health");
    describe_gauge!(CLOCK, Unit::Seconds, "Microsoft's clock minus this machine's, as answers tell it");
    gauge!(UNHEALTHY).set(0.0);
}

/// A stream is in `state`, and no longer in `before`.
pub(super) fn stream(key: &StreamKey, before: Option<HealthState>, state: HealthState) {
    let of = |state: HealthState| {
        let labels = [
            ("application", key.instance.to_string()),
            ("stream", key.stream.to_string()),
            ("state", state.word().to_owned()),
        ];
        gauge!(HEALTH, &labels)
    };
    if let Some(before) = before.filter(|before| *before != state) {
        of(before).set(0.0);
    }
    of(state).set(1.0);
}

/// How many streams are in which state, in the order of [`HealthState::ALL`].
pub(super) fn streams(counts: &[u64; HealthState::ALL.len()]) {
    let unhealthy = HealthState::ALL.iter().zip(counts).filter(|(state, _)| !state.is_well());
    gauge!(UNHEALTHY).set(unhealthy.map(|(_, count)| *count).sum::<u64>() as f64);
    for (state, count) in HealthState::ALL.iter().zip(counts) {
        gauge!(BY_STATE, "state" => state.word()).set(*count as f64);
    }
}

/// Microsoft's clock minus this machine's.
pub(super) fn clock(offset_millis: i64) {
    gauge!(CLOCK).set(offset_millis as f64 / 1_000.0);
}
