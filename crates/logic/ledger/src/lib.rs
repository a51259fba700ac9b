//! The ledger's logic: what is covered, what is missing, what to do next.
//!
//! What it is: pure functions over [`trailhound_model::StreamFacts`]; `now` is an argument.
//! What it promises: P1 (equal inputs, equal plan), L4 (applying a delta twice changes nothing), and that no
//! request is planned for a span that Microsoft would refuse.
//! What it never does: I/O, waiting, reading a clock, remembering anything between calls.
//! Where to start: [`next_step`], then [`pick_fetches`] and [`judge_failure`].

mod apply;
mod budget;
mod budget_queue;
mod budget_window;
mod by_hand;
mod failure;
mod fetches;
mod limits;
mod plan;
mod subscription;

pub use apply::{apply, reopen};
pub use budget::{Budget, BudgetLimits, Ticket};
pub use budget_queue::{FairQueue, Lane};
pub use by_hand::{Rewind, hasten, rewind};
pub use failure::{FetchFailure, Verdict, backoff, judge_failure};
pub use fetches::{Picked, pick_fetches};
pub use limits::{LIVE, Limits, Sweep};
pub use plan::{Goal, Listing, Step, earliest_valid, halves, next_step, poll_due, still_valid};
pub use subscription::{SubscriptionStep, subscription_lost, subscription_step};
