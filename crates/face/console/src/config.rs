//! Where the console listens.

use std::net::SocketAddr;

/// The `[console]` part of the configuration, as far as the server needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Listening on anything but a loopback address needs this: the endpoints answer without a password. Whoever
    /// sets it must have been asked for it in so many words.
    pub allow_public: bool,
}
