//! Health of the running streams: what is known on the board, judged by `trailhound-health`.
//!
//! The watch ([`StreamWatch`]) is filled by the streams' drivers. Every few seconds the task judges the streams
//! that changed, logs each change once, keeps the states in the journal's control state, and shows them in metrics.
//! Where to start: [`HealthBook`], which the console, `/metrics` and tests read.

mod book;
mod clock;
mod judging;
mod metrics;
mod seen;
mod stored;
mod task;
mod watch;

pub use trailhound_health::HealthState;

pub use book::{Health, HealthBook};
pub use stored::{StoredHealth, stored_key};
pub use watch::StreamWatch;

pub(crate) use judging::health_of;
pub(crate) use metrics::describe;
pub(crate) use task::{Watched, watch};
pub(crate) use watch::Call;
