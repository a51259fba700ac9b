//! The command line, declared once: its words are the help, the completions and the usage errors.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use trailhound_model::{InstanceName, StreamName, Timestamp};

use crate::duration;
use crate::logging::{self, LogFormat};

/// Collects Microsoft 365 audit records, keeps proof that none is missing, and delivers them.
#[derive(Parser)]
#[command(name = "trailhound", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`) or `crate=level` pairs.
    /// Default: `info` for commands that go on, `warn` for the others.
    #[arg(long, global = true, value_name = "LEVEL", env = "TRAILHOUND_LOG", hide_env_values = true,
          value_parser = logging::parse_filter, help_heading = "Logging (to standard error)")]
    pub(crate) log: Option<String>,
    /// Form of the log lines.
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text,
          help_heading = "Logging (to standard error)")]
    pub(crate) log_format: LogFormat,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 done with gaps, 4 credentials or permission.";

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Try everything without a tenant: simulator, collector and live view in one process.
    Demo(DemoArgs),
    /// Collect until stopped: the daemon.
    Run(ConfigFile),
    /// Collect once: everything that Microsoft has, delivered to every output, then exit.
    Collect(CollectArgs),
    /// Look at every precondition, with cause and cure. Starts subscriptions that are missing, as a collection
    /// would: only the answer tells whether auditing is on.
    Check(CheckArgs),
    /// Show the coverage ledger: what was listed, fetched and delivered, and each hole with its reason.
    Prove(ProveArgs),
    /// Change by hand what is collected of an application: try again, list again.
    App(AppArgs),
    /// Show what the data folder tells of each stream: health, coverage, what waits.
    State(StateArgs),
    /// Serve Microsoft's API and its login authority, simulated, on one address.
    Simulate(SimulateArgs),
    /// Show a sample of the configuration file, its schema, or what is wrong with one.
    Config(ConfigArgs),
    /// Print the completions of a shell.
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// Which configuration.
#[derive(clap::Args)]
pub(crate) struct ConfigFile {
    /// Configuration file.
    #[arg(
        long,
        value_name = "FILE",
        env = "TRAILHOUND_CONFIG",
        hide_env_values = true,
        default_value = "trailhound.toml"
    )]
    pub(crate) config: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct CollectArgs {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// Only this application; may be given several times. Default: all.
    #[arg(long = "app", value_name = "NAME", value_parser = InstanceName::new)]
    pub(crate) apps: Vec<InstanceName>,
    /// First moment, such as `2026-11-20T00:00:00Z`: of the time at which Microsoft made content available.
    /// Default: `collection_start`, or as far back as Microsoft keeps it (seven days).
    #[arg(long, value_name = "T", value_parser = Timestamp::parse)]
    pub(crate) since: Option<Timestamp>,
    /// End, not included. Default: now.
    #[arg(long, value_name = "T", value_parser = Timestamp::parse)]
    pub(crate) until: Option<Timestamp>,
    /// Print one JSON object on standard output at the end.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(clap::Args)]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// Only this application. Default: all in the journal.
    #[arg(long = "app", value_name = "NAME", value_parser = InstanceName::new)]
    pub(crate) app: Option<InstanceName>,
    /// First moment. Default: where the coverage of each stream begins.
    #[arg(long, value_name = "T", value_parser = Timestamp::parse)]
    pub(crate) from: Option<Timestamp>,
    /// End, not included. Default: where the coverage of each stream ends.
    #[arg(long, value_name = "T", value_parser = Timestamp::parse)]
    pub(crate) to: Option<Timestamp>,
    /// Print one JSON object; it names every blob in a gap.
    #[arg(long, conflicts_with_all = ["export", "verify"])]
    pub(crate) json: bool,
    /// Write a signed report to this file: every blob, chained line by line, that others can check.
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "verify", help_heading = "Signed reports")]
    pub(crate) export: Option<PathBuf>,
    /// Check reports, given in the order in which they were made. Needs no configuration.
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Signed reports",
          conflicts_with_all = ["app", "from", "to"])]
    pub(crate) verify: Vec<PathBuf>,
    /// Print the public key of this data folder; with `--verify`: who must have signed.
    #[arg(long, value_name = "KEY|FILE", num_args = 0..=1, default_missing_value = "",
          conflicts_with = "export", help_heading = "Signed reports")]
    pub(crate) public_key: Option<String>,
}

#[derive(clap::Args)]
pub(crate) struct AppArgs {
    #[command(subcommand)]
    pub(crate) what: AppCommand,
}

/// What to change.
#[derive(Subcommand)]
pub(crate) enum AppCommand {
    /// Try again now what was given up and can still be had, and what waits for another attempt.
    Retry(RetryArgs),
    /// Forget that everything from a moment on was listed, so that it is listed again.
    ///
    /// Finds blobs that the ledger does not know, and fetches again those that were given up. What is in the
    /// journal is neither fetched nor delivered twice.
    Rewind(RewindArgs),
}

/// Streams of one application.
#[derive(clap::Args)]
pub(crate) struct ChosenStreams {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// The application.
    #[arg(long, value_name = "NAME", value_parser = InstanceName::new)]
    pub(crate) app: InstanceName,
    /// Only this stream, such as `Audit.Exchange`. Default: all.
    #[arg(long, value_name = "STREAM", value_parser = StreamName::new)]
    pub(crate) stream: Option<StreamName>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(clap::Args)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    pub(crate) streams: ChosenStreams,
    /// Only this blob; may be given several times. Default: all.
    #[arg(long = "blob", value_name = "CONTENT_ID", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) blobs: Vec<String>,
}

#[derive(clap::Args)]
pub(crate) struct RewindArgs {
    #[command(flatten)]
    pub(crate) streams: ChosenStreams,
    /// First moment that is listed again, such as `2026-11-20T00:00:00Z`: of the time at which Microsoft made
    /// content available. At most seven days ago; what lies before is named and left.
    #[arg(long, value_name = "T", value_parser = Timestamp::parse)]
    pub(crate) to: Timestamp,
}

#[derive(clap::Args)]
pub(crate) struct StateArgs {
    #[command(subcommand)]
    pub(crate) what: StateCommand,
}

/// What about the state.
#[derive(Subcommand)]
pub(crate) enum StateCommand {
    /// Print it, read beside a running daemon or without one. Nothing is changed.
    Show(StateShowArgs),
}

#[derive(clap::Args)]
pub(crate) struct StateShowArgs {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// Only this application. Default: all in the journal.
    #[arg(long = "app", value_name = "NAME", value_parser = InstanceName::new)]
    pub(crate) app: Option<InstanceName>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(clap::Args)]
pub(crate) struct SimulateArgs {
    /// Address and port; port 0 takes a free one. Loopback only: it answers anyone.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000")]
    pub(crate) listen: SocketAddr,
    /// A scenario's name, or a TOML file with the simulator's switches.
    #[arg(long, value_name = "NAME|FILE", default_value = "calm")]
    pub(crate) scenario: String,
    /// Seed of everything that is drawn. Default: the scenario's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// How many tenants. Default: the scenario's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) tenants: Option<u16>,
    /// Real records to publish instead of invented ones: NDJSON, plain or gzip. They get new ids, times and
    /// organisations.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct DemoArgs {
    /// How many simulated tenants.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub(crate) tenants: u16,
    /// Real records to publish instead of invented ones: NDJSON, plain or gzip.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// Address of the metrics and health endpoints; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Folder for the journal and the files. Default: a new one in the system's temporary folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Open no browser. None is opened yet: the console's pages come later.
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// End by itself after this long, such as `30s` or `5m`. Default: go on until stopped.
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
    pub(crate) ends_after: Option<Duration>,
}

#[derive(clap::Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) what: ConfigCommand,
}

/// What about the configuration.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a commented sample.
    Example,
    /// Print the JSON Schema, for editors.
    Schema,
    /// Read a configuration and say what is wrong with it.
    Validate(ConfigFile),
}

impl Command {
    /// What is logged unless the user says otherwise.
    pub(crate) fn usual_log(&self) -> &'static str {
        match self {
            Self::Run(_) | Self::Simulate(_) => "info",
            _ => "warn",
        }
    }
}
