//! Whether the daemon does its work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use trailhound_console::Readiness;
use trailhound_pipeline::board::{Board, Snapshot, StreamPhase};

/// Looks at the board of the plan that runs now. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Health(Arc<Mutex<Board>>);

impl Health {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// From now on this board counts.
    pub(crate) fn watch(&self, board: &Board) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = board.clone();
    }

    /// The board of the plan that runs now.
    pub(crate) fn board(&self) -> Board {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Readiness for Health {
    fn not_ready(&self) -> Vec<String> {
        self.board().read(reasons)
    }
}

/// The journal or an output fails, or all streams of an instance wait for a person.
fn reasons(board: &Snapshot) -> Vec<String> {
    let mut reasons: Vec<String> =
        board.journal_error.iter().map(|error| format!("journal: {error}")).collect();
    let mut instances: BTreeMap<_, (bool, String)> = BTreeMap::new();
    for (key, status) in &board.streams {
        let failed = matches!(status.phase, StreamPhase::Failed(_));
        let words = status.last_error.as_ref().map_or(String::new(), |(_, what, _)| what.clone());
        let entry = instances.entry(&key.instance).or_insert((true, String::new()));
        entry.0 &= failed;
        entry.1 = words;
    }
    let failed = instances.into_iter().filter(|(_, (failed, _))| *failed);
    reasons.extend(failed.map(|(instance, (_, words))| format!("application `{instance}`: {words}")));
    let outputs = board.outputs.iter().filter_map(|(name, output)| Some((name, output.error.as_ref()?)));
    reasons.extend(outputs.map(|(name, (since, what, hint))| {
        format!("output `{name}` has failed since {since}: {what}; {hint}")
    }));
    reasons.extend(board.alarms.iter().cloned());
    reasons
}

#[cfg(test)]
mod tests {
    use trailhound_journal::{JournalError, JournalErrorKind};
    use trailhound_model::{InstanceName, OutputName, StreamKey, StreamName, Timestamp};
    use trailhound_pipeline::source::Reaction;

    use super::*;

    #[test]
    fn one_good_stream_keeps_an_instance_ready() {
        let health = Health::new();
        let board = Board::new();
        health.watch(&board);
        assert_eq!(health.not_ready(), Vec::<String>::new());
        let key = |stream| StreamKey {
            instance: InstanceName::new("contoso").unwrap(),
            stream: StreamName::new(stream).unwrap(),
        };
        board.stream(&key("a"), |status| {
            status.phase = StreamPhase::Failed(Reaction::Credential);
            status.last_error = Some((Timestamp::default(), "no".to_owned(), String::new()));
        });
        assert_eq!(health.not_ready(), ["application `contoso`: no"]);
        board.stream(&key("b"), |status| status.phase = StreamPhase::Ok);
        assert!(health.not_ready().is_empty());
        let full = JournalError { kind: JournalErrorKind::Full, detail: "`/data`".to_owned() };
        board.journal_failed(&full, Timestamp::default());
        let said = "journal: the disk that holds the journal is full: `/data`; free space on that file system; \
            collection and delivery go on by themselves, nothing is lost";
        assert_eq!(health.not_ready(), [said]);
        board.journal_works(Timestamp::default() + trailhound_model::minutes(1));
        let name = OutputName::new("files").unwrap();
        let error = (Timestamp::default(), "write".to_owned(), "make room".to_owned());
        board.output(&name, |output| output.error = Some(error));
        let said = "output `files` has failed since 1970-01-01T00:00:00.000Z: write; make room";
        assert_eq!(health.not_ready(), [said]);
    }
}
