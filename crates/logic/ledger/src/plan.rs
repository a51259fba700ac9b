//! What to list next: the holes.

use std::time::Duration;

use trailhound_model::{Delta, Gap, GapReason, Span, SpanSet, StreamFacts, SweepTier, Timestamp};

use crate::Lane;
use crate::limits::{LIVE, Limits};

/// What a stream is driven towards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Stay complete for ever, from `start` on (default: as far back as can be had).
    Follow {
        /// The configured collection start.
        start: Option<Timestamp>,
    },
    /// List a span once, whatever was listed before: a collection that somebody waits for.
    Once {
        /// The span, as asked for; what is too old in it becomes a gap row.
        span: Span,
        /// What of it was listed since the command began.
        done: SpanSet,
    },
}

/// One listing to do: all pages of one span, in pieces of at most [`Limits::window`], oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// `[from, to)` of `contentCreated`, never too old at the planned moment.
    pub span: Span,
    /// The sweeps that are complete when it is.
    pub sweeps: Vec<SweepTier>,
}

/// What to do next in a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make these durable, apply them, ask again.
    Record(Vec<Delta>),
    /// List.
    List(Listing),
    /// Nothing before this moment, unless the facts change.
    Wait(Timestamp),
    /// Nothing ever again ([`Goal::Once`] only).
    Done,
}

/// The earliest `startTime` that may be sent at `now`.
pub fn earliest_valid(now: Timestamp, limits: &Limits) -> Timestamp {
    now - limits.reach + limits.margin
}

/// Whether a piece of a planned listing may still be sent now; if not, plan again.
pub fn still_valid(piece: Span, now: Timestamp, limits: &Limits) -> bool {
    earliest_valid(now, limits) <= piece.from
}

/// A piece of a listing that fails on the way to its last page, in two that have fewer pages each, on the grid.
/// `None`: it is too short.
pub fn halves(piece: Span, limits: &Limits) -> Option<[Span; 2]> {
    let middle = (piece.from + piece.length() / 2).floor_to(limits.grid);
    Some([Span::new(piece.from, middle)?, Span::new(middle, piece.to)?])
}

/// The next step of one lane of one stream. Pure: equal inputs, equal step (promise P1).
pub fn next_step(now: Timestamp, facts: &StreamFacts, goal: &Goal, lane: Lane, limits: &Limits) -> Step {
    let wanted = match goal {
        Goal::Follow { start } => start.or(facts.horizon).unwrap_or_else(|| first_reachable(now, limits)),
        Goal::Once { span, .. } => span.from,
    };
    let deltas = beginnings(now, facts, wanted, limits);
    if !deltas.is_empty() {
        return Step::Record(deltas);
    }
    match (goal, lane) {
        (Goal::Once { span, done }, Lane::Back) => once(now, facts, *span, done, limits),
        (Goal::Once { .. }, Lane::Live) => Step::Done,
        (Goal::Follow { .. }, Lane::Live) => live(now, facts, limits),
        (Goal::Follow { .. }, Lane::Back) => back(now, facts, limits),
    }
}

/// Where a listing may begin that is only sent a little later.
pub(crate) fn first_reachable(now: Timestamp, limits: &Limits) -> Timestamp {
    earliest_valid(now, limits) + limits.slack
}

/// The horizon, and gap rows for what lies behind it out of reach.
fn beginnings(now: Timestamp, facts: &StreamFacts, wanted: Timestamp, limits: &Limits) -> Vec<Delta> {
    let mut deltas = Vec::new();
    if facts.horizon.is_none_or(|known| wanted < known) {
        deltas.push(Delta::Horizon { from: wanted });
    }
    let horizon = facts.horizon.map_or(wanted, |known| known.min(wanted));
    let lost = Span::new(horizon, earliest_valid(now, limits))
        .map(|unreachable| facts.covered.holes(unreachable))
        .unwrap_or_default();
    let reachable = first_reachable(now, limits);
    deltas.extend(lost.into_iter().map(|hole| {
        // Up to where the next request can really begin, but not over what is covered already.
        let reaching = Span { from: hole.from, to: hole.to.max(reachable) };
        let span = facts.covered.holes(reaching).first().copied().unwrap_or(hole);
        Delta::Gap(Gap { span, reason: GapReason::OlderThanRetention, content_id: None, at: now })
    }));
    deltas
}

/// The newest minutes, every poll interval.
fn live(now: Timestamp, facts: &StreamFacts, limits: &Limits) -> Step {
    if let Some(last) = facts.sweeps.get(&LIVE) {
        let due = poll_due(*last, limits);
        if now < due {
            return Step::Wait(due);
        }
    }
    let mut from = (now - limits.live_overlap).floor_to(limits.grid);
    if let Some(edge) = facts.covered.last()
        && now.since(edge) < limits.window
    {
        from = from.min(edge);
    }
    from = from.max(facts.horizon.unwrap_or(from)).max(first_reachable(now, limits));
    let mut sweeps = vec![LIVE];
    sweeps.extend(limits.sweeps.iter().map(|s| s.tier).filter(|tier| !facts.sweeps.contains_key(tier)));
    match Span::new(from, now) {
        Some(span) => Step::List(Listing { span, sweeps }),
        None => Step::Wait(facts.horizon.unwrap_or(now) + limits.poll_every),
    }
}

/// When the live poll after one that began at `last` is due. On a beat that is the next one, unless it comes
/// within a quarter of the interval: a poll that was late is not followed at once by another.
pub fn poll_due(last: Timestamp, limits: &Limits) -> Timestamp {
    let Some(phase) = limits.poll_phase else { return last + limits.poll_every };
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let (every, phase) = (millis(limits.poll_every).max(1), millis(phase));
    let earliest = last.as_millis().saturating_add(every / 4).saturating_sub(phase);
    let beat = earliest.div_euclid(every).saturating_add(1).saturating_mul(every);
    Timestamp::from_millis(beat.saturating_add(phase))
}

/// Holes, oldest first, then sweeps that are due.
fn back(now: Timestamp, facts: &StreamFacts, limits: &Limits) -> Step {
    let Some(horizon) = facts.horizon else { return Step::Wait(now + limits.poll_every) };
    if facts.pending.len() >= limits.max_pending_blobs {
        return Step::Wait(now + limits.poll_every);
    }
    let Some(edge) = facts.covered.last() else {
        // The live lane lists first; then there is an edge to fill up to.
        return if facts.sweeps.contains_key(&LIVE) {
            Step::Wait(now + limits.poll_every)
        } else {
            oldest_hole(facts, Span::new(horizon, now), limits)
                .map_or(Step::Wait(now + limits.poll_every), Step::List)
        };
    };
    if let Some(listing) = oldest_hole(facts, Span::new(horizon, edge), limits) {
        return Step::List(listing);
    }
    next_sweep(now, facts, horizon, limits)
}

fn oldest_hole(facts: &StreamFacts, within: Option<Span>, limits: &Limits) -> Option<Listing> {
    let hole = facts.covered.holes(within?).into_iter().next()?;
    let span = hole.pieces(limits.window).next()?;
    Some(Listing { span, sweeps: Vec::new() })
}

/// The deepest sweep that is due. It covers the shallower ones, and all count as done with its last piece.
fn next_sweep(now: Timestamp, facts: &StreamFacts, horizon: Timestamp, limits: &Limits) -> Step {
    let mut wake = now + limits.poll_every.max(limits.start_every);
    for sweep in limits.sweeps.iter().rev() {
        let Some(last) = facts.sweeps.get(&sweep.tier) else { continue };
        let due = *last + sweep.every;
        if now < due {
            wake = wake.min(due);
            continue;
        }
        let from = (now - sweep.depth).floor_to(limits.grid).max(horizon).max(first_reachable(now, limits));
        let Some(span) = Span::new(from, now) else { continue };
        let shallower = limits.sweeps.iter().map(|s| s.tier).filter(|tier| *tier <= sweep.tier).collect();
        return Step::List(Listing { span, sweeps: shallower });
    }
    Step::Wait(wake)
}

fn once(now: Timestamp, facts: &StreamFacts, span: Span, done: &SpanSet, limits: &Limits) -> Step {
    if facts.pending.len() >= limits.max_pending_blobs {
        return Step::Wait(now + limits.retry_first);
    }
    let reachable = earliest_valid(now, limits);
    let next = Span::new(span.from.max(reachable), span.to)
        .and_then(|within| done.holes(within).into_iter().next())
        .and_then(|hole| hole.pieces(limits.window).next());
    match next {
        Some(span) => Step::List(Listing { span, sweeps: Vec::new() }),
        None => Step::Done,
    }
}
