//! The file as it is written: every key with its words. The schema, the reference page and the error messages
//! come from here; what goes beyond types is in `check/`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::secret_wire::SecretWire;

/// Settings of Trailhound.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "trailhound.toml")]
pub(crate) struct FileWire {
    /// Folder of the journal and the state. Only one collector may use it at a time.
    pub(crate) data_dir: String,
    /// The web console, its API, health and metrics.
    pub(crate) console: Option<ConsoleWire>,
    /// The store between Microsoft and the outputs.
    pub(crate) journal: Option<JournalWire>,
    /// One tenant as seen by one registered app; any number. Shown in the console as read-only.
    #[serde(default)]
    pub(crate) application: Vec<ApplicationWire>,
    /// Where records go; any number. Every output gets every record.
    #[serde(default)]
    pub(crate) output: Vec<OutputWire>,
}

/// The web console, its API, health and metrics.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Console")]
pub(crate) struct ConsoleWire {
    /// Address and port to listen on. Default: `127.0.0.1:8365`.
    pub(crate) listen: Option<String>,
}

/// The store between Microsoft and the outputs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Journal")]
pub(crate) struct JournalWire {
    /// How long records stay after every output has them, such as `24h` (between `0s` and `90d`). An output that
    /// is behind keeps them longer. Default: `24h`.
    pub(crate) retention: Option<String>,
}

/// One tenant as seen by one registered app.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Application")]
pub(crate) struct ApplicationWire {
    /// Name of the instance, unique in the file: 1 to 64 letters, digits, `.`, `_` or `-`. It becomes part of file
    /// names and metrics.
    pub(crate) name: String,
    /// Kind of source.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["office365"]))]
    pub(crate) kind: String,
    /// Directory (tenant) ID: a GUID. The API refuses domain names.
    pub(crate) tenant_id: String,
    /// Application (client) ID of the registered app: a GUID. Needed unless `managed_identity` is used.
    pub(crate) client_id: Option<String>,
    /// The app's client secret: its value, not its ID. Exactly one of `client_secret`, `certificate`,
    /// `federated_token` and `managed_identity` is needed.
    pub(crate) client_secret: Option<SecretWire>,
    /// A certificate that is registered on the app.
    pub(crate) certificate: Option<CertificateWire>,
    /// Workload identity federation: a token of an outside issuer instead of a secret.
    pub(crate) federated_token: Option<FederatedTokenWire>,
    /// The identity of the Azure machine that the collector runs on.
    pub(crate) managed_identity: Option<ManagedIdentityWire>,
    /// Day on which the secret or certificate ends, such as `2027-03-01`. Warnings begin before it.
    pub(crate) secret_expires: Option<String>,
    /// Content streams to collect: `Audit.AzureActiveDirectory`, `Audit.Exchange`, `Audit.SharePoint`,
    /// `Audit.General`, `DLP.All`. At least one.
    pub(crate) streams: Vec<String>,
    /// Beginning of the collection, such as `2026-11-20T00:00:00Z`. Microsoft keeps seven days. Default: as far
    /// back as can be had.
    pub(crate) collection_start: Option<String>,
    /// Microsoft's cloud that the tenant lives in. Default: `commercial`.
    #[schemars(extend("enum" = ["commercial", "gcc", "gcc-high", "dod", "china", "custom"]))]
    pub(crate) cloud: Option<String>,
    /// Hosts of one's own; with `cloud = "custom"` only, and needed there.
    pub(crate) endpoints: Option<EndpointsWire>,
    /// Proxy for this instance, such as `http://proxy.example:3128` (`http`, `https`, `socks5`, `socks5h`).
    /// Default: the proxy variables of the environment.
    pub(crate) proxy: Option<String>,
    /// PEM file with further certificate authorities, for a proxy that opens TLS.
    pub(crate) ca_file: Option<String>,
    /// `PublisherIdentifier` of the calls: a GUID. Default: the tenant's ID.
    pub(crate) publisher_id: Option<String>,
    /// Which token endpoint is asked: `1` or `2`. Default: `2`.
    #[schemars(extend("enum" = [1, 2]))]
    pub(crate) token_version: Option<i64>,
    /// How often the newest content is asked for, such as `60s` (between `10s` and `24h`). Default: the
    /// collector's own choice.
    pub(crate) poll_interval: Option<String>,
    /// Requests that may be sent for the tenant in a minute (60 to 1000000): a ceiling, for instance when other
    /// collectors share the tenant's quota. Default: no ceiling; the rate begins at Microsoft's baseline of
    /// `2000` and finds the tenant's quota by itself. Applications of one tenant share the rate.
    pub(crate) requests_per_minute: Option<i64>,
}

/// A certificate that is registered on the app.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Certificate")]
pub(crate) struct CertificateWire {
    /// PEM with the certificate (and its key, unless `key` is given), or a PFX (`.pfx`, `.p12`).
    pub(crate) file: String,
    /// PEM of the private key.
    pub(crate) key: Option<SecretWire>,
    /// Password of the PFX.
    pub(crate) password: Option<SecretWire>,
}

/// Workload identity federation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FederatedToken")]
pub(crate) struct FederatedTokenWire {
    /// File with the outside issuer's token; read anew each time.
    pub(crate) file: String,
}

/// The identity of the Azure machine that the collector runs on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ManagedIdentity")]
pub(crate) struct ManagedIdentityWire {
    /// Client ID of a user-assigned identity: a GUID. Default: the machine's own identity.
    pub(crate) client_id: Option<String>,
}

/// Hosts of one's own. `https`; plain `http` is for loopback addresses alone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Endpoints")]
pub(crate) struct EndpointsWire {
    /// Root of the Management Activity API.
    pub(crate) api: String,
    /// Root of the login authority.
    pub(crate) login: String,
}

/// Where records go.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Output")]
pub(crate) struct OutputWire {
    /// Name of the output, unique in the file: 1 to 64 letters, digits, `.`, `_` or `-`. Its progress is kept under
    /// this name: an output with a new name begins with what the journal still has.
    pub(crate) name: String,
    /// Kind of output.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["file"]))]
    pub(crate) kind: String,
    /// Path of the files. `{application}`, `{stream}`, `{date}` and `{hour}` are filled in; the time is that of the
    /// delivery in UTC.
    pub(crate) path: Option<String>,
    /// Form of a record: `raw` is one record a line as Microsoft sent it. Default: `raw`.
    #[schemars(extend("enum" = ["raw"]))]
    pub(crate) format: Option<String>,
    /// A new part (`x.1.ndjson`, `x.2.ndjson`, …) begins before a file would grow beyond this, such as `512MiB` (at
    /// least `64KiB`). Default: no limit.
    pub(crate) rotate_size: Option<String>,
    /// A new part begins when the current one is this old, such as `1h` (between `1m` and `31d`). Default: never.
    pub(crate) rotate_every: Option<String>,
    /// How the files are packed. Default: `none`.
    #[schemars(extend("enum" = ["none", "gzip", "zstd"]))]
    pub(crate) compression: Option<String>,
}
