//! Judging streams: each state with its words, steadiness, and the rhythm of a week.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

mod precedence;
mod rhythm;
mod support;
mod tracker;
mod words;
