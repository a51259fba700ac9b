//! One handler a file.

mod applications;
mod healthz;
mod home;
mod metrics;
mod not_found;
mod readyz;

pub(crate) use applications::applications;
pub(crate) use healthz::healthz;
pub(crate) use home::home;
pub(crate) use metrics::metrics;
pub(crate) use not_found::{not_found, wrong_method};
pub(crate) use readyz::readyz;
