//! The console's address: what an operator and a monitoring system ask of a running collector.
//!
//! What it is: a small HTTP server with `/healthz`, `/readyz`, `/metrics`, and the place of the API to come.
//! What it promises: bounded connections, headers, bodies and answering times; it stops when told; it listens
//! beyond this machine only when the configuration says so in as many words.
//! What it never does: change anything, show a secret, answer with records, or hold up the collection.
//! Where to start: [`serve`], then [`router`] and the handlers, one a file.

mod config;
mod error;
mod guard;
mod handlers;
mod problem;
mod router;
mod serve;
mod state;
#[cfg(test)]
mod test_support;

pub use config::ConsoleConfig;
pub use error::ConsoleError;
pub use router::router;
pub use serve::{bind, serve};
pub use state::{ConsoleState, Readiness};

/// Most connections at a time; more wait in the system's own queue.
pub const MAX_CONNECTIONS: usize = 64;

/// Largest request body that is looked at, in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// Largest request line with all header fields, in bytes.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;

/// How long a client may take to send its header fields.
pub const HEAD_TIMEOUT_SECONDS: u64 = 10;

/// How long a handler may take.
pub const REQUEST_TIMEOUT_SECONDS: u64 = 10;

/// How long open exchanges may go on after the signal to stop.
pub const STOP_GRACE_SECONDS: u64 = 3;
