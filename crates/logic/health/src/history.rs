//! What a stream's states have been.

use std::collections::VecDeque;

use crate::tracker::Change;

/// Most changes that are remembered of a stream.
pub const MAX_CHANGES: usize = 100;

/// The latest changes of one stream, oldest first. Takes no memory before the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(VecDeque<Change>);

impl History {
    /// Adds one; the oldest goes when there are [`MAX_CHANGES`].
    pub fn push(&mut self, change: Change) {
        if self.0.len() >= MAX_CHANGES {
            self.0.pop_front();
        }
        self.0.push_back(change);
    }

    /// All of them, oldest first.
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.0.iter()
    }
}
