//! Half-open spans of time and sets of them: the coverage that a ledger speaks of.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// `[from, to)` of `contentCreated`. Never empty, never backwards: see [`Span::new`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First instant inside.
    pub from: Timestamp,
    /// First instant outside.
    pub to: Timestamp,
}

impl Span {
    /// `None` when nothing lies between.
    pub fn new(from: Timestamp, to: Timestamp) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// Length.
    pub fn length(&self) -> Duration {
        self.to.since(self.from)
    }

    /// Whether `at` lies inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// The part that both share.
    pub fn intersect(&self, other: Self) -> Option<Self> {
        Self::new(self.from.max(other.from), self.to.min(other.to))
    }

    /// Cuts into pieces of at most `longest`, oldest first, at multiples of `longest` counted from `from`.
    pub fn pieces(self, longest: Duration) -> impl Iterator<Item = Self> {
        let mut next = Some(self);
        std::iter::from_fn(move || {
            let rest = next?;
            let cut = (rest.from + longest).min(rest.to);
            next = Self::new(cut, rest.to);
            Self::new(rest.from, cut)
        })
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}..{})", self.from, self.to)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.to)
    }
}

/// A set of instants held as disjoint spans, sorted, never touching each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanSet(Vec<Span>);

impl SpanSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The spans, oldest first.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// Adds a span, merging what it touches. Adding twice changes nothing (promise L4).
    pub fn insert(&mut self, span: Span) {
        let start = self.0.partition_point(|s| s.to < span.from);
        let end = self.0.partition_point(|s| s.from <= span.to);
        let merged = self.0[start..end]
            .iter()
            .fold(span, |acc, s| Span { from: acc.from.min(s.from), to: acc.to.max(s.to) });
        self.0.splice(start..end, [merged]);
    }

    /// Takes a span out. Taking it out twice changes nothing (promise L4).
    pub fn remove(&mut self, span: Span) {
        let start = self.0.partition_point(|s| s.to <= span.from);
        let end = self.0.partition_point(|s| s.from < span.to);
        if start >= end {
            return;
        }
        let before = Span::new(self.0[start].from, span.from);
        let after = Span::new(span.to, self.0[end - 1].to);
        self.0.splice(start..end, before.into_iter().chain(after));
    }

    /// What of `within` is not in the set, oldest first.
    pub fn holes(&self, within: Span) -> Vec<Span> {
        let mut holes = Vec::new();
        let mut at = within.from;
        for span in &self.0 {
            if span.to <= at {
                continue;
            }
            if span.from >= within.to {
                break;
            }
            holes.extend(Span::new(at, span.from));
            at = span.to;
        }
        holes.extend(Span::new(at.min(within.to), within.to));
        holes
    }

    /// The earliest instant of the set.
    pub fn first(&self) -> Option<Timestamp> {
        self.0.first().map(|s| s.from)
    }

    /// The end of the last span: the derived high-water mark.
    pub fn last(&self) -> Option<Timestamp> {
        self.0.last().map(|s| s.to)
    }
}

impl FromIterator<Span> for SpanSet {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut set = Self::new();
        for span in spans {
            set.insert(span);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(from: i64, to: i64) -> Option<Span> {
        Span::new(Timestamp::from_millis(from), Timestamp::from_millis(to))
    }

    proptest! {
        #[test]
        fn a_set_holds_exactly_what_was_inserted(
            pairs in proptest::collection::vec((0i64..60, 1i64..12), 0..20)
        ) {
            let spans: Vec<Span> = pairs.iter().filter_map(|&(at, len)| span(at, at + len)).collect();
            let set: SpanSet = spans.iter().copied().collect();
            let whole = span(0, 80).unwrap();
            let holes = set.holes(whole);
            for ms in 0..80 {
                let at = Timestamp::from_millis(ms);
                let inserted = spans.iter().any(|s| s.contains(at));
                prop_assert_eq!(set.spans().iter().any(|s| s.contains(at)), inserted);
                prop_assert_eq!(holes.iter().any(|s| s.contains(at)), !inserted);
            }
            for pair in set.spans().windows(2) {
                prop_assert!(pair[0].to < pair[1].from, "touching or unsorted: {:?}", set);
            }
        }

        #[test]
        fn what_is_taken_out_is_out_and_nothing_else(
            pairs in proptest::collection::vec((0i64..60, 1i64..12), 0..12),
            (from, length) in (0i64..70, 1i64..20),
        ) {
            let full: SpanSet = pairs.iter().filter_map(|&(at, len)| span(at, at + len)).collect();
            let out = span(from, from + length).unwrap();
            let mut set = full.clone();
            set.remove(out);
            let once = set.clone();
            set.remove(out);
            prop_assert_eq!(&once, &set);
            for ms in 0..90 {
                let at = Timestamp::from_millis(ms);
                let was_in = full.spans().iter().any(|s| s.contains(at));
                prop_assert_eq!(set.spans().iter().any(|s| s.contains(at)), was_in && !out.contains(at));
            }
            for pair in set.spans().windows(2) {
                prop_assert!(pair[0].to < pair[1].from, "touching or unsorted: {:?}", set);
            }
        }

        #[test]
        fn pieces_tile_the_span(from in 0i64..1000, len in 1i64..1000, longest in 1u64..300) {
            let whole = span(from, from + len).unwrap();
            let pieces: Vec<Span> = whole.pieces(Duration::from_millis(longest)).collect();
            prop_assert_eq!(pieces.first().unwrap().from, whole.from);
            prop_assert_eq!(pieces.last().unwrap().to, whole.to);
            prop_assert!(pieces.windows(2).all(|w| w[0].to == w[1].from));
            prop_assert!(pieces.iter().all(|p| p.length() <= Duration::from_millis(longest)));
        }
    }
}
