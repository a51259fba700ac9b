//! From the configuration to things that run: clients, outputs, the journal.

use std::sync::Arc;

use trailhound_config::{Application, Cloud, Config, Credential, Output as OutputSettings, TokenVersion};
use trailhound_env::{Clock, Disk, Entropy, HttpTransport};
use trailhound_journal::{Journal, JournalConfig, JournalError, SqliteJournal};
use trailhound_ledger::{BudgetLimits, Limits};
use trailhound_microsoft::{Client, ClientConfig, Endpoints};
use trailhound_model::InstanceName;
use trailhound_net::{NetProfile, TransportPool};
use trailhound_outputs::{Compression, FileConfig, FileOutput, Format, Output};

use crate::board::Board;
use crate::by_hand::Controls;
use crate::office365::Office365;
use crate::quota::QuotaKey;
use crate::wire::{Instance, Plant};

/// Newest chunks held decoded, so that outputs that keep up never decompress: four batches of a delivery.
const CACHE_BYTES: usize = 32 << 20;

/// Something that the configuration says cannot be made.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct SiteError {
    /// What happened, with the place.
    pub what: String,
    /// What a person can do.
    pub hint: String,
}

/// An application with its client.
#[derive(Clone)]
pub struct SiteInstance {
    /// As configured.
    pub settings: Application,
    /// Speaks for it.
    pub client: Arc<Client>,
    /// Its way out.
    pub transport: Arc<dyn HttpTransport>,
    /// Where it calls.
    pub endpoints: Endpoints,
}

/// What the environment gives to a site.
#[derive(Clone)]
pub struct Surroundings {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Disk of the outputs.
    pub disk: Arc<dyn Disk>,
}

/// Makes the clients of the configured applications; `only`: of these alone (empty: of all).
pub fn instances(
    config: &Config,
    only: &[InstanceName],
    pool: &TransportPool,
    around: &Surroundings,
) -> Result<Vec<SiteInstance>, SiteError> {
    if let Some(unknown) = only.iter().find(|name| !config.applications.iter().any(|a| a.name == **name)) {
        let known: Vec<&str> = config.applications.iter().map(|a| a.name.as_str()).collect();
        return Err(SiteError {
            what: format!("there is no application `{unknown}` in the configuration"),
            hint: format!("choose among: {}", known.join(", ")),
        });
    }
    let chosen = config.applications.iter().filter(|a| only.is_empty() || only.contains(&a.name));
    chosen.map(|application| instance(application, pool, around)).collect()
}

/// Makes the client of one application.
pub fn instance(
    settings: &Application,
    pool: &TransportPool,
    around: &Surroundings,
) -> Result<SiteInstance, SiteError> {
    let of = |what: String| format!("application `{}`: {what}", settings.name);
    let profile = NetProfile {
        proxy: settings.proxy.as_ref().map(|proxy| proxy.expose().to_string()),
        extra_ca_file: settings.ca_file.clone(),
        ..NetProfile::default()
    };
    let transport = pool
        .get(&profile)
        .map_err(|error| SiteError { what: of(error.to_string()), hint: error.hint().to_owned() })?;
    let refused = |error: trailhound_microsoft::ConfigError| SiteError {
        what: of(error.to_string()),
        hint: error.hint().to_owned(),
    };
    let endpoints = endpoints(&settings.cloud).map_err(refused)?;
    let client = Client::new(
        ClientConfig {
            endpoints: endpoints.clone(),
            tenant_id: settings.tenant_id.clone(),
            client_id: settings.client_id.clone().unwrap_or_default(),
            credential: credential(&settings.credential),
            publisher_id: settings.publisher_id.clone(),
            token_version: match settings.token_version {
                TokenVersion::V1 => trailhound_microsoft::TokenVersion::V1,
                TokenVersion::V2 => trailhound_microsoft::TokenVersion::V2,
            },
        },
        Arc::clone(&transport),
        Arc::clone(&around.clock),
        Arc::clone(&around.entropy),
    )
    .map_err(refused)?;
    Ok(SiteInstance { settings: settings.clone(), client: Arc::new(client), transport, endpoints })
}

/// Makes the configured outputs. Touches no receiver.
pub fn outputs(config: &Config, around: &Surroundings) -> Result<Vec<Box<dyn Output>>, SiteError> {
    config.outputs.iter().map(|settings| output(settings, around)).collect()
}

fn output(settings: &OutputSettings, around: &Surroundings) -> Result<Box<dyn Output>, SiteError> {
    let OutputSettings::File(file) = settings;
    let made = FileOutput::new(
        FileConfig {
            name: file.name.clone(),
            path: file.path.clone(),
            rotate_bytes: file.rotate_bytes,
            rotate_after: file.rotate_after,
            compression: match file.compression {
                trailhound_config::Compression::None => Compression::None,
                trailhound_config::Compression::Gzip => Compression::Gzip,
                trailhound_config::Compression::Zstd => Compression::Zstd,
            },
            format: Format::Raw,
        },
        Arc::clone(&around.disk),
    );
    match made {
        Ok(output) => Ok(Box::new(output)),
        Err(error) => {
            Err(SiteError { what: format!("output `{}`: {}", file.name, error.what), hint: error.hint })
        }
    }
}

/// Opens the journal in the configured data folder.
pub fn open_journal(config: &Config, around: &Surroundings) -> Result<Arc<dyn Journal>, JournalError> {
    let settings = JournalConfig {
        retention: config.journal.retention,
        cache_bytes: CACHE_BYTES,
        ..JournalConfig::new(&config.data_dir)
    };
    Ok(Arc::new(SqliteJournal::open(settings, Arc::clone(&around.clock))?))
}

/// Puts everything together.
pub fn plant(
    instances: &[SiteInstance],
    outputs: Vec<Box<dyn Output>>,
    journal: Arc<dyn Journal>,
    board: Board,
    limits: Limits,
    around: &Surroundings,
) -> Plant {
    let instances = instances
        .iter()
        .map(|instance| Instance {
            name: instance.settings.name.clone(),
            source: Arc::new(
                Office365::new(Arc::clone(&instance.client))
                    .with_secret_expires(instance.settings.secret_expires),
            ),
            streams: instance.settings.streams.clone(),
            start: instance.settings.collection_start,
            poll_every: instance.settings.poll_interval,
            quota: quota_of(instance),
            budget: instance
                .settings
                .requests_per_minute
                .map_or_else(BudgetLimits::default, BudgetLimits::for_quota),
        })
        .collect();
    let (clock, entropy) = (Arc::clone(&around.clock), Arc::clone(&around.entropy));
    Plant { journal, clock, entropy, board, instances, outputs, limits, controls: Controls::default() }
}

fn quota_of(instance: &SiteInstance) -> QuotaKey {
    let tenant = instance.settings.tenant_id.to_ascii_lowercase();
    let publisher =
        instance.settings.publisher_id.as_ref().map_or(tenant.clone(), |id| id.to_ascii_lowercase());
    let url = &instance.endpoints.api;
    let host = url.host_str().unwrap_or_default();
    let api = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    QuotaKey { api, tenant, publisher }
}

fn endpoints(cloud: &Cloud) -> Result<Endpoints, trailhound_microsoft::ConfigError> {
    use trailhound_microsoft::Cloud as Api;
    Ok(match cloud {
        Cloud::Commercial => Endpoints::of(Api::Commercial),
        Cloud::Gcc => Endpoints::of(Api::Gcc),
        Cloud::GccHigh => Endpoints::of(Api::GccHigh),
        Cloud::Dod => Endpoints::of(Api::Dod),
        Cloud::China => Endpoints::of(Api::China),
        Cloud::Custom(own) => Endpoints::custom(own.api.as_str(), own.login.as_str())?,
    })
}

fn credential(settings: &Credential) -> trailhound_microsoft::Credential {
    use trailhound_microsoft::Credential as Api;
    match settings.clone() {
        Credential::Secret(source) => Api::Secret(source),
        Credential::Certificate { file, key, password } => Api::Certificate { file, key, password },
        Credential::FederatedToken(file) => Api::FederatedToken(file),
        Credential::ManagedIdentity { client_id } => Api::ManagedIdentity { client_id },
    }
}
