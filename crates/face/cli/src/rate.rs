//! Rates, smoothed a little so that a person can read them.

use std::time::Duration;

/// Least time between two measurements.
const STEP: Duration = Duration::from_secs(1);
/// Share of the newest measurement.
const WEIGHT: f64 = 0.5;

/// How fast a counter grows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    seen: Option<(Duration, u64)>,
    per_second: f64,
}

impl Rate {
    /// Takes the counter's value at a monotonic time; answers the rate per second.
    pub(crate) fn update(&mut self, now: Duration, value: u64) -> f64 {
        let Some((then, before)) = self.seen else {
            self.seen = Some((now, value));
            return 0.0;
        };
        let passed = now.saturating_sub(then);
        if passed >= STEP {
            let newest = value.saturating_sub(before) as f64 / passed.as_secs_f64();
            self.per_second += WEIGHT * (newest - self.per_second);
            self.seen = Some((now, value));
        }
        self.per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_counter_has_a_steady_rate() {
        let mut rate = Rate::default();
        for second in 0..30 {
            rate.update(Duration::from_secs(second), second * 500);
        }
        let now = rate.update(Duration::from_secs(30), 15_000);
        assert!((now - 500.0).abs() < 1.0, "{now}");
    }
}
