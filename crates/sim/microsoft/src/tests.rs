//! The simulator from outside: what a client sees.

mod client;
mod determinism;
mod errors;
mod faults;
mod files;
mod login;
mod paging;
mod truth;
mod windows;
mod wire;
