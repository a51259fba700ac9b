//! How to reach the network.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

/// Longest CA file that is read, in bytes: all of the world's public roots are a quarter of it.
pub const MAX_CA_FILE_BYTES: u64 = 1 << 20;

/// How to reach the network. Equal profiles share their connections.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NetProfile {
    /// `http://`, `https://` or `socks5://` address of a proxy for every host, perhaps with `user:password@`.
    /// `None`: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` of the environment.
    pub proxy: Option<String>,
    /// PEM file of CAs that are trusted besides the system's own.
    pub extra_ca_file: Option<PathBuf>,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for the first byte of an answer, from the sending of the request on.
    pub first_byte_timeout: Duration,
    /// Longest silence inside a body.
    pub idle_timeout: Duration,
}

impl Default for NetProfile {
    /// No explicit proxy, no extra CA; 10 s to connect, 60 s to the first byte, 60 s of silence: busy tenants
    /// are slow to answer.
    fn default() -> Self {
        Self {
            proxy: None,
            extra_ca_file: None,
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_mins(1),
            idle_timeout: Duration::from_mins(1),
        }
    }
}

impl fmt::Debug for NetProfile {
    /// Without the proxy's user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetProfile")
            .field("proxy", &self.proxy.as_deref().map(without_credentials))
            .field("extra_ca_file", &self.extra_ca_file)
            .field("connect_timeout", &self.connect_timeout)
            .field("first_byte_timeout", &self.first_byte_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .finish()
    }
}

/// A profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The proxy's address is not one.
    #[error("`{0}` is not the address of a proxy")]
    Proxy(String),
    /// The CA file cannot be read.
    #[error("the CA file `{path}` cannot be used: {why}")]
    CaFile {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// TLS or the resolver could not be set up.
    #[error("the network client cannot be set up: {0}")]
    SetUp(String),
}

impl NetError {
    /// What a person can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Proxy(_) => "write it as `http://host:port` or `http://user:password@host:port`",
            Self::CaFile { .. } => "give a PEM file with one or more `CERTIFICATE` sections",
            Self::SetUp(_) => "check that the system's CA certificates are installed",
        }
    }
}

/// What of a proxy's address may be shown.
pub(crate) fn without_credentials(proxy: &str) -> String {
    proxy.rsplit('@').next().unwrap_or_default().to_owned()
}

impl NetProfile {
    pub(crate) fn proxy_url(&self) -> Result<Option<Url>, NetError> {
        let Some(text) = self.proxy.as_deref() else { return Ok(None) };
        let refuse = || NetError::Proxy(without_credentials(text));
        let url = Url::parse(text.trim()).map_err(|_| refuse())?;
        let known = matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h");
        if known && url.has_host() { Ok(Some(url)) } else { Err(refuse()) }
    }

    /// The extra CAs as they are now.
    pub(crate) fn read_ca_file(&self) -> Result<Option<Vec<u8>>, NetError> {
        let Some(path) = self.extra_ca_file.as_deref() else { return Ok(None) };
        let pem = read_limited(path).map_err(|error| ca_error(path, &error.to_string()))?;
        if pem.len() as u64 > MAX_CA_FILE_BYTES {
            return Err(ca_error(path, "it is longer than 1 MiB"));
        }
        Ok(Some(pem))
    }
}

pub(crate) fn ca_error(path: &Path, why: &str) -> NetError {
    NetError::CaFile { path: path.to_owned(), why: why.to_owned() }
}

fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_CA_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
