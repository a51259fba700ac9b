//! The settings, checked and typed.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use trailhound_env::SecretSource;
use trailhound_model::{InstanceName, OutputName, StreamName, Timestamp};
use url::Url;

/// Everything that `trailhound.toml` says.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the journal and the state lie.
    pub data_dir: PathBuf,
    /// `[console]`.
    pub console: Console,
    /// `[journal]`.
    pub journal: Journal,
    /// `[[application]]`, in the file's order. Names are unique.
    pub applications: Vec<Application>,
    /// `[[output]]`, in the file's order. Names are unique.
    pub outputs: Vec<Output>,
}

/// `[console]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Address of the console, its API, health and metrics.
    pub listen: SocketAddr,
}

/// `[journal]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// How long records stay after every output has them.
    pub retention: Duration,
}

/// One tenant as seen by one registered app.
#[derive(Clone, Debug)]
pub struct Application {
    /// Unique.
    pub name: InstanceName,
    /// A GUID in lower case.
    pub tenant_id: String,
    /// A GUID in lower case; absent only with [`Credential::ManagedIdentity`].
    pub client_id: Option<String>,
    /// How the app proves who it is.
    pub credential: Credential,
    /// When the secret or certificate ends, for the warning.
    pub secret_expires: Option<Timestamp>,
    /// At least one, in Microsoft's spelling, none twice.
    pub streams: Vec<StreamName>,
    /// From when on records are wanted.
    pub collection_start: Option<Timestamp>,
    /// Which hosts.
    pub cloud: Cloud,
    /// The way out, when it is not direct.
    pub proxy: Option<Proxy>,
    /// Further certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// A GUID in lower case.
    pub publisher_id: Option<String>,
    /// Which token endpoint.
    pub token_version: TokenVersion,
    /// How often the newest content is asked for; `None`: the collector's own choice.
    pub poll_interval: Option<Duration>,
    /// Most requests a minute for the tenant; `None`: its quota is found by trying.
    pub requests_per_minute: Option<u32>,
}

/// How an app proves who it is. Secrets are read when they are needed, not here.
#[derive(Clone, Debug)]
pub enum Credential {
    /// `client_secret`
    Secret(SecretSource),
    /// `certificate`
    Certificate {
        /// PEM, or PFX.
        file: PathBuf,
        /// The private key, when it is not in `file`.
        key: Option<SecretSource>,
        /// Of the PFX.
        password: Option<SecretSource>,
    },
    /// `federated_token`: the file with the outside issuer's token.
    FederatedToken(PathBuf),
    /// `managed_identity`
    ManagedIdentity {
        /// Of a user-assigned identity.
        client_id: Option<String>,
    },
}

/// Microsoft's clouds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// Worldwide.
    Commercial,
    /// US government community.
    Gcc,
    /// US government, high.
    GccHigh,
    /// US department of defence.
    Dod,
    /// Operated by 21Vianet.
    China,
    /// Hosts of one's own.
    Custom(Endpoints),
}

/// Hosts of a custom cloud: `https`, or `http` on a loopback address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Root of the Management Activity API.
    pub api: Url,
    /// Root of the login authority.
    pub login: Url,
}

/// Which token endpoint is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenVersion {
    /// `token_version = 1`
    V1,
    /// `token_version = 2`, the default
    V2,
}

/// A proxy's address. Printing it never shows the name and password that may be in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(pub(crate) Url);

impl Proxy {
    /// With name and password: for the connection only.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or(""))?;
        self.0.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `[[output]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// `type = "file"`
    File(FileOutput),
}

impl Output {
    /// Unique among the outputs.
    pub fn name(&self) -> &OutputName {
        match self {
            Self::File(file) => &file.name,
        }
    }
}

/// `type = "file"`, format `raw`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOutput {
    /// Unique.
    pub name: OutputName,
    /// With placeholders, which the output itself checks.
    pub path: String,
    /// `rotate_size`, in bytes.
    pub rotate_bytes: Option<u64>,
    /// `rotate_every`
    pub rotate_after: Option<Duration>,
    /// `compression`
    pub compression: Compression,
}

/// How files are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}
