//! Events of a scenario, as they come.

use std::time::Duration;

use serde_json::{Value, json};
use trailhound_journal::JournalErrorKind;
use trailhound_sim_microsoft::{Outage, OutageKind, SimConfig};

use crate::receiver::Mood;
use crate::scenario::{DiskName, Happening, OutageForm, draw, with_tenant};
use crate::stage::{START, Stage};
use crate::storage::open;

/// Most room on a journal's disk that is called full, in bytes.
const FULL_JOURNAL_ROOM_BYTES: u32 = 200_000;

/// What an event means for the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Nothing.
    GoOn,
    /// It dies at once.
    Kill(Duration),
    /// It dies with its machine.
    PowerLoss(Duration),
    /// It is stopped and started again.
    Restart(Duration),
}

impl Stage<'_> {
    /// Lets the next event happen.
    pub(crate) fn happen(&mut self) -> Result<Order, String> {
        let Some((_, what)) = self.ahead.pop_front() else { return Ok(Order::GoOn) };
        self.note(&format!("{what:?}"));
        match what {
            Happening::Kill { down_for } => return Ok(Order::Kill(down_for.draw(&mut self.dice))),
            Happening::PowerLoss { down_for } => return Ok(Order::PowerLoss(down_for.draw(&mut self.dice))),
            Happening::Restart { down_for } => return Ok(Order::Restart(down_for.draw(&mut self.dice))),
            Happening::SecondProcess => self.second_process(),
            Happening::DiskFull { disk } => self.set_full(disk, true),
            Happening::DiskFreed { disk } => self.set_full(disk, false),
            Happening::OutputDown => self.receiver.set_mood(Mood::Down),
            Happening::OutputUp => self.receiver.set_mood(Mood::Well),
            Happening::OutputTimesOut { percent } => {
                let percent = percent.draw(&mut self.dice);
                self.receiver.set_mood(Mood::TimesOut(percent));
            }
            Happening::OutputSlow { takes } => {
                let takes = takes.draw(&mut self.dice);
                self.receiver.set_mood(Mood::Slow(takes));
            }
            Happening::ClockJump { by_seconds } => {
                let by = by_seconds.draw(&mut self.dice);
                self.machine.jump(by);
            }
            at_microsoft => self.happen_at_microsoft(at_microsoft)?,
        }
        Ok(Order::GoOn)
    }

    fn happen_at_microsoft(&mut self, what: Happening) -> Result<(), String> {
        match what {
            Happening::Configure { world } => {
                let patch = draw(&world, &mut self.dice)?;
                self.configure(|config| config.merged(&patch).map_err(|error| error.to_string()))
            }
            Happening::Tenant { tenant, set } => {
                let patch = draw(&set, &mut self.dice)?;
                self.set_tenants(tenant, &patch)
            }
            Happening::Outage { lasts, form, login_too } => {
                let lasts = lasts.draw(&mut self.dice);
                self.begin_outage(lasts, form, login_too);
                Ok(())
            }
            Happening::DisableSubscription { stream, tenant } => {
                self.sim.advance(self.now());
                for (at, settings) in self.sim.config().tenants.iter().enumerate() {
                    if tenant.is_none_or(|only| only == at) {
                        self.sim.disable_subscription(&settings.tenant_id, stream);
                    }
                }
                self.disabled.push((stream, self.now()));
                Ok(())
            }
            Happening::RotateSecret { tenant, product_learns_after } => {
                let secret = format!("sim~{:016x}", self.dice.bits());
                self.set_tenants(tenant, &json!({ "client_secret": secret }))?;
                let after = product_learns_after.draw(&mut self.dice);
                self.tell_secret_later(tenant, secret, after);
                Ok(())
            }
            Happening::WithdrawConsent { tenant } => {
                self.set_tenants(tenant, &json!({ "consent_withdrawn": true }))
            }
            Happening::GrantConsent { tenant } => {
                self.set_tenants(tenant, &json!({ "consent_withdrawn": false }))
            }
            Happening::AuditingOff { tenant } => self.set_tenants(tenant, &json!({ "auditing": false })),
            Happening::AuditingOn { tenant } => self.set_tenants(tenant, &json!({ "auditing": true })),
            other => Err(format!("{other:?} does not happen at Microsoft")),
        }
    }

    fn configure(&self, change: impl FnOnce(&SimConfig) -> Result<SimConfig, String>) -> Result<(), String> {
        self.sim.advance(self.now());
        let changed = change(&self.sim.config())?;
        self.sim.configure(|config| *config = changed);
        Ok(())
    }

    fn set_tenants(&self, tenant: Option<usize>, patch: &Value) -> Result<(), String> {
        self.configure(|config| {
            let mut config = config.clone();
            for at in 0..config.tenants.len() {
                if tenant.is_none_or(|only| only == at) {
                    config = with_tenant(&config, at, patch)?;
                }
            }
            Ok(config)
        })
    }

    fn begin_outage(&self, lasts: Duration, form: OutageForm, login_too: bool) {
        let outage = Outage {
            starts_after_seconds: self.now().since(START).as_secs(),
            lasts_seconds: lasts.as_secs(),
            kind: match form {
                OutageForm::Unavailable => OutageKind::Unavailable,
                OutageForm::InternalError => OutageKind::InternalError,
                OutageForm::Reset => OutageKind::Reset,
            },
            login_too,
        };
        self.sim.configure(|config| config.wire.outages.push(outage));
    }

    fn tell_secret_later(&self, tenant: Option<usize>, secret: String, after: Duration) {
        let tenants = 0..self.sim.config().tenants.len();
        let files: Vec<_> = tenants
            .filter(|at| tenant.is_none_or(|only| only == *at))
            .map(|at| self.secret_file(at))
            .collect();
        let clock = self.true_time.clone();
        tokio::spawn(async move {
            clock.sleep(after).await;
            for file in files {
                std::fs::write(&file, &secret).expect("the run's own folder can be written");
            }
        });
    }

    fn set_full(&mut self, disk: DiskName, full: bool) {
        match disk {
            DiskName::Journal if full => {
                // Room for a part of a commit.
                let room = self.dice.below(FULL_JOURNAL_ROOM_BYTES);
                let used = self.storage.disk.used_bytes();
                self.storage.disk.set_capacity_bytes(used + u64::from(room));
            }
            DiskName::Journal => self.storage.disk.set_capacity_bytes(u64::MAX),
            DiskName::Output if full => {
                let used: usize = self.disk.files().values().map(Vec::len).sum();
                // Room for a part of the next write: that is how a disk gets full.
                self.disk.set_capacity_bytes(used as u64 + 100);
            }
            DiskName::Output => self.disk.set_capacity_bytes(u64::MAX),
        }
    }

    /// Somebody starts the product twice.
    fn second_process(&mut self) {
        match open(self.storage.storage(), self.true_time.clone()) {
            Err(error) if error.kind == JournalErrorKind::InUse => {
                self.counters.add("second_processes_refused", 1);
            }
            Err(error) => self.wrongs.push(format!("a second process was told: {error}")),
            Ok(_) => self.wrongs.push("a second process opened the data folder".to_owned()),
        }
    }
}
