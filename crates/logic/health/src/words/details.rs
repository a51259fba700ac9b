//! What else is known of a stream, a line each.

use super::time::{ago, count, length, minute};
use crate::observation::Observation;
use crate::state::HealthState;

/// Longest failure that is repeated, in characters.
const MAX_FAILURE_CHARACTERS: usize = 400;

pub(super) fn details(state: HealthState, seen: &Observation<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(at) = seen.last_success {
        lines.push(format!("last success {}", ago(at, seen.now)));
    }
    if let Some(span) = seen.listed {
        lines.push(format!("listed from {} to {}", minute(span.from), minute(span.to)));
    }
    if seen.pending_blobs > 0 {
        lines.push(format!("{} listed and not yet fetched", count(seen.pending_blobs, "blob")));
    }
    if let (Some(lag), true) = (seen.lag, state != HealthState::Ok) {
        let usual = seen.usual_lag.map_or(String::new(), |usual| format!(", usually {}", length(usual)));
        lines.push(format!("latest lag {}{usual}", length(lag)));
    }
    for streak in seen.failures.into_iter().flatten() {
        let what: String = streak.what.chars().take(MAX_FAILURE_CHARACTERS).collect();
        let times = count(u64::from(streak.times), "failure");
        lines.push(format!(
            "{times} in a row since {}, the latest (`{}`): {what}",
            minute(streak.since),
            streak.code
        ));
    }
    lines
}
