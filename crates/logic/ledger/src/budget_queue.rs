//! Who of those that wait for the budget is next.

use std::collections::{BTreeMap, VecDeque};

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// The newest minutes.
    Live,
    /// Backfill and re-sweeps.
    Back,
}

/// While both lanes wait, of so many requests and one more the one is for the backlog.
const LIVE_IN_A_ROW: u32 = 3;

/// Waiters in two lanes. Live work goes first, but the backlog always has its quarter; within a lane the
/// streams take turns, so that a stream with a long backlog delays another by one request at most; within
/// a stream and lane it is first come, first served. Pure: equal calls, equal order (promise P1).
#[derive(Clone, Debug)]
pub struct FairQueue<W> {
    live: Turns<W>,
    back: Turns<W>,
    live_in_a_row: u32,
}

/// The waiters of a lane.
#[derive(Clone, Debug)]
struct Turns<W> {
    /// Streams with waiters, each once, in the order of their turns.
    order: VecDeque<u32>,
    waiting: BTreeMap<u32, VecDeque<W>>,
    count: usize,
}

impl<W> Default for FairQueue<W> {
    fn default() -> Self {
        Self { live: Turns::default(), back: Turns::default(), live_in_a_row: 0 }
    }
}

impl<W> Default for Turns<W> {
    fn default() -> Self {
        Self { order: VecDeque::new(), waiting: BTreeMap::new(), count: 0 }
    }
}

impl<W> FairQueue<W> {
    /// Lines a waiter of a stream up. The stream is a number that the caller gives it.
    pub fn push(&mut self, stream: u32, lane: Lane, waiter: W) {
        let turns = match lane {
            Lane::Live => &mut self.live,
            Lane::Back => &mut self.back,
        };
        turns.push(stream, waiter);
    }

    /// Takes the next one out.
    pub fn pop(&mut self) -> Option<W> {
        let live_first = self.back.count == 0 || self.live_in_a_row < LIVE_IN_A_ROW;
        if self.live.count > 0 && live_first {
            self.live_in_a_row += 1;
            return self.live.pop();
        }
        self.live_in_a_row = 0;
        self.back.pop()
    }

    /// How many wait in a lane.
    pub fn waiting(&self, lane: Lane) -> usize {
        match lane {
            Lane::Live => self.live.count,
            Lane::Back => self.back.count,
        }
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.live.count + self.back.count == 0
    }
}

impl<W> Turns<W> {
    fn push(&mut self, stream: u32, waiter: W) {
        let waiting = self.waiting.entry(stream).or_default();
        if waiting.is_empty() {
            self.order.push_back(stream);
        }
        waiting.push_back(waiter);
        self.count += 1;
    }

    fn pop(&mut self) -> Option<W> {
        let stream = self.order.pop_front()?;
        let waiting = self.waiting.get_mut(&stream)?;
        let next = waiting.pop_front()?;
        self.count -= 1;
        if waiting.is_empty() {
            self.waiting.remove(&stream);
        } else {
            self.order.push_back(stream);
        }
        Some(next)
    }
}
