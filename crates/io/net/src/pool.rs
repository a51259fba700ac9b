//! Transports by profile: instances with the same way to the network share their connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use trailhound_env::HttpTransport;

use crate::{NetError, NetProfile, ReqwestTransport};

/// Most transports that are kept, in number; beyond it those that nobody uses are dropped first.
pub const MAX_POOLED_TRANSPORTS: usize = 256;

/// A profile together with what its CA file held: a file that changed gives a new transport.
type Key = (NetProfile, Option<Vec<u8>>);

/// The transports in use.
#[derive(Default)]
pub struct TransportPool {
    transports: Mutex<HashMap<Key, Arc<ReqwestTransport>>>,
}

impl TransportPool {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// The profile's transport; made when it is new.
    pub fn get(&self, profile: &NetProfile) -> Result<Arc<dyn HttpTransport>, NetError> {
        let key = (profile.clone(), profile.read_ca_file()?);
        let mut transports = self.transports.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(transport) = transports.get(&key) {
            return Ok(transport.clone());
        }
        let transport = Arc::new(ReqwestTransport::with_cas(profile, key.1.as_deref())?);
        if transports.len() >= MAX_POOLED_TRANSPORTS {
            transports.retain(|_, kept| Arc::strong_count(kept) > 1);
        }
        if transports.len() < MAX_POOLED_TRANSPORTS {
            transports.insert(key, transport.clone());
        }
        Ok(transport)
    }
}
