//! The real network: [`trailhound_env::HttpTransport`] on reqwest and rustls.
//!
//! What it is: one transport per [`NetProfile`] (proxy, extra CA, time-outs), shared through a
//! [`TransportPool`].
//! What it promises: no redirect is followed, no content coding undone, no request repeated; a body cut short
//! is an error; a failure is told by its kind, without addresses' queries or the proxy's password (S1).
//! What it never does: know what is sent; read a token or a secret.
//! Where to start: [`ReqwestTransport`], then `classify.rs`.

mod classify;
mod pool;
mod profile;
#[cfg(test)]
mod tests;
mod transport;

pub use pool::{MAX_POOLED_TRANSPORTS, TransportPool};
pub use profile::{MAX_CA_FILE_BYTES, NetError, NetProfile};
pub use transport::ReqwestTransport;
