//! `cargo xtask demo`: the main job on the simulator.

use crate::error::ChoreError;
use crate::process;

/// Builds the product and runs `trailhound demo` with the given arguments.
pub(crate) fn run(arguments: &[String]) -> Result<(), ChoreError> {
    process::run(process::cargo().args(["run", "--package", "trailhound", "--", "demo"]).args(arguments))
}
