//! The binary from outside: what it prints, writes and answers, and how it ends.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod app;
mod collect;
mod daemon;
mod demo;
mod errors;
mod export;
mod full_disk;
mod help;
mod memory;
mod prove;
mod secrets;
mod sigkill;
mod simulate;
mod support;
