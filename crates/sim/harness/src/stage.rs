//! Everything that stands around the product in a run, and outlives its processes.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use trailhound_env::{Clock, SecretSource, SeededEntropy, VirtualClock};
use trailhound_journal::Journal;
use trailhound_ledger::{BudgetLimits, Limits};
use trailhound_microsoft::{Client, ClientConfig, Credential, Endpoints, TokenVersion};
use trailhound_model::{InstanceName, OutputName, StreamName, Timestamp, minutes};
use trailhound_outputs::testing::SimDisk;
use trailhound_outputs::{Compression, FileConfig, FileOutput, Format, Output};
use trailhound_pipeline::Office365;
use trailhound_pipeline::board::Board;
use trailhound_pipeline::quota::QuotaKey;
use trailhound_pipeline::wire::{Instance, Plant};
use trailhound_sim_microsoft::{Dice, SimMicrosoft, Stream, TenantConfig};

use crate::clock::MachineClock;
use crate::counters::Counters;
use crate::disk::PointDisk;
use crate::fate::Fate;
use crate::journal::PointJournal;
use crate::life::Life;
use crate::log::Log;
use crate::receiver::{RECEIVER, Receiver, ReceiverOutput};
use crate::scenario::{Draws, Happening, Mode, OutputKind, Scenario};
use crate::storage::JournalDisk;

/// When every run begins: a Friday afternoon, UTC.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_190_400_000);
/// The name of the file output.
pub(crate) const FILE: &str = "file";

const API: &str = "https://manage.office.com";
const LOGIN: &str = "https://login.microsoftonline.com";

/// The world of one run.
pub(crate) struct Stage<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) seed: u64,
    /// True time, which is also Microsoft's unless a switch says otherwise.
    pub(crate) true_time: Arc<dyn Clock>,
    pub(crate) machine: Arc<MachineClock>,
    pub(crate) end: Timestamp,
    pub(crate) sim: SimMicrosoft,
    pub(crate) storage: JournalDisk,
    pub(crate) disk: SimDisk,
    disk_dice: Arc<Mutex<Dice>>,
    pub(crate) receiver: Receiver,
    pub(crate) fate: Arc<Fate>,
    /// What is still to happen, in order.
    pub(crate) ahead: VecDeque<(Timestamp, Happening)>,
    pub(crate) dice: Dice,
    poll_every: Duration,
    pub(crate) log: Log,
    pub(crate) counters: Counters,
    /// Which subscriptions were disabled, and when.
    pub(crate) disabled: Vec<(Stream, Timestamp)>,
    /// What went wrong outside the oracle's view.
    pub(crate) wrongs: Vec<String>,
}

impl<'a> Stage<'a> {
    /// Needs the paused runtime of the run.
    pub(crate) fn set(scenario: &'a Scenario, seed: u64, log: Log) -> Result<Self, String> {
        let fate = Fate::new(scenario.dice(seed, Draws::Crashes), &scenario.crashes, seed);
        let seed = scenario.world_seed(seed);
        let mut dice = scenario.dice(seed, Draws::Product);
        let begins_after =
            scenario.product.begins_after.map_or(Duration::ZERO, |after| after.draw(&mut dice));
        let begin = START + begins_after;
        let true_time: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(begin));
        let ahead = scenario.product.clock_ahead_seconds.map_or(0, |amount| amount.draw(&mut dice));
        let sim = SimMicrosoft::new(scenario.sim_config(seed)?);
        sim.advance(START);
        let storage = JournalDisk::new(seed).map_err(|error| error.to_string())?;
        let poll_every = scenario.product.poll_every.draw(&mut dice);
        let mut events = scenario.dice(seed, Draws::Events);
        let mut ahead_of_us: Vec<(Timestamp, Happening)> =
            scenario.events.iter().map(|e| (begin + e.at.draw(&mut events), e.what.clone())).collect();
        ahead_of_us.sort_by_key(|(at, _)| *at);
        let stage = Self {
            scenario,
            seed,
            machine: Arc::new(MachineClock::new(Arc::clone(&true_time), ahead)),
            end: begin + scenario.lasts.draw(&mut dice),
            true_time,
            sim,
            storage,
            disk: SimDisk::new(seed),
            disk_dice: Arc::new(Mutex::new(scenario.dice(seed, Draws::Disk))),
            receiver: Receiver::new(scenario.dice(seed, Draws::Receiver)),
            fate: Arc::new(fate),
            ahead: ahead_of_us.into(),
            dice: events,
            poll_every,
            log,
            counters: Counters::default(),
            disabled: Vec::new(),
            wrongs: Vec::new(),
        };
        stage.write_secrets()?;
        stage.unpack_data_folder()?;
        Ok(stage)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.true_time.now()
    }

    pub(crate) fn note(&self, text: &str) {
        self.log.note(self.true_time.as_ref(), text);
    }

    /// The product of one life, over its journal.
    pub(crate) fn plant(
        &self,
        journal: Arc<dyn Journal>,
        life: &Arc<Life>,
        board: Board,
    ) -> Result<Plant, String> {
        let mut limits = match self.scenario.mode {
            Mode::Follow => Limits::daemon(),
            Mode::Once => Limits::once(),
        };
        limits.poll_every = self.poll_every;
        // Nothing but the speed of a run depends on it.
        limits.upkeep_every = minutes(30);
        let clock: Arc<dyn Clock> = Arc::clone(&self.machine) as Arc<dyn Clock>;
        let tenants = self.sim.config().tenants;
        let instances = tenants.iter().enumerate().map(|(at, tenant)| self.instance(at, tenant, &clock));
        let outputs = self.scenario.product.outputs.iter().map(|kind| self.output(*kind, life));
        Ok(Plant {
            controls: trailhound_pipeline::by_hand::Controls::default(),
            journal: Arc::new(PointJournal::new(journal, Arc::clone(life))),
            instances: instances.collect::<Result<_, String>>()?,
            outputs: outputs.collect::<Result<_, String>>()?,
            clock,
            entropy: Arc::new(SeededEntropy::new(self.seed)),
            board,
            limits,
        })
    }

    fn instance(&self, at: usize, tenant: &TenantConfig, clock: &Arc<dyn Clock>) -> Result<Instance, String> {
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        let config = ClientConfig {
            endpoints: Endpoints::custom(API, LOGIN).map_err(|error| failed(&error))?,
            tenant_id: tenant.tenant_id.clone(),
            client_id: tenant.client_id.clone(),
            credential: Credential::Secret(SecretSource::File(self.secret_file(at))),
            publisher_id: None,
            token_version: TokenVersion::V2,
        };
        // The wire lies in the world: its delays pass in true time.
        let transport = self.sim.transport(Arc::clone(&self.true_time));
        let entropy = Arc::new(SeededEntropy::new(self.seed ^ at as u64));
        let client =
            Client::new(config, transport, Arc::clone(clock), entropy).map_err(|error| failed(&error))?;
        let product = &self.scenario.product;
        let streams = product.streams.iter().map(|stream| StreamName::new(stream.name()));
        Ok(Instance {
            name: instance_name(at),
            quota: QuotaKey {
                api: API.to_owned(),
                tenant: tenant.tenant_id.clone(),
                publisher: tenant.tenant_id.clone(),
            },
            source: Arc::new(Office365::new(Arc::new(client))),
            streams: streams.collect::<Result<_, _>>().map_err(|error| failed(&error))?,
            start: None,
            poll_every: None,
            budget: product.requests_per_minute.map_or_else(BudgetLimits::default, BudgetLimits::for_quota),
        })
    }

    fn output(&self, kind: OutputKind, life: &Arc<Life>) -> Result<Box<dyn Output>, String> {
        Ok(match kind {
            OutputKind::Receiver => Box::new(ReceiverOutput {
                name: output_name(RECEIVER),
                receiver: self.receiver.clone(),
                clock: Arc::clone(&self.true_time),
                life: Arc::clone(life),
            }),
            OutputKind::File => {
                let config = FileConfig {
                    name: output_name(FILE),
                    path: "/out/{application}/{stream}.ndjson".to_owned(),
                    rotate_bytes: Some(64 << 10),
                    rotate_after: None,
                    compression: Compression::None,
                    format: Format::Raw,
                };
                let disk = PointDisk {
                    inner: self.disk.clone(),
                    life: Arc::clone(life),
                    dice: Arc::clone(&self.disk_dice),
                };
                let made = FileOutput::new(config, Arc::new(disk));
                Box::new(made.map_err(|error| format!("{error}; {}", error.hint))?)
            }
        })
    }

    /// The file in which the product finds the secret of a tenant.
    pub(crate) fn secret_file(&self, tenant: usize) -> PathBuf {
        self.storage.scratch().join(format!("secret-{tenant}"))
    }

    fn write_secrets(&self) -> Result<(), String> {
        for (at, tenant) in self.sim.config().tenants.iter().enumerate() {
            std::fs::write(self.secret_file(at), &tenant.client_secret).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn unpack_data_folder(&self) -> Result<(), String> {
        let Some(name) = &self.scenario.product.data_folder else { return Ok(()) };
        let packed = Scenario::folder().join("data").join(name);
        self.storage.unpack(&packed).map_err(|error| format!("`{}`: {error}", packed.display()))
    }
}

/// Instances are named by the index of their tenant.
pub(crate) fn instance_name(tenant: usize) -> InstanceName {
    InstanceName::new(&format!("tenant-{tenant}")).expect("letters, a hyphen and digits are a name")
}

pub(crate) fn output_name(name: &str) -> OutputName {
    OutputName::new(name).expect("a lower-case word is a name")
}
