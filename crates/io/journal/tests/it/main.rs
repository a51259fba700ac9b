//! The journal, tested through its contract.

mod contract;
mod support;
