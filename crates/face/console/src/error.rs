//! Why the console cannot be served.

use std::net::SocketAddr;

/// The console could not be started. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The address is not a loopback address and the configuration does not allow that.
    #[error("listen on `{0}`: the address can be reached from other machines")]
    Public(SocketAddr),
    /// The system refused the address.
    #[error("listen on `{address}`: {source}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// The system's words.
        source: std::io::Error,
    },
}

impl ConsoleError {
    /// What a person can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Public(_) => {
                "the endpoints answer without a password: listen on `127.0.0.1` under `[console]`, and let other \
                 machines in by way of a proxy or a tunnel"
            }
            Self::Bind { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => {
                "another program has the port: choose another `listen` under `[console]`"
            }
            Self::Bind { .. } => "choose an address of this machine as `listen` under `[console]`",
        }
    }
}
