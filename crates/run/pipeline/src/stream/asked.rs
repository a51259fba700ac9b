//! Orders by hand, carried out by the driver itself, so that its facts stay what the journal holds.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::RwLockWriteGuard;
use trailhound_journal::JournalError;
use trailhound_model::Timestamp;

use super::context::StreamContext;
use super::driver::{StreamDriver, next_delta};
use crate::by_hand::{Letter, Wish, Work, carry_out};

impl StreamDriver {
    /// Carries out one order and answers it.
    pub(super) async fn answer(&mut self, letter: Letter) {
        let context = Arc::clone(&self.context);
        let _turn = self.own_turn(&context).await;
        let work = Work {
            journal: context.journal.as_ref(),
            key: &context.key,
            id: context.id,
            now: context.now(),
            limits: &context.limits,
        };
        let mut result = carry_out(&work, &mut self.facts, &letter.order).await;
        if matches!(letter.order.wish, Wish::Rewind { .. }) {
            // A listing that was begun before must not cover again what it may have asked for too early.
            context.rewinds.fetch_add(1, Ordering::Relaxed);
        }
        match &mut result {
            Ok(done) => {
                self.journal_is_well();
                if matches!(letter.order.wish, Wish::Retry { .. }) {
                    done.was_waiting = self.go_at_once();
                }
            }
            Err(error) => drop(self.journal_failed(error.clone())),
        }
        #[cfg(debug_assertions)]
        if result.is_ok() {
            self.assert_in_step().await;
        }
        // Whoever asked may have gone; the change stands all the same.
        let _ = letter.reply.send(result);
    }

    /// The driver's own turn: what jobs made durable before is in the facts, what they make durable later comes
    /// later.
    async fn own_turn<'a>(&mut self, context: &'a StreamContext) -> RwLockWriteGuard<'a, ()> {
        let turn = loop {
            tokio::select! {
                biased;
                delta = next_delta(&mut self.deltas) => self.apply(&delta),
                turn = context.turn.write() => break turn,
            }
        };
        self.apply_what_jobs_told();
        turn
    }

    /// Loads the facts anew when the journal had failed: what was answered with an error may have happened, and a
    /// repetition would find nothing new. Not before the wait after the failure is over.
    pub(super) async fn catch_up(&mut self, now: Timestamp) -> Result<(), JournalError> {
        if self.reload_at.is_none_or(|at| now < at) {
            return Ok(());
        }
        let context = Arc::clone(&self.context);
        let _turn = self.own_turn(&context).await;
        let last_success = self.facts.last_success;
        self.facts = context.journal.load(context.id).await?;
        self.facts.last_success = self.facts.last_success.max(last_success);
        self.picked.clear();
        self.reload_at = None;
        Ok(())
    }

    /// Ends the waits that follow failures. The limits of Microsoft (throttling, one start in 15 minutes) stay.
    fn go_at_once(&mut self) -> bool {
        let now = self.context.now();
        let not_before = [self.live.not_before, self.back.not_before, self.fetch_not_before];
        let subscription_waits = self.failures_in_a_row > 0 && now < self.subscription.look_again;
        if !subscription_waits && not_before.iter().all(|at| *at <= now) {
            return false;
        }
        let at_once = Timestamp::default();
        self.live.not_before = at_once;
        self.back.not_before = at_once;
        self.fetch_not_before = at_once;
        self.subscription.anew = true;
        self.subscription.look_again = self.subscription.look_again.min(now);
        true
    }

    /// The facts are what the journal holds, but for blobs that were committed a moment ago.
    #[cfg(debug_assertions)]
    async fn assert_in_step(&self) {
        let Ok(held) = self.context.journal.load(self.context.id).await else { return };
        let mut facts = self.facts.clone();
        facts.pending.retain(|id, _| !self.in_flight.contains(id) || held.pending.contains_key(id));
        facts.last_success = held.last_success;
        assert_eq!(facts, held, "the facts of {} and the journal differ", self.context.key);
    }
}
