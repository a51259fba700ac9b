//! The ledger's promises, attacked with random worlds.

mod budget;
mod by_hand;
mod fetches;
mod plan;
