//! A simulated Microsoft: Entra's token endpoints and the Office 365 Management Activity API.
//!
//! What it is: a seeded world driven by a clock, as a library ([`World`], no I/O), as an in-process transport
//! ([`SimMicrosoft::transport`]) and as an HTTP server ([`serve`]), with a generator of believable audit records
//! ([`events`]) and the truth about what it published ([`Truth`]).
//! What it promises: the same seed, switches, requests and instants give the same answers; a listing that is
//! paged to its end names every blob that was visible at its first page; every fault is a switch.
//! What it never does: read the system's clock or randomness, call out, share code with the real client.
//! Where to start: [`SimConfig`], then [`World::handle`].

mod admin;
mod calendar;
mod config;
mod content_id;
mod dice;
pub mod events;
mod feed;
mod login;
mod quota;
mod request_log;
mod response;
mod server;
mod shelf;
mod sim;
mod source;
mod stream;
mod tenant_state;
mod truth;
mod wire;
mod world;

#[cfg(test)]
mod tests;

pub use admin::RESERVED;
pub use config::*;
pub use dice::Dice;
pub use events::Population;
pub use request_log::{Operation, RequestLine};
pub use response::{BodyPart, SimResponse};
pub use server::{MAX_REQUEST_BYTES, serve};
pub use sim::SimMicrosoft;
pub use source::{EventSource, MAX_EVENTS_FILE_BYTES, SourceError};
pub use stream::Stream;
pub use tenant_state::Accounts;
pub use truth::{Truth, TruthBlob, TruthRecord};
pub use world::World;
