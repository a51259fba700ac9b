//! `trailhound config`: about the configuration file.

use trailhound_config::Config;
use trailhound_net::TransportPool;
use trailhound_pipeline::site;

use crate::args::ConfigCommand;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{plural, print};
use crate::runtime::block_on;
use crate::setup::{self, load_config};

pub(crate) fn config(what: &ConfigCommand) -> Result<Exit, Failure> {
    match what {
        ConfigCommand::Example => print(Config::example())?,
        ConfigCommand::Schema => print(&schema()?)?,
        ConfigCommand::Validate(file) => {
            let config = load_config(&file.config)?;
            block_on(async { try_to_make(&config) })?;
            let applications = plural(config.applications.len() as u64, "application");
            let outputs = plural(config.outputs.len() as u64, "output");
            print(&format!("{} can be used: {applications}, {outputs}\n", file.config.display()))?;
        }
    }
    Ok(Exit::Done)
}

/// What `collect` and `run` would refuse at once: paths of outputs, files of certificate authorities, hosts.
fn try_to_make(config: &Config) -> Result<(), Failure> {
    let around = setup::surroundings();
    site::instances(config, &[], &TransportPool::new(), &around)?;
    site::outputs(config, &around)?;
    Ok(())
}

fn schema() -> Result<String, Failure> {
    serde_json::to_string_pretty(&trailhound_config::schema())
        .map(|text| text + "\n")
        .map_err(|error| Failure::new(Exit::Failed, format!("failed to write the schema: {error}"), ""))
}
