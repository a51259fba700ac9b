//! Health: what is the matter with a stream, since when, why, and what a person does next.
//!
//! What it is: pure functions from an [`Observation`] of one stream, and of its [`Peers`] at other tenants, to one
//! of thirteen states with its words.
//! What it promises: equal inputs, equal judgement; a single failed request is no state; a cause is named before
//! its symptoms (an expired credential explains silence).
//! What it never does: I/O, reading a clock, remembering anything outside of the values that it hands back.
//! Where to start: [`judge`], then [`Tracker`], which keeps a judgement steady.

mod history;
mod judge;
mod observation;
mod rhythm;
mod state;
mod streak;
mod tracker;
mod words;

pub use history::{History, MAX_CHANGES};
pub use judge::{Conditions, Signs, judge, signs};
pub use observation::{
    CredentialEnd, CredentialKind, Observation, OutputTrouble, Peers, Quarantine, QuotaRefusal,
};
pub use rhythm::{MIN_WEEKS, Quiet, Rhythm};
pub use state::{HealthState, Severity};
pub use streak::{FailureKind, Streak};
pub use tracker::{Change, Tracker};
pub use words::{Words, ago, explain, length};
