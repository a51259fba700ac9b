//! What happens in a scenario besides the passing of time.

use serde::Deserialize;
use toml::{Table, Value};
use trailhound_sim_microsoft::Stream;

use super::value::{Amount, Length};

/// `[[event]]`: `at`, `kind`, and what the kind needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Table")]
pub struct Event {
    /// How long after the beginning.
    pub at: Length,
    /// What.
    pub what: Happening,
}

/// A kind of event with what it needs. `tenant`: its index; without it, all of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Happening {
    /// Switches of the simulated Microsoft change; numbers may be ranges.
    Configure {
        /// As in `[world]`.
        world: Table,
    },
    /// Settings of tenants change; as in `[tenants.all]`.
    Tenant {
        /// Which.
        tenant: Option<usize>,
        /// What changes.
        set: Table,
    },
    /// Microsoft fails.
    Outage {
        /// For how long.
        lasts: Length,
        /// How.
        #[serde(default)]
        form: OutageForm,
        /// Whether the login fails too.
        #[serde(default)]
        login_too: bool,
    },
    /// An administrator disables the subscription.
    DisableSubscription {
        /// Of which stream.
        stream: Stream,
        /// In which tenant.
        tenant: Option<usize>,
    },
    /// The app's secret is replaced at Microsoft; the old one is refused from now on.
    RotateSecret {
        /// Whose.
        tenant: Option<usize>,
        /// When the new one stands in the product's file.
        product_learns_after: Length,
    },
    /// The administrator's consent is withdrawn.
    WithdrawConsent {
        /// By which tenant.
        tenant: Option<usize>,
    },
    /// Consent is granted again.
    GrantConsent {
        /// By which tenant.
        tenant: Option<usize>,
    },
    /// The unified audit log is switched off: nothing new is published.
    AuditingOff {
        /// In which tenant.
        tenant: Option<usize>,
    },
    /// It is switched on again.
    AuditingOn {
        /// In which tenant.
        tenant: Option<usize>,
    },
    /// The process dies as by SIGKILL.
    Kill {
        /// When it is started again.
        down_for: Length,
    },
    /// The machine loses power: what was not synced may be gone or torn.
    PowerLoss {
        /// When it is started again.
        down_for: Length,
    },
    /// The process is stopped in good order and started again.
    Restart {
        /// When it is started again.
        down_for: Length,
    },
    /// A second process tries the same data folder; it must be refused and leave the first unharmed.
    SecondProcess,
    /// A disk takes no more.
    DiskFull {
        /// Which.
        disk: DiskName,
    },
    /// It has room again.
    DiskFreed {
        /// Which.
        disk: DiskName,
    },
    /// The receiver answers nothing but errors.
    OutputDown,
    /// The receiver works again.
    OutputUp,
    /// The receiver takes all or a part of a batch and answers with an error all the same.
    OutputTimesOut {
        /// In so many of a hundred deliveries.
        percent: Amount,
    },
    /// The receiver takes its time.
    OutputSlow {
        /// For each batch.
        takes: Length,
    },
    /// The machine's clock is set.
    ClockJump {
        /// Forward; may be negative.
        by_seconds: Amount,
    },
}

/// Where records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// The product's file output on a simulated disk.
    File,
    /// A receiver that knows each record's id.
    Receiver,
}

/// Which disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskName {
    /// Of the journal.
    Journal,
    /// Of the file output.
    Output,
}

/// How an outage looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutageForm {
    /// 503 with a page of HTML.
    #[default]
    Unavailable,
    /// 500 AF50000.
    InternalError,
    /// Connections are reset.
    Reset,
}

impl TryFrom<Table> for Event {
    type Error = String;

    fn try_from(mut table: Table) -> Result<Self, String> {
        let at = table.remove("at").ok_or("an event needs `at`")?;
        let what = Value::Table(table).try_into().map_err(|error: toml::de::Error| error.to_string())?;
        Ok(Self { at: Length::try_from(at)?, what })
    }
}
