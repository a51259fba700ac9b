//! The commands, one file or folder each.

mod app;
mod check;
mod collect;
mod completions;
mod config;
mod demo;
mod prove;
mod run;
mod simulate;
mod state;

use crate::args::{Args, Command};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::logging;

/// Does what the command line says.
pub(crate) fn dispatch(args: Args) -> Result<Exit, Failure> {
    let filter = args.log.as_deref().unwrap_or(args.command.usual_log());
    let log = logging::start(filter, args.log_format);
    match args.command {
        Command::Demo(args) => demo::demo(&args, &log),
        Command::Run(file) => run::run(&file.config),
        Command::Collect(args) => collect::collect(&args, &log),
        Command::Check(args) => check::check(&args),
        Command::Prove(args) => prove::prove(&args),
        Command::App(args) => app::app(&args),
        Command::State(args) => state::state(&args),
        Command::Simulate(args) => simulate::simulate(&args),
        Command::Config(args) => config::config(&args.what),
        Command::Completions { shell } => completions::completions(shell),
    }
}
