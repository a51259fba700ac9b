//! The configuration file `trailhound.toml`.
//!
//! What it is: the file's text in, checked and typed settings out; its schema, its sample and its reference page.
//! What it promises: what it accepts can be run as far as the text alone can tell; every refusal names line,
//! column and what to do; no literal secret is ever shown (promise S1).
//! What it never does: read a secret, touch the network or the clock, write the file.
//! Where to start: [`Config::parse`], then `wire.rs` (every key with its words) and `check/`.

mod check;
mod config;
mod document;
mod error;
mod parse;
mod reference;
mod secret_wire;
#[cfg(test)]
mod tests;
mod units;
mod wire;

pub use config::{
    Application, Cloud, Compression, Config, Console, Credential, Endpoints, FileOutput, Journal, Output,
    Proxy, TokenVersion,
};
pub use error::{ConfigError, Warning};
pub use reference::{reference, schema};
