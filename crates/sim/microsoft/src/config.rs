//! Every switch of the simulated Microsoft. The defaults are what the best evidence says of the real one.

use serde::{Deserialize, Serialize};

use crate::stream::Stream;

mod blobs;
mod feed;
mod named;
mod tenant;
mod wire;

pub use blobs::{BlobSwitches, PinnedQuirk, Quirk, RecordSwitches};
pub use feed::{
    ContentIdForm, FeedSwitches, LongWindow, PageForm, QuotaWindow, StartEcho, StartSpacing, WindowCode,
};
pub use tenant::{Character, EventsPerHour, Federation, Role, SecretState, TenantConfig};
pub use wire::{Coding, LoginSwitches, Outage, OutageKind, WireSwitches};

/// The whole simulated world. TOML and JSON; an unknown key is an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimConfig {
    /// Same seed and same instants of asking: same bytes.
    pub seed: u64,
    /// How far back content exists at the first request, in hours.
    pub history_hours: u32,
    /// Most lines that the request log keeps.
    pub request_log_lines: usize,
    /// The token endpoints.
    pub login: LoginSwitches,
    /// The Management Activity API.
    pub feed: FeedSwitches,
    /// How records come in blobs, and what is wrong with some.
    pub blobs: BlobSwitches,
    /// What is wrong with some records.
    pub records: RecordSwitches,
    /// What goes wrong on the way.
    pub wire: WireSwitches,
    /// Blobs that shall have a certain quirk.
    pub pinned: Vec<PinnedQuirk>,
    /// Who is asked about. Two entries of one `tenant_id` are two apps in one tenant.
    pub tenants: Vec<TenantConfig>,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            history_hours: 168,
            request_log_lines: 10_000,
            login: LoginSwitches::default(),
            feed: FeedSwitches::default(),
            blobs: BlobSwitches::default(),
            records: RecordSwitches::default(),
            wire: WireSwitches::default(),
            pinned: Vec::new(),
            tenants: Self::default_tenants(1),
        }
    }
}

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl SimConfig {
    /// Reads a scenario file.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// This configuration with the given keys (JSON objects, nested) replaced.
    pub fn merged(&self, patch: &serde_json::Value) -> Result<Self, ConfigError> {
        let mut whole = serde_json::to_value(self).map_err(|error| ConfigError(error.to_string()))?;
        merge(&mut whole, patch);
        let config: Self = serde_json::from_value(whole).map_err(|error| ConfigError(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let bad = |what: &str| Err(ConfigError(what.to_owned()));
        if self.feed.page_size_blobs == 0 {
            return bad("`feed.page_size_blobs` must be at least 1");
        }
        if self.blobs.blob_every_seconds == 0 || self.blobs.records_per_blob_max == 0 {
            return bad("`blobs.blob_every_seconds` and `blobs.records_per_blob_max` must be at least 1");
        }
        if self.history_hours > 24 * 60 {
            return bad("`history_hours` must be at most 1440");
        }
        Ok(())
    }

    /// The tenant of this index's rate for a stream, in events per hour.
    pub(crate) fn rate(&self, tenant: usize, stream: Stream) -> f64 {
        self.tenants.get(tenant).map_or(0.0, |t| t.events_per_hour.of(stream))
    }
}

fn merge(whole: &mut serde_json::Value, patch: &serde_json::Value) {
    match (whole, patch) {
        (serde_json::Value::Object(whole), serde_json::Value::Object(patch)) => {
            for (key, value) in patch {
                merge(whole.entry(key.clone()).or_insert(serde_json::Value::Null), value);
            }
        }
        (whole, patch) => *whole = patch.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_reads_nested_switches_and_refuses_unknown_ones() {
        let text = "seed = 7\n[feed]\npage_size_blobs = 3\n[[pinned]]\nstream = 'DLP.All'\nordinal = 2\nquirk = 'poison'\n";
        let config = SimConfig::from_toml(text).unwrap();
        assert_eq!((config.seed, config.feed.page_size_blobs), (7, 3));
        assert_eq!(config.pinned[0].quirk, Quirk::Poison);
        assert!(SimConfig::from_toml("seeed = 7").is_err());
        assert!(SimConfig::from_toml("[feed]\npage_size_blobs = 0").is_err());
    }

    #[test]
    fn every_named_scenario_survives_toml_and_a_merge_changes_one_switch() {
        for name in SimConfig::names() {
            let config = SimConfig::named(name).unwrap();
            let text = toml::to_string(&config).unwrap();
            assert_eq!(SimConfig::from_toml(&text).unwrap(), config, "{name}");
        }
        let patch = serde_json::json!({"wire": {"error_rate": 0.5}});
        let merged = SimConfig::default().merged(&patch).unwrap();
        assert!((merged.wire.error_rate - 0.5).abs() < 1e-9);
        assert_eq!(merged.feed, FeedSwitches::default());
        assert!(SimConfig::default().merged(&serde_json::json!({"nonsense": 1})).is_err());
    }
}
