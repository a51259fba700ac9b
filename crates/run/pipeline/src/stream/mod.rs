//! One stream of one instance, driven: subscribe, list, fetch, journal.

mod asked;
mod context;
mod driver;
mod fetching;
mod listing;
mod looks;
mod outcomes;
mod subscribing;
mod watching;

pub(crate) use context::{JobError, StreamContext, corrected};
pub(crate) use driver::{StreamDriver, StreamEnd};
pub(crate) use fetching::{COMMIT_ROOM_KIB, MAX_LARGE_FETCHES};
pub(crate) use looks::Looks;
