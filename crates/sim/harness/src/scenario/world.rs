//! The simulated Microsoft of a scenario under a seed: a small base world with the scenario's changes.

use serde::Deserialize;
use serde_json::Value as Json;
use toml::{Table, Value};
use trailhound_sim_microsoft::{Character, Coding, Dice, EventsPerHour, SimConfig};

use super::Scenario;
use super::value::range;

/// Who is collected from.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tenants {
    /// How many; each is an instance of the product.
    pub count: usize,
    /// Settings of all of them.
    pub all: Table,
    /// Settings of single ones, in their order.
    pub each: Vec<Table>,
}

impl Default for Tenants {
    fn default() -> Self {
        Self { count: 1, all: Table::new(), each: Vec::new() }
    }
}

/// Draws of a scenario are kept apart, so that a new one does not move the others.
pub(crate) enum Draws {
    World = 1,
    Events,
    Product,
    Crashes,
    Receiver,
    Disk,
}

impl Scenario {
    /// The simulator's switches under a seed.
    pub fn sim_config(&self, seed: u64) -> Result<SimConfig, String> {
        let mut dice = self.dice(seed, Draws::World);
        let mut config = base(seed, self.tenants.count);
        for index in 0..config.tenants.len() {
            let patches = [Some(&self.tenants.all), self.tenants.each.get(index)];
            for patch in patches.into_iter().flatten() {
                config = with_tenant(&config, index, &draw(patch, &mut dice)?)?;
            }
        }
        config.merged(&draw(&self.world, &mut dice)?).map_err(|error| error.to_string())
    }

    pub(crate) fn dice(&self, seed: u64, draws: Draws) -> Dice {
        let name = self.name.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Dice::of(&[seed, name, draws as u64])
    }
}

/// The configuration with settings of one tenant replaced.
pub(crate) fn with_tenant(config: &SimConfig, index: usize, patch: &Json) -> Result<SimConfig, String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let mut tenants = serde_json::to_value(&config.tenants).map_err(|error| failed(&error))?;
    let fields = patch.as_object().into_iter().flatten();
    for (key, value) in fields {
        tenants[index][key] = value.clone();
    }
    config.merged(&serde_json::json!({ "tenants": tenants })).map_err(|error| failed(&error))
}

/// A table of switches with its ranges drawn.
pub fn draw(table: &Table, dice: &mut Dice) -> Result<Json, String> {
    let fields = table.iter().map(|(key, value)| Ok((key.clone(), drawn(value, dice)?)));
    fields.collect::<Result<serde_json::Map<_, _>, String>>().map(Json::Object)
}

fn drawn(value: &Value, dice: &mut Dice) -> Result<Json, String> {
    match value {
        Value::Table(table) if table.contains_key("between") => {
            let (from, to) = range(value)?.ok_or("a range needs two ends")?;
            match (from, to) {
                (Value::Integer(from), Value::Integer(to)) => Ok(dice.between(*from, to + 1).into()),
                (Value::Float(from), Value::Float(to)) => Ok((from + (to - from) * dice.unit()).into()),
                _ => Err(format!("`{value}`: both ends must be whole numbers, or both with a point")),
            }
        }
        Value::Table(table) => draw(table, dice),
        Value::Array(items) => {
            items.iter().map(|item| drawn(item, dice)).collect::<Result<Vec<_>, _>>().map(Json::Array)
        }
        other => serde_json::to_value(other).map_err(|error| error.to_string()),
    }
}

/// One small office with a day of history, without faults: some hundred records, so that a run is quick.
fn base(seed: u64, tenants: usize) -> SimConfig {
    let mut config = SimConfig {
        seed,
        history_hours: 24,
        request_log_lines: 400_000,
        tenants: SimConfig::default_tenants(tenants),
        ..SimConfig::default()
    };
    config.blobs.blob_every_seconds = 1_800;
    config.records.duplicate_rate = 0.03;
    config.feed.page_size_blobs = 20;
    config.wire.coding = Coding::Gzip;
    for tenant in &mut config.tenants {
        tenant.subscribed_from_start = true;
        tenant.people = 12;
        tenant.character = Character::Flat;
        tenant.events_per_hour = EventsPerHour::scaled(0.05);
    }
    config
}
