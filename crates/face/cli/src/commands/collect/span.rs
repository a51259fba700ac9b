//! What `--since` and `--until` may be: a span that can hold nothing is wrong usage, not an empty success.

use trailhound_ledger::{Limits, earliest_valid};
use trailhound_model::Timestamp;

use crate::exit::Exit;
use crate::failure::Failure;

/// 2015-01-01T00:00:00Z: the API is not older.
const FIRST_YEAR: Timestamp = Timestamp::from_millis(1_420_070_400_000);

/// Refuses what cannot hold anything at `now`.
pub(super) fn check(
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Failure> {
    if let (Some(since), Some(until)) = (since, until)
        && until <= since
    {
        let what = format!("`--until {until}` is not after `--since {since}`");
        return Err(Failure::new(Exit::Usage, what, "the span goes from `--since` to before `--until`"));
    }
    let earliest = earliest_valid(now, &Limits::once());
    let refuse = |what: String| {
        let hint = format!("Microsoft keeps content for 7 days: possible now is {earliest} to {now}");
        Err(Failure::new(Exit::Usage, what, hint))
    };
    for (option, time) in [("--since", since), ("--until", until)] {
        if let Some(time) = time.filter(|time| *time < FIRST_YEAR) {
            return refuse(format!(
                "`{option} {time}` lies before the year 2015, when there was no such API"
            ));
        }
    }
    if let Some(since) = since.filter(|since| *since >= now) {
        return refuse(format!("`--since {since}` lies in the future"));
    }
    if let Some(until) = until.filter(|until| *until <= earliest) {
        return refuse(format!("`--until {until}` lies before everything that Microsoft still keeps"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use trailhound_model::days;

    use super::*;

    #[test]
    fn only_a_span_that_can_hold_something_is_taken() {
        let now = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        let words = |since, until| check(since, until, now).err().map(|failure| failure.what());
        assert_eq!(words(None, None), None);
        // A part within reach is enough: the rest becomes a gap.
        assert_eq!(words(Some(now - days(20)), Some(now - days(1))), None);
        assert_eq!(words(Some(now - days(1)), Some(now + days(1))), None);

        let refused = |since, until, part: &str| {
            let said = words(since, until).unwrap();
            assert!(said.contains(part), "{said}");
        };
        refused(Some(now - days(1)), Some(now - days(2)), "is not after");
        refused(Some(now + days(1)), None, "in the future");
        refused(None, Some(now - days(8)), "still keeps");
        refused(Some(Timestamp::parse("2014-12-31").unwrap()), None, "2015");
    }
}
