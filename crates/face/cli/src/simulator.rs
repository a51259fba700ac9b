//! A simulated Microsoft on an address: what `simulate` and `demo` share.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use trailhound_sim_microsoft::{EventSource, SimConfig, SimMicrosoft, Stream, TenantConfig};

use crate::exit::Exit;
use crate::failure::Failure;

/// The scenario of that name, or of that file.
pub(crate) fn scenario(name: &str) -> Result<SimConfig, Failure> {
    if let Some(config) = SimConfig::named(name) {
        return Ok(config);
    }
    let hint = format!("the named ones are {}; or give a TOML file", SimConfig::names().join(", "));
    if !Path::new(name).exists() {
        return Err(Failure::new(Exit::Usage, format!("there is no scenario `{name}`"), hint));
    }
    let text = std::fs::read_to_string(name).map_err(|error| {
        Failure::new(Exit::Usage, format!("failed to read the scenario `{name}`: {error}"), &hint)
    })?;
    SimConfig::from_toml(&text).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("the scenario `{name}` cannot be used: {error}"),
            "correct the file",
        )
    })
}

/// This many tenants, each of its own identity and with the switches of the scenario's first.
pub(crate) fn set_tenants(config: &mut SimConfig, count: u16) {
    let Some(pattern) = config.tenants.first().cloned() else { return };
    let identities = SimConfig::default_tenants(usize::from(count));
    config.tenants = identities
        .into_iter()
        .map(|identity| TenantConfig {
            name: identity.name,
            domain: identity.domain,
            tenant_id: identity.tenant_id,
            client_id: identity.client_id,
            client_secret: identity.client_secret,
            managed_identity: identity.managed_identity,
            ..pattern.clone()
        })
        .collect();
}

/// The world, publishing invented records or those of a file.
pub(crate) fn world(config: SimConfig, events: Option<&Path>) -> Result<SimMicrosoft, Failure> {
    let Some(path) = events else { return Ok(SimMicrosoft::new(config)) };
    let unusable = |why: String| {
        let what = format!("the events in `{}` cannot be used: {why}", path.display());
        Failure::new(Exit::Usage, what, "give one audit record per line (NDJSON), plain or gzip")
    };
    let bytes = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let source = EventSource::from_ndjson(&bytes).map_err(|error| unusable(error.to_string()))?;
    Ok(SimMicrosoft::with_events(config, source))
}

/// A configuration for the tenants of this world, ready to be pasted.
pub(crate) fn configuration(
    config: &SimConfig,
    simulator: SocketAddr,
    data_dir: &str,
    console: SocketAddr,
) -> String {
    let mut text = format!("data_dir = \"{data_dir}\"\n\n[console]\nlisten = \"{console}\"\n");
    let mut names: Vec<String> = Vec::new();
    for tenant in &config.tenants {
        let name = instance_name(tenant, &names);
        let streams: Vec<String> =
            Stream::ALL.iter().map(|stream| format!("\"{}\"", stream.name())).collect();
        let _ = write!(
            text,
            "\n[[application]]\nname = \"{name}\"\ntype = \"office365\"\ntenant_id = \"{}\"\nclient_id = \"{}\"\n\
             client_secret = \"{}\"\nstreams = [{}]\ncloud = \"custom\"\n\
             endpoints = {{ api = \"http://{simulator}\", login = \"http://{simulator}\" }}\n",
            tenant.tenant_id,
            tenant.client_id,
            tenant.client_secret,
            streams.join(", "),
        );
        names.push(name);
    }
    let _ = write!(
        text,
        "\n[[output]]\nname = \"files\"\ntype = \"file\"\n\
         path = \"{data_dir}/records/{{application}}/{{stream}}/{{date}}.ndjson\"\nformat = \"raw\"\n"
    );
    text
}

/// `northwind-health` for `Northwind Health`; numbered when it is taken.
fn instance_name(tenant: &TenantConfig, taken: &[String]) -> String {
    let mut name = String::new();
    for character in tenant.name.chars().take(40) {
        match character {
            c if c.is_ascii_alphanumeric() => name.push(c.to_ascii_lowercase()),
            _ if name.ends_with('-') || name.is_empty() => {}
            _ => name.push('-'),
        }
    }
    let name = name.trim_end_matches('-');
    let base = if name.is_empty() { "tenant" } else { name };
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    std::iter::once(base.to_owned()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use trailhound_config::Config;

    use super::*;

    #[test]
    fn the_printed_configuration_can_be_used() {
        let mut config = scenario("busy").unwrap();
        set_tenants(&mut config, 30);
        let rate = config.tenants[29].events_per_hour;
        assert_eq!(rate, SimConfig::named("busy").unwrap().tenants[0].events_per_hour);
        let address = "127.0.0.1:9000".parse().unwrap();
        let text = configuration(&config, address, "/tmp/x", "127.0.0.1:0".parse().unwrap());
        let (parsed, _) = Config::parse(&text, Path::new("printed.toml")).unwrap();
        assert_eq!(parsed.applications.len(), 30);
        assert_eq!(parsed.applications[0].streams.len(), 5);
    }
}
