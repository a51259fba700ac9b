//! A scenario: a world, what happens in it, and what must be true at the end. One TOML file each.

mod event;
mod expect;
mod value;
mod world;

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use trailhound_sim_microsoft::Stream;

pub use event::{DiskName, Event, Happening, OutageForm, OutputKind};
pub use expect::Expect;
pub use value::{Amount, Length, duration};
pub(crate) use world::{Draws, with_tenant};
pub use world::{Tenants, draw};

/// A world with a product in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's name without its ending.
    pub name: String,
    /// What a green run shows, in one sentence: it stands in `docs/scenarios.md`.
    pub proves: String,
    /// How the product is run.
    pub mode: Mode,
    /// `follow`: how long. `once`: how long it may take at most.
    pub lasts: Length,
    /// Most seeds of a campaign, for scenarios whose runs are heavy.
    pub seeds_max: Option<u64>,
    /// Too heavy for the tests, which are not optimised: played by campaigns only.
    #[serde(default)]
    pub campaign_only: bool,
    /// Seeds that every run of the tests plays, unless it is for campaigns only.
    #[serde(default)]
    pub kept: Vec<KeptSeed>,
    /// Switches of the simulated Microsoft that differ from the base world; numbers may be ranges.
    #[serde(default)]
    pub world: toml::Table,
    /// Who is collected from.
    #[serde(default)]
    pub tenants: Tenants,
    /// How the product is set up.
    #[serde(default)]
    pub product: Product,
    /// Deaths and errors at commit points.
    #[serde(default)]
    pub crashes: Crashes,
    /// What happens on the way.
    #[serde(default, rename = "event")]
    pub events: Vec<Event>,
    /// What must be true at the end, besides the promises.
    #[serde(default)]
    pub expect: Expect,
}

/// How the product is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One collection of everything that can be had; it must end by itself.
    Once,
    /// It stays until the time is over.
    Follow,
}

/// A seed that is played by every run of the tests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptSeed {
    /// The seed.
    pub seed: u64,
    /// Why it is kept.
    pub why: String,
}

/// How the product is set up.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Product {
    /// Streams of every instance.
    pub streams: Vec<Stream>,
    /// Time between live polls.
    pub poll_every: Length,
    /// Where records go.
    pub outputs: Vec<OutputKind>,
    /// The configured quota; without it the documented baseline.
    pub requests_per_minute: Option<u32>,
    /// How far the machine's clock is ahead, in seconds; may be negative.
    pub clock_ahead_seconds: Option<Amount>,
    /// Begin in the data folder that an older version left, by the name of its file in `scenarios/data`.
    pub data_folder: Option<String>,
    /// How long after the world the product begins: as long as the older version ran in it.
    pub begins_after: Option<Length>,
}

impl Default for Product {
    fn default() -> Self {
        Self {
            streams: vec![Stream::Exchange, Stream::General],
            poll_every: Length::minutes(5),
            outputs: vec![OutputKind::File, OutputKind::Receiver],
            requests_per_minute: None,
            clock_ahead_seconds: None,
            data_folder: None,
            begins_after: None,
        }
    }
}

/// Deaths and errors at commit points: every changing call of the journal, every step of an output's disk and
/// every delivery counts as one, and at seeded ones something happens just before or just after it is done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Crashes {
    /// How often the process dies.
    pub kills: Option<Amount>,
    /// How often a call answers with an error, whether or not it was done.
    pub errors: Option<Amount>,
    /// How often the machine loses power in a write or a sync of the journal that follows such a point.
    pub power_losses: Option<Amount>,
    /// About how many points lie between two of them.
    pub every_points: Option<Amount>,
    /// A run has at most so many points, and the process dies at one of them alone: the seed's half modulo this is
    /// its number, even seeds die before it and odd ones after it. All else is drawn as by seed 0, so twice as many
    /// seeds in a row go through every point of one run. Without the others.
    pub each_of_points: Option<NonZeroU64>,
}

/// A scenario file cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{}`: {what}", path.display())]
pub struct ScenarioError {
    /// Which file or folder.
    pub path: PathBuf,
    /// What is wrong.
    pub what: String,
}

impl Scenario {
    /// Reads a scenario file.
    pub fn from_toml(path: &Path, text: &str) -> Result<Self, ScenarioError> {
        let wrong = |what: String| ScenarioError { path: path.to_owned(), what };
        let scenario: Self = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if scenario.name != stem {
            return Err(wrong(format!("its `name` is `{}`; it must be the file's", scenario.name)));
        }
        if scenario.kept.is_empty() {
            return Err(wrong("keep at least one seed (`[[kept]]`)".to_owned()));
        }
        scenario.expect.check().map_err(wrong)?;
        scenario.crashes.check().map_err(wrong)?;
        // What a seed draws does not change what is right: one trial tells all mistakes.
        scenario.sim_config(0).map_err(wrong)?;
        Ok(scenario)
    }

    /// All scenarios of a folder, by name.
    pub fn all(folder: &Path) -> Result<Vec<Self>, ScenarioError> {
        let wrong =
            |error: std::io::Error| ScenarioError { path: folder.to_owned(), what: error.to_string() };
        let mut scenarios = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(wrong)? {
            let path = entry.map_err(wrong)?.path();
            if path.extension().is_some_and(|ending| ending == "toml") {
                let text = std::fs::read_to_string(&path).map_err(wrong)?;
                scenarios.push(Self::from_toml(&path, &text)?);
            }
        }
        scenarios.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(scenarios)
    }

    /// What everything but the deaths is drawn with.
    pub(crate) fn world_seed(&self, seed: u64) -> u64 {
        if self.crashes.each_of_points.is_some() { 0 } else { seed }
    }

    /// The repository's scenarios.
    pub fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../scenarios")
    }
}

impl Crashes {
    fn check(&self) -> Result<(), String> {
        let others = [self.kills, self.errors, self.power_losses, self.every_points];
        if self.each_of_points.is_some() && others.iter().any(Option::is_some) {
            return Err("`crashes.each_of_points` stands alone: take the others out".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str =
        "name = 'small'\nproves = 'x'\nmode = 'once'\nlasts = '1h'\n[[kept]]\nseed = 1\nwhy = 'x'\n";

    fn read(more: &str) -> Result<Scenario, ScenarioError> {
        Scenario::from_toml(Path::new("scenarios/small.toml"), &format!("{SMALL}{more}"))
    }

    #[test]
    fn a_misspelt_switch_event_or_counter_is_refused() {
        assert!(read("").is_ok());
        for wrong in [
            "[world.wire]\nerror_rat = 0.1\n",
            "[[event]]\nat = '1h'\nkind = 'outrage'\n",
            "[[event]]\nat = '1h'\nkind = 'outage'\nlasts = '1h'\nlast = '1h'\n",
            "[expect]\nat_least = { duplicats = 1 }\n",
            "[expect]\ngaps = ['lost']\n",
            "[product]\npoll_every = 'often'\n",
            "[crashes]\nkills = 1\neach_of_points = 9\n",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_seed_moves_ranges_and_nothing_else() {
        let scenario = read("[world.wire]\nerror_rate = { between = [0.1, 0.2] }\n").unwrap();
        let (one, two) = (scenario.sim_config(1).unwrap(), scenario.sim_config(2).unwrap());
        assert!((0.1..=0.2).contains(&one.wire.error_rate));
        assert!((one.wire.error_rate - two.wire.error_rate).abs() > 1e-6);
        assert_eq!(one, scenario.sim_config(1).unwrap());
        assert_eq!(one.feed, two.feed);
    }
}
