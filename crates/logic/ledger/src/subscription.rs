//! When to look at the subscriptions, and when to start one.

use trailhound_model::{Delta, Gap, GapReason, Span, StreamFacts, Timestamp};

use crate::Limits;

/// What to do about a stream's subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionStep {
    /// It is known to be enabled until then.
    Enabled {
        /// When to look again.
        look_again: Timestamp,
    },
    /// Send a start request now.
    Start,
    /// A start was sent too recently; send none before this moment.
    Wait(Timestamp),
}

/// Decides from what the last look at the subscriptions said (`enabled`), keeping to one start in 15 minutes.
pub fn subscription_step(
    now: Timestamp,
    facts: &StreamFacts,
    enabled: bool,
    limits: &Limits,
) -> SubscriptionStep {
    if enabled {
        return SubscriptionStep::Enabled { look_again: now + limits.subscriptions_every };
    }
    match facts.start_sent_at.map(|sent| sent + limits.start_every) {
        Some(allowed) if now < allowed => SubscriptionStep::Wait(allowed),
        _ => SubscriptionStep::Start,
    }
}

/// The gap row for a subscription that was enabled once and is found off: Microsoft keeps nothing for the
/// time in between. Trailing re-sweeps list that time all the same and collect whatever is there.
pub fn subscription_lost(now: Timestamp, facts: &StreamFacts) -> Option<Delta> {
    // It was on when it was last seen enabled, whatever of that time is still to be listed (or listed again).
    let from = facts.covered.last().or(facts.horizon)?.max(facts.subscribed_at?);
    let span = Span::new(from, now)?;
    Some(Delta::Gap(Gap { span, reason: GapReason::SubscriptionOff, content_id: None, at: now }))
}
