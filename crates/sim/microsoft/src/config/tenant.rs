//! Tenants and the apps registered in them.

use serde::{Deserialize, Serialize};

use crate::stream::Stream;

/// One app in one tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantConfig {
    /// Shown in the events, such as `Northwind Health`.
    pub name: String,
    /// GUID.
    pub tenant_id: String,
    /// A verified domain, also usable in the login URL.
    pub domain: String,
    /// The app's GUID.
    pub client_id: String,
    /// The app's secret, this moment: change it to rotate.
    pub client_secret: String,
    /// What the login says of a correct secret.
    pub secret_state: SecretState,
    /// `x5t` or `x5t#S256` values of registered certificates. Empty: any assertion is taken.
    pub certificate_thumbprints: Vec<String>,
    /// PEM of the public key that assertions must be signed with. Empty: signatures are not checked.
    pub public_key_pem: String,
    /// A federated credential; assertions of its issuer need no thumbprint.
    pub federation: Option<Federation>,
    /// Whether the machine's managed identity belongs to this app.
    pub managed_identity: bool,
    /// What the administrator consented to.
    pub roles: Vec<Role>,
    /// Consent withdrawn: tokens carry no roles, and those already issued lose theirs.
    pub consent_withdrawn: bool,
    /// The app was disabled in the directory.
    pub app_disabled: bool,
    /// Set up wrongly on Microsoft's side: the API answers AF20012 to everything.
    pub misconfigured: bool,
    /// The unified audit log. Off: no start, and nothing new is published.
    pub auditing: bool,
    /// Subscribed to everything since the beginning of the history.
    pub subscribed_from_start: bool,
    /// Streams whose subscription the tenant's administrator disabled; a start does not help.
    pub disabled_streams: Vec<Stream>,
    /// How much happens.
    pub events_per_hour: EventsPerHour,
    /// When it happens.
    pub character: Character,
    /// Size of the population.
    pub people: u32,
}

impl Default for TenantConfig {
    fn default() -> Self {
        Self {
            name: "Contoso".to_owned(),
            tenant_id: "0c5b7d1e-5e0a-4c7e-9f35-6a1d1b0c0001".to_owned(),
            domain: "contoso.example".to_owned(),
            client_id: "7a1f6a52-3b1c-4d0e-8a44-2f90c6de0001".to_owned(),
            client_secret: "sim~secret".to_owned(),
            secret_state: SecretState::Valid,
            certificate_thumbprints: Vec::new(),
            public_key_pem: String::new(),
            federation: None,
            managed_identity: true,
            roles: vec![Role::ActivityFeedRead, Role::ActivityFeedReadDlp],
            consent_withdrawn: false,
            app_disabled: false,
            misconfigured: false,
            auditing: true,
            subscribed_from_start: false,
            disabled_streams: Vec::new(),
            events_per_hour: EventsPerHour::default(),
            character: Character::Office,
            people: 120,
        }
    }
}

/// Application roles that a token can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// All activity operations.
    #[serde(rename = "ActivityFeed.Read")]
    ActivityFeedRead,
    /// DLP events with the values found.
    #[serde(rename = "ActivityFeed.ReadDlp")]
    ActivityFeedReadDlp,
    /// Retired service health.
    #[serde(rename = "ServiceHealth.Read")]
    ServiceHealthRead,
    /// Retired usage reports.
    #[serde(rename = "ActivityReports.Read")]
    ActivityReportsRead,
    /// Of unknown use.
    #[serde(rename = "ThreatIntelligence.Read")]
    ThreatIntelligenceRead,
}

/// What became of the secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretState {
    /// Works.
    #[default]
    Valid,
    /// AADSTS7000222.
    Expired,
}

/// A federated identity credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Federation {
    /// `iss` of the external token.
    pub issuer: String,
    /// Its `sub`.
    pub subject: String,
    /// Its `aud`.
    pub audience: String,
}

/// Mean number of events per hour, each stream.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventsPerHour {
    /// `Audit.AzureActiveDirectory`.
    pub azure_active_directory: f64,
    /// `Audit.Exchange`.
    pub exchange: f64,
    /// `Audit.SharePoint`.
    pub share_point: f64,
    /// `Audit.General`.
    pub general: f64,
    /// `DLP.All`.
    pub dlp: f64,
}

impl Default for EventsPerHour {
    fn default() -> Self {
        Self::scaled(1.0)
    }
}

impl EventsPerHour {
    /// `factor` times an office of about a hundred people.
    pub fn scaled(factor: f64) -> Self {
        Self {
            azure_active_directory: 120.0 * factor,
            exchange: 200.0 * factor,
            share_point: 240.0 * factor,
            general: 80.0 * factor,
            dlp: 6.0 * factor,
        }
    }

    /// Of one stream.
    pub fn of(&self, stream: Stream) -> f64 {
        match stream {
            Stream::AzureActiveDirectory => self.azure_active_directory,
            Stream::Exchange => self.exchange,
            Stream::SharePoint => self.share_point,
            Stream::General => self.general,
            Stream::Dlp => self.dlp,
        }
    }
}

/// The shape of a tenant's day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Character {
    /// Busy by day, quiet at night and at week-ends.
    #[default]
    Office,
    /// The same at all hours.
    Flat,
    /// Long silences between bursts.
    Bursty,
}
