//! Outputs: where records go.
//!
//! What it promises: L3 (no receipt without an accepting answer), and what each output's capabilities say.
//! What it never does: retry, read the journal, decide what to send.
//! Where to start: [`Output`], then `file/`.

mod contract;

pub use contract::{Accepted, Capabilities, Output, OutputError};
