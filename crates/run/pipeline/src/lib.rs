//! The pipeline: from a source into the journal, from the journal to the outputs.
//!
//! What it promises: L1 (published ends delivered or in a gap row), L3 and L5 as it drives them, M1 and B1 by
//! the limits that stand beside each queue.
//! What it never does: decide (that is `logic/`), store (the journal does), speak HTTP (the source does).
//! Where to start: [`wire::run`], the path in one function.

pub mod board;
pub mod by_hand;
mod calls;
pub mod check;
mod delivery;
mod fleet;
mod governor;
pub mod health;
mod journal_news;
mod launch;
mod office365;
mod pace;
mod quiet;
pub mod quota;
pub mod site;
pub mod source;
mod stop;
mod stream;
mod sums;
pub mod telemetry;
mod upkeep;
pub mod wire;

pub use office365::Office365;
pub use stop::Stop;
pub use sums::imbalance;
pub use upkeep::tend_readers;
