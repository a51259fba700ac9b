//! The harness: the whole product in one thread, in virtual time, in a simulated world, against its promises.
//!
//! What it is: [`Scenario`] (a world in TOML, with what must be true at the end), [`play`] (one scenario with one
//! seed) and [`Campaign`] (many of both). The product is the real one: planner, client, journal and file output,
//! put together by `wire::run`; around it stand the simulated Microsoft, a receiver, a disk and a clock.
//! What it promises: the same scenario, seed and build give the same run; a violation names its promise and what
//! was seen; a failed run prints the one command that plays it again.
//! What it never does: use the machine's time or randomness in a run, call out, or take part in the product.
//! Where to start: [`play`], then `oracle/`. To add a scenario: `docs/scenarios.md` and any file of `scenarios/`.

mod campaign;
mod clock;
mod counters;
mod disk;
mod fate;
mod happenings;
mod journal;
mod life;
mod log;
mod news;
mod oracle;
mod play;
mod receiver;
mod scenario;
mod stage;
mod storage;
mod table;

pub use campaign::{Campaign, Failed, Row};
pub use counters::{COUNTERS, Counters};
pub use play::{Outcome, play, play_and_keep};
pub use scenario::*;
pub use table::scenario_table;
