//! A wrong clock is said once, and once when it is right again.

/// Beyond this the difference is told, and planning is corrected for it (see `stream/context.rs`), in
/// milliseconds.
const TOLD_BEYOND_MILLIS: u64 = 30_000;
/// Below this it is well again, in milliseconds.
const WELL_BELOW_MILLIS: u64 = 15_000;

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    is_told: bool,
}

impl ClockWatch {
    /// Takes the measurements of all instances (Microsoft's time minus this machine's, in milliseconds), says what
    /// is new, and answers the middle one.
    pub(super) fn look(&mut self, mut offsets: Vec<i64>) -> Option<i64> {
        offsets.sort_unstable();
        let middle = *offsets.get(offsets.len() / 2)?;
        let off = middle.unsigned_abs();
        if !self.is_told && off > TOLD_BEYOND_MILLIS {
            self.is_told = true;
            tracing::warn!(
                offset_seconds = middle / 1_000,
                applications = offsets.len(),
                hint = "set the clock (NTP, such as `timedatectl set-ntp true`); a certificate credential may be refused until then",
                "{}",
                words(middle)
            );
        } else if self.is_told && off < WELL_BELOW_MILLIS {
            self.is_told = false;
            tracing::info!("this machine's clock agrees with Microsoft's again");
        }
        Some(middle)
    }
}

fn words(offset_millis: i64) -> String {
    // The `Date` is cut to a second, and answers take a while: tens of seconds are what is known.
    let rounded_seconds = (offset_millis.unsigned_abs() + 5_000) / 10_000 * 10;
    let length = trailhound_health::length(std::time::Duration::from_secs(rounded_seconds));
    let side = if offset_millis > 0 { "behind" } else { "ahead of" };
    format!(
        "this machine's clock is {length} {side} Microsoft's, as the `Date` of its answers tells; time windows are corrected for it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_once_and_once_when_it_is_well() {
        let mut watch = ClockWatch::default();
        assert_eq!(watch.look(Vec::new()), None);
        assert_eq!(watch.look(vec![400, -2, 900]), Some(400));
        assert!(!watch.is_told);
        // One application with a wrong answer on its way does not make the clock wrong.
        assert_eq!(watch.look(vec![-1_200_000, 5, 7]), Some(5));
        assert!(!watch.is_told);
        watch.look(vec![1_200_000]);
        assert!(watch.is_told);
        watch.look(vec![20_000]);
        assert!(watch.is_told, "near the threshold it stays as it is");
        watch.look(vec![0]);
        assert!(!watch.is_told);
        assert!(words(1_200_000).starts_with("this machine's clock is 20 min behind Microsoft's"));
        assert!(words(-90_000).contains("1 min ahead of"));
    }
}
