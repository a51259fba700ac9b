//! Decisions by the seed.

use trailhound_env::{Entropy, SeededEntropy};

pub(crate) struct Dice(SeededEntropy);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// From 0 to `bound - 1`; 0 for a bound of 0.
    pub(crate) fn below(&self, bound: usize) -> usize {
        usize::try_from(self.0.next_u64() % bound.max(1) as u64).unwrap_or(0)
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn happens(&self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.next_u64().to_le_bytes()[0];
        }
    }
}
