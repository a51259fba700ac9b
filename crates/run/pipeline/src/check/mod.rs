//! Every precondition of a collection, tried one after the other: each with its cause and cure.

mod instance;
mod journal;
mod place;

use trailhound_model::InstanceName;

pub use instance::check_instance;
pub use journal::check_journal;
pub use place::{check_data_dir, check_output};

/// How a precondition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works now; somebody should look.
    Warning,
    /// Stands in the way.
    Failed,
}

/// One precondition.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which instance; `None`: of the machine or an output.
    pub instance: Option<InstanceName>,
    /// A short stable word: `network`, `clock`, `token`, `roles`, `subscriptions`, `auditing`, `quota`, `disk`,
    /// `journal`, `output`.
    pub item: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found: lower case.
    pub what: String,
    /// What a person can do; empty when all is well.
    pub hint: String,
    /// Where to read more; may be empty.
    pub link: &'static str,
    /// Credentials or a permission are at fault (exit code 4).
    pub access: bool,
}

impl Finding {
    fn ok(item: &'static str, what: impl Into<String>) -> Self {
        Self::new(item, Verdict::Ok, what, "")
    }

    fn new(item: &'static str, verdict: Verdict, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { instance: None, item, verdict, what: what.into(), hint: hint.into(), link: "", access: false }
    }
}
