//! `bench-collect`: what a whole collection costs, against downloading the same bytes with curl.
//!
//! What it is: a driver and, in a process of its own, a static TLS server with the part of Microsoft's API that
//! a collection needs. The bytes are made and compressed beforehand, so that the server is not what is measured.
//! What it promises: both programs fetch the same blobs from the same server in the same run, in turns; a round
//! counts only when every record came once and byte by byte.
//! What it never does: share code with the collector, or with the simulator, whose records may change from one
//! version to the next while these must not.
//! Where to start: [`contest::run`].

mod certificates;
mod contest;
mod contestants;
mod error;
mod idle;
mod ids;
mod machine;
mod measure;
mod memory;
mod process;
mod records;
mod report;
mod server;
mod verify;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Measures `trailhound collect` against `curl --parallel --compressed` of the same blobs.
#[derive(Parser)]
#[command(name = "cargo xtask bench collect")]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    contest: ContestArguments,
}

/// What the bench lets itself be started as.
#[derive(Subcommand)]
enum Role {
    /// The static server: prints its port, then serves until it is killed.
    #[command(hide = true)]
    Serve {
        /// Where the blobs and certificates are.
        folder: PathBuf,
    },
    /// Very many quiet tenants in one process: memory, CPU, punctuality.
    Idle(idle::IdleArguments),
    /// The memory formula: large blobs, large records, an output that is down.
    Memory(memory::MemoryArguments),
    /// The server of `memory`: prints its port, then serves until it is killed.
    #[command(hide = true)]
    ServeMemory(memory::ServeMemoryArguments),
    /// The server of `idle`: prints its port, then serves until it is killed.
    #[command(hide = true)]
    ServeIdle,
    /// The duplicate index with very many ids: checks a second, memory, disk, restart.
    Ids(ids::IdsArguments),
    /// Runs one program and writes what it used.
    #[command(hide = true)]
    Measure(measure::MeasureArguments),
}

/// How the contest is run.
#[derive(Args)]
pub(crate) struct ContestArguments {
    /// How often each of the two runs.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Blobs on the server.
    #[arg(long, default_value_t = 800, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    blobs: u32,
    /// Records in each blob.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    records: u32,
    /// Connections that curl may have at a time.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=300))]
    parallel: u32,
    /// The collector; by default the one built beside this program.
    #[arg(long)]
    trailhound: Option<PathBuf>,
    /// Where blobs and results lie meanwhile (3 GB); by default a folder in the system's temporary folder.
    #[arg(long)]
    work: Option<PathBuf>,
    /// Leave blobs and the last results there, to look at.
    #[arg(long)]
    keep: bool,
    /// Run curl alone: to see whether the server is well.
    #[arg(long)]
    only_curl: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.role {
        Some(Role::Serve { folder }) => server::run(&folder),
        Some(Role::Idle(idle)) => idle::run(&idle),
        Some(Role::Memory(memory)) => memory::run(&memory),
        Some(Role::ServeMemory(content)) => memory::serve(content),
        Some(Role::ServeIdle) => idle::serve(),
        Some(Role::Ids(ids)) => ids::run(&ids),
        Some(Role::Measure(measure)) => return measure::run(&measure),
        None => contest::run(&arguments.contest),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
