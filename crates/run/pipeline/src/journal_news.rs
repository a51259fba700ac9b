//! The journal's troubles. Every stream, every output and the upkeep meet them at once; they are told once.

use std::time::Duration;

use trailhound_journal::{JournalError, JournalErrorKind};
use trailhound_model::{Timestamp, minutes, seconds};

/// A trouble that lasts is told again after this.
const SAY_AGAIN: Duration = minutes(5);
/// So long nothing may have failed before the journal is said to work: longer than anybody waits between two
/// attempts, since on a disk with little room small things work while large ones fail.
const CALM: Duration = seconds(45);

/// What was said, and what is to be said now.
#[derive(Debug, Default)]
pub(crate) struct JournalNews {
    trouble: Option<Trouble>,
    /// What was said of each kind, and when last; a few at most, for there are few kinds.
    said: Vec<(JournalErrorKind, Timestamp)>,
}

/// A trouble from its first failure to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) since: Timestamp,
    pub(crate) failures: u64,
    last: Timestamp,
}

impl JournalNews {
    /// A call failed; whether that is to be said aloud.
    pub(crate) fn failed(&mut self, kind: JournalErrorKind, now: Timestamp) -> bool {
        let trouble = self.trouble.get_or_insert(Trouble { since: now, failures: 0, last: now });
        trouble.failures += 1;
        trouble.last = now;
        match self.said.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, at)) if now.since(*at) < SAY_AGAIN => return false,
            Some((_, at)) => *at = now,
            None => self.said.push((kind, now)),
        }
        true
    }

    /// A change was made durable; the trouble that is over by that, if one is.
    pub(crate) fn works(&mut self, now: Timestamp) -> Option<Trouble> {
        self.trouble.filter(|trouble| now.since(trouble.last) >= CALM)?;
        self.said.clear();
        self.trouble.take()
    }
}

/// One line for whoever reads the log at night.
pub(crate) fn say_failed(error: &JournalError) {
    let hint = error.kind.hint();
    tracing::error!(%error, hint, "the journal cannot be written; collection and delivery wait for it");
}

/// One line for the end of it.
pub(crate) fn say_works(trouble: Trouble, now: Timestamp) {
    let lasted_seconds = now.since(trouble.since).as_secs();
    tracing::info!(since = %trouble.since, lasted_seconds, failures = trouble.failures, "the journal can be written again");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_every_five_minutes_and_its_end_once() {
        let mut news = JournalNews::default();
        let start = Timestamp::from_millis(1_795_190_400_000);
        let said =
            (0..11 * 60).filter(|at| news.failed(JournalErrorKind::Full, start + seconds(*at))).count();
        assert_eq!(said, 3, "at once, after 5 and after 10 minutes");
        let last = start + seconds(11 * 60 - 1);
        assert_eq!(news.works(last + seconds(2)), None, "small things work on a disk that is nearly full");
        let over = news.works(last + seconds(60)).unwrap();
        assert_eq!((over.since, over.failures), (start, 660));
        assert_eq!(news.works(last + seconds(61)), None);
        assert!(news.failed(JournalErrorKind::Full, last + seconds(70)), "a new trouble is news");
    }

    #[test]
    fn another_trouble_is_told_at_once() {
        let mut news = JournalNews::default();
        let now = Timestamp::from_millis(1_795_190_400_000);
        assert!(news.failed(JournalErrorKind::Full, now));
        assert!(news.failed(JournalErrorKind::Lost, now));
        assert!(!news.failed(JournalErrorKind::Full, now));
    }
}
