//! Counting the requests of one tenant.

use std::collections::VecDeque;

use trailhound_model::{Timestamp, minutes};

use crate::config::QuotaWindow;

/// What was counted so far.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    /// The clock's minute that is being counted, and its requests.
    fixed: (i64, u32),
    /// When requests were let through in the last 60 seconds.
    let_through: VecDeque<Timestamp>,
}

impl Quota {
    /// Counts a request; false when the quota is used up.
    pub(crate) fn take(&mut self, now: Timestamp, per_minute: u32, window: QuotaWindow) -> bool {
        match window {
            QuotaWindow::Fixed => {
                let minute = now.as_millis().div_euclid(60_000);
                if self.fixed.0 != minute {
                    self.fixed = (minute, 0);
                }
                self.fixed.1 += 1;
                self.fixed.1 <= per_minute
            }
            QuotaWindow::Sliding => {
                let begin = now - minutes(1);
                while self.let_through.front().is_some_and(|at| *at <= begin) {
                    self.let_through.pop_front();
                }
                let is_within = self.let_through.len() < per_minute as usize;
                if is_within {
                    self.let_through.push_back(now);
                }
                is_within
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers to two requests at each of these seconds, with a quota of three.
    fn answers(window: QuotaWindow) -> Vec<(bool, bool)> {
        let mut quota = Quota::default();
        let at = |second: i64| Timestamp::from_millis(1_795_190_400_000 + second * 1_000);
        let mut take = |second| quota.take(at(second), 3, window);
        [50, 59, 60, 109, 110, 119].map(|second| (take(second), take(second))).to_vec()
    }

    #[test]
    fn a_fixed_minute_begins_anew_and_a_sliding_one_forgets_one_by_one() {
        let (both, one, none) = ((true, true), (true, false), (false, false));
        assert_eq!(answers(QuotaWindow::Fixed), [both, one, both, one, none, none]);
        assert_eq!(answers(QuotaWindow::Sliding), [both, one, none, none, both, one]);
    }
}
