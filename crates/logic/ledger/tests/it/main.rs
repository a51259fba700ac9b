//! The ledger's promises, attacked with random worlds.

mod budget;
mod budget_queue;
mod by_hand;
mod fetches;
mod plan;
mod quota;
