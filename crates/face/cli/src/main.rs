//! The binary `trailhound`: the command line of the product.
//!
//! What it is: one file per command under `commands/`, each a short story told with the other crates.
//! What it promises: data on standard output, words and logs on standard error, the exit codes of [`exit`],
//! every error once with its cause and cure, and no secret in any of it (promise S1).
//! What it never does: decide, collect or store anything by itself.
//! Where to start: [`args`], then `commands/`.

mod args;
mod commands;
mod control;
mod duration;
mod exit;
mod failure;
mod gaps;
mod logging;
mod output;
mod rate;
mod runtime;
mod setup;
mod signals;
mod simulator;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    match commands::dispatch(args) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.exit().into()
        }
    }
}
