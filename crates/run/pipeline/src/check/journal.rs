//! Whether the journal of an earlier run can be gone on with.

use std::path::Path;

use trailhound_journal::{JournalError, JournalErrorKind, SqliteJournal};

use super::{Finding, Verdict};

/// The journal's file in the data folder.
const JOURNAL_FILE: &str = "journal.sqlite";

/// Looks at the journal without changing it, beside a running daemon too; `None`: there is none yet.
pub fn check_journal(data_dir: &Path) -> Option<Finding> {
    let path = data_dir.join(JOURNAL_FILE);
    if !path.try_exists().unwrap_or(true) {
        return None;
    }
    let looked_at = SqliteJournal::open_read_only(data_dir).and_then(|journal| journal.report());
    Some(match looked_at {
        Ok(streams) => {
            Finding::ok("journal", format!("the journal can be read, it knows {} streams", streams.len()))
        }
        Err(error) => Finding::new("journal", Verdict::Failed, error.to_string(), hint(&error)),
    })
}

fn hint(error: &JournalError) -> &'static str {
    match error.kind {
        JournalErrorKind::Unusable => {
            "restore the data folder from a backup, or move the file away to begin anew; check who may read it"
        }
        kind => kind.hint(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trailhound_env::SystemClock;
    use trailhound_journal::JournalConfig;

    use super::*;

    fn verdict(data_dir: &Path) -> Option<Verdict> {
        check_journal(data_dir).map(|finding| finding.verdict)
    }

    #[test]
    fn absent_is_fine_and_damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(verdict(folder.path()), None);
        let file = folder.path().join(JOURNAL_FILE);
        std::fs::write(&file, "").unwrap();
        assert_eq!(verdict(folder.path()), Some(Verdict::Failed));
        std::fs::write(&file, "no database at all. ".repeat(1_000)).unwrap();
        assert_eq!(verdict(folder.path()), Some(Verdict::Failed));
        assert!(!check_journal(folder.path()).unwrap().hint.is_empty());

        let fresh = tempfile::tempdir().unwrap();
        let config = JournalConfig::new(fresh.path());
        drop(SqliteJournal::open(config, Arc::new(SystemClock::default())).unwrap());
        assert_eq!(verdict(fresh.path()), Some(Verdict::Ok));
    }
}
