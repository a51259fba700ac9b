//! The way to a running daemon: a socket in the data folder that only its owner can use.
//!
//! One connection carries one request and one answer, each a JSON object on one line.

mod client;
mod orders;
mod server;
mod status;
mod wire;

pub(crate) use self::client::{Reached, ask, ask_status};
pub(crate) use self::orders::carry_out;
pub(crate) use self::server::ControlServer;
pub(crate) use self::status::{FailingOutput, LiveStream, OutsideChange, Status};
pub(crate) use self::wire::{Answer, Command, Period, Request, StreamAnswer, VERSION};

/// Name of the socket in the data folder.
const SOCKET: &str = "control.sock";
/// Longest request, in bytes.
const MAX_REQUEST_BYTES: u64 = 1 << 20;
/// Longest answer, in bytes.
const MAX_ANSWER_BYTES: u64 = 16 << 20;
