//! The record of changes: what people changed by hand, and what others did to the outputs' files.

use serde::Serialize;
use serde_json::Value;
use trailhound_journal::{JournalError, JournalReader};
use trailhound_model::InstanceName;
use trailhound_pipeline::by_hand::{CHANGE_PREFIX, OUTSIDE_COMMAND};

/// Newest changes that `--json` tells; a signed report tells all.
const MAX_TOLD: usize = 1_000;

/// One entry, as a signed report tells it too.
#[derive(Serialize)]
pub(crate) struct ChangeProof {
    /// From 1, without a hole.
    pub(crate) number: u64,
    /// As it was recorded.
    pub(crate) change: Value,
}

/// The newest entries, oldest first; `app`: of this application, and of the outputs, which are everybody's.
pub(super) fn newest(
    journal: &JournalReader,
    app: Option<&InstanceName>,
) -> Result<Vec<ChangeProof>, JournalError> {
    let mut told = std::collections::VecDeque::new();
    for_each(journal, |entry| {
        if app.is_none_or(|app| entry.word("application").is_none_or(|name| name == app.as_str())) {
            told.push_back(entry);
        }
        if told.len() > MAX_TOLD {
            told.pop_front();
        }
        Ok::<_, JournalError>(())
    })?;
    Ok(told.into())
}

/// All entries, one at a time.
pub(super) fn for_each<E: From<JournalError>>(
    journal: &JournalReader,
    mut take: impl FnMut(ChangeProof) -> Result<(), E>,
) -> Result<(), E> {
    for number in 1.. {
        let Some(text) = journal.control(&format!("{CHANGE_PREFIX}{number:010}"))? else { break };
        let change = serde_json::from_str(&text).unwrap_or(Value::String(text));
        take(ChangeProof { number, change })?;
    }
    Ok(())
}

impl ChangeProof {
    /// One sentence.
    pub(super) fn tell(&self) -> String {
        let word = |name| self.word(name).unwrap_or("?");
        if self.word("command") == Some(OUTSIDE_COMMAND) {
            return format!("{}, output `{}`: {}", word("at"), word("output"), word("what"));
        }
        let (command, application, stream) = (word("command"), word("application"), word("stream"));
        format!("{}, {command} of {application} · {stream} by {}", word("at"), word("who"))
    }

    fn word(&self, name: &str) -> Option<&str> {
        self.change.get(name).and_then(Value::as_str)
    }
}
