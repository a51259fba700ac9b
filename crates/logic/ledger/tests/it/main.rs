//! The ledger's promises, attacked with random worlds.

mod budget;
mod fetches;
mod plan;
