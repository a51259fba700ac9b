//! The numbers that planning goes by, each with its reason.

use std::time::Duration;

use trailhound_model::{SweepTier, days, hours, minutes, seconds};

/// The tier that marks live polls: the newest minutes, listed again and again.
pub const LIVE: SweepTier = SweepTier(0);

/// A trailing re-sweep: list again what is up to `depth` old, every `every`, to find blobs that appeared late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Its number; never [`LIVE`].
    pub tier: SweepTier,
    /// How far back.
    pub depth: Duration,
    /// How often.
    pub every: Duration,
}

/// Limits of planning. [`Limits::daemon`] and [`Limits::once`] differ in patience only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How far back content can be listed: 7 days (Microsoft's reference, "List available content").
    pub reach: Duration,
    /// Kept inside `reach`, for the time that a request is under way.
    pub margin: Duration,
    /// What is given up beyond the margin when a start is too old, so that the request that follows at once
    /// is not too old again.
    pub slack: Duration,
    /// Longest span of one listing: 24 hours (same source; more is refused or answered in part).
    pub window: Duration,
    /// Time between live polls.
    pub poll_every: Duration,
    /// Live polls keep a beat: they are due at moments that lie this far after a whole multiple of `poll_every`
    /// (since 1970), so that what held up many streams at once does not leave them polling at once for ever.
    /// `None`: each `poll_every` after the one before.
    pub poll_phase: Option<Duration>,
    /// A live poll begins at least this far back: late blobs of the last minutes.
    pub live_overlap: Duration,
    /// Starts of live polls and sweeps lie on multiples of this. Microsoft packs blobs by the edges of the
    /// question, so wandering edges would name the same records under ever new ids.
    pub grid: Duration,
    /// The re-sweeps.
    pub sweeps: Vec<Sweep>,
    /// No older span is listed while more blobs than this are pending in the stream.
    pub max_pending_blobs: usize,
    /// A blob that failed this often while its stream went well becomes a gap row.
    pub max_strikes: u32,
    /// So does one that failed this often for any reason while other calls succeeded in between: on a way so bad
    /// that three attempts of four fail, one good blob in a billion.
    pub max_attempts: u32,
    /// Wait after a blob's first failure; doubled with each further one.
    pub retry_first: Duration,
    /// Longest wait between attempts at a blob.
    pub retry_longest: Duration,
    /// Least time between two start requests of a stream (Microsoft's reference, since 2025-08).
    pub start_every: Duration,
    /// Time between looks at the list of subscriptions.
    pub subscriptions_every: Duration,
    /// Time between rounds of upkeep, which forget what everybody has and check the sums (promise L5).
    pub upkeep_every: Duration,
}

impl Limits {
    /// For a process that stays: a sick blob is tried for about two and a half hours before it is set aside, one
    /// that breaks off on the way for about two and a half days.
    pub fn daemon() -> Self {
        Self {
            reach: days(7),
            margin: minutes(2),
            slack: minutes(3),
            window: hours(24),
            poll_every: seconds(60),
            poll_phase: None,
            live_overlap: minutes(10),
            grid: minutes(10),
            sweeps: vec![
                Sweep { tier: SweepTier(1), depth: hours(1), every: minutes(15) },
                Sweep { tier: SweepTier(2), depth: hours(6), every: hours(1) },
                Sweep { tier: SweepTier(3), depth: hours(24), every: hours(4) },
                Sweep { tier: SweepTier(4), depth: days(6), every: hours(12) },
            ],
            max_pending_blobs: 20_000,
            max_strikes: 12,
            max_attempts: 72,
            retry_first: seconds(5),
            retry_longest: hours(1),
            start_every: minutes(15),
            subscriptions_every: hours(1),
            upkeep_every: minutes(1),
        }
    }

    /// For one collection that somebody waits for: a sick blob is set aside after about half a minute, one that
    /// breaks off on the way after some ten minutes.
    pub fn once() -> Self {
        let (retry_first, retry_longest) = (seconds(1), seconds(30));
        Self { max_strikes: 6, max_attempts: 24, retry_first, retry_longest, ..Self::daemon() }
    }
}
