//! How the running daemon sees its streams and outputs, for `trailhound state show`.

use serde::{Deserialize, Serialize};
use trailhound_pipeline::board::Board;

/// Everything that a daemon knows and has not written into the data folder, or cannot.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Status {
    /// Why the journal cannot be written, with what to do.
    pub(crate) journal_error: Option<String>,
    /// Outputs that fail now.
    pub(crate) failing_outputs: Vec<FailingOutput>,
    /// What others did last to what an output had delivered, as this process has noticed.
    #[serde(default)]
    pub(crate) outside_changes: Vec<OutsideChange>,
    pub(crate) streams: Vec<LiveStream>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FailingOutput {
    pub(crate) output: String,
    /// RFC 3339, as all times here.
    pub(crate) since: String,
    /// Fits after "failed to".
    pub(crate) error: String,
    pub(crate) hint: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OutsideChange {
    pub(crate) output: String,
    pub(crate) at: String,
    /// A sentence with the place and what follows.
    pub(crate) what: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LiveStream {
    pub(crate) application: String,
    pub(crate) stream: String,
    /// The word of its state; absent before the first judgement.
    pub(crate) state: Option<String>,
    pub(crate) since: String,
    pub(crate) cause: String,
    pub(crate) cure: String,
    pub(crate) details: Vec<String>,
    /// Words of states that hold besides.
    pub(crate) also: Vec<String>,
    pub(crate) judged_at: String,
    /// This process has seen a call succeed; until then a state that is well is an earlier process's.
    pub(crate) has_succeeded: bool,
}

/// The present state; `application`: of this one's streams only, empty: of all.
pub(crate) fn status_of(board: &Board, application: &str) -> Status {
    let (mut status, keys) = board.read(|snapshot| {
        let failing = snapshot.outputs.iter().filter_map(|(name, output)| {
            let (since, error, hint) = output.error.clone()?;
            Some(FailingOutput { output: name.to_string(), since: since.to_string(), error, hint })
        });
        let changed = snapshot.outputs.iter().filter_map(|(name, output)| {
            let (at, what) = output.outside_change.clone()?;
            Some(OutsideChange { output: name.to_string(), at: at.to_string(), what })
        });
        let status = Status {
            journal_error: snapshot.journal_error.clone(),
            failing_outputs: failing.collect(),
            outside_changes: changed.collect(),
            streams: Vec::new(),
        };
        let of_this = snapshot
            .streams
            .iter()
            .filter(|(key, _)| application.is_empty() || key.instance.as_str() == application);
        let keys = of_this.map(|(key, stream)| (key.clone(), stream.last_success.is_some()));
        (status, keys.collect::<Vec<_>>())
    });
    for (key, has_succeeded) in keys {
        let health = board.health_of(&key);
        let told = |tell: fn(&trailhound_pipeline::health::Health) -> String| health.as_ref().map(tell);
        status.streams.push(LiveStream {
            application: key.instance.to_string(),
            stream: key.stream.to_string(),
            state: told(|health| health.state.to_string()),
            since: told(|health| health.since.to_string()).unwrap_or_default(),
            cause: told(|health| health.cause.clone()).unwrap_or_default(),
            cure: told(|health| health.cure.clone()).unwrap_or_default(),
            details: health.as_ref().map(|health| health.details.clone()).unwrap_or_default(),
            also: health.iter().flat_map(|health| &health.also).map(ToString::to_string).collect(),
            judged_at: told(|health| health.at.to_string()).unwrap_or_default(),
            has_succeeded,
        });
    }
    status
}
