//! What several commands begin with: the configuration, the surroundings, the plant.

use std::io;
use std::path::Path;
use std::sync::Arc;

use trailhound_config::Config;
use trailhound_env::{Clock, RealDisk, SystemClock, SystemEntropy};
use trailhound_journal::Journal;
use trailhound_ledger::Limits;
use trailhound_model::{InstanceName, Timestamp};
use trailhound_net::TransportPool;
use trailhound_pipeline::board::Board;
use trailhound_pipeline::site::{self, SiteError, Surroundings};
use trailhound_pipeline::wire::Plant;

use crate::exit::Exit;
use crate::failure::{Failure, Problem};

/// Reads and checks the configuration; warnings go to the log.
pub(crate) fn load_config(path: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let (config, warnings) = Config::parse(&text, path)?;
    for warning in warnings {
        tracing::warn!(file = %path.display(), line = warning.line, hint = warning.hint, "{}", warning.what);
    }
    warn_of_late_starts(&config, SystemClock::default().now());
    Ok(config)
}

/// Reads the configuration of a command that collects: it must name something to collect.
pub(crate) fn load_to_collect(path: &Path) -> Result<Config, Failure> {
    let config = load_config(path)?;
    if config.applications.is_empty() {
        let what = format!("the configuration `{}` names no application", path.display());
        return Err(Failure::new(
            Exit::Usage,
            what,
            "add an `[[application]]`; `trailhound config example` shows one",
        ));
    }
    if config.outputs.is_empty() {
        tracing::warn!("no `[[output]]` is configured: records stay in the journal only");
    }
    Ok(config)
}

/// The machine's clock, randomness and disk.
pub(crate) fn surroundings() -> Surroundings {
    Surroundings {
        clock: Arc::new(SystemClock::default()),
        entropy: Arc::new(SystemEntropy::default()),
        disk: Arc::new(RealDisk),
    }
}

/// Everything that a run needs besides the open journal; `only`: of these applications alone (empty: of all).
pub(crate) fn plant(
    config: &Config,
    only: &[InstanceName],
    journal: &Arc<dyn Journal>,
    board: &Board,
    limits: Limits,
    around: &Surroundings,
) -> Result<Plant, Failure> {
    let pool = TransportPool::new();
    let instances = site::instances(config, only, &pool, around)?;
    let outputs = site::outputs(config, around)?;
    Ok(site::plant(&instances, outputs, Arc::clone(journal), board.clone(), limits, around))
}

/// Tries every output, so that nothing is fetched for one that cannot be written. `patient`: what may pass by
/// itself is only told, since a daemon keeps the records meanwhile.
pub(crate) async fn check_outputs(plant: &mut Plant, patient: bool, now: Timestamp) -> Result<(), Failure> {
    let mut problems = Vec::new();
    for output in &mut plant.outputs {
        let place = format!("output `{}`", output.name());
        if let Err(error) = output.check(now).await {
            if patient && error.retry {
                tracing::warn!(output = %output.name(), error = error.what, hint = error.hint, "an output cannot be written yet");
                continue;
            }
            let what = format!("failed to {}", error.what);
            problems.push(Problem { what, place, hint: error.hint, ..Problem::default() });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::many(Exit::Failed, problems)) }
}

/// What the configuration says cannot be made: a wrong configuration.
impl From<SiteError> for Failure {
    fn from(error: SiteError) -> Self {
        Self::new(Exit::Usage, error.what, error.hint)
    }
}

fn warn_of_late_starts(config: &Config, now: Timestamp) {
    for application in &config.applications {
        if let Some(start) = application.collection_start.filter(|start| *start > now) {
            let hint = "nothing is collected for it before then: correct or remove `collection_start`";
            tracing::warn!(application = %application.name, hint, "`collection_start` {start} lies in the future");
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => {
            "name the file with `--config FILE`; `trailhound config example` prints a sample"
        }
        io::ErrorKind::PermissionDenied => "give the user that runs trailhound the right to read it",
        _ => "the configuration is a text file in TOML",
    };
    let what = format!("failed to read the configuration `{}`: {error}", path.display());
    Failure::new(Exit::Usage, what, hint)
}
