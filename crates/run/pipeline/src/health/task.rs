//! The task that judges, logs, keeps and shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use trailhound_env::Clock;
use trailhound_health::{Change, CredentialEnd, QuotaRefusal, Rhythm, Severity, Tracker, Words, length};
use trailhound_journal::{Journal, JournalError};
use trailhound_model::{InstanceName, StreamKey, Timestamp, days, hours, seconds};

use super::book::Entry;
use super::clock::ClockWatch;
use super::judging::look;
use super::metrics;
use super::stored::{StoredHealth, rhythm_key, stored_key};
use crate::board::Board;
use crate::quota::QuotaKey;
use crate::source::Source;
use crate::stream::corrected;
use crate::telemetry::Detail;

/// Time between looks while a judgement waits for its confirmation, and otherwise.
const LOOK_SOON: Duration = seconds(15);
const LOOK_LATER: Duration = seconds(60);
/// Looks of a new process that follow each other soon: five minutes in which somebody may be watching it start.
const FIRST_LOOKS: u32 = 20;
/// Streams whose past is read, and values that are written, per look: the journal has other work.
const MAX_READS_PER_LOOK: usize = 1_000;
const MAX_WRITES_PER_LOOK: usize = 256;
/// Changes that are logged one by one per look; of more, the number.
const MAX_LINES_PER_LOOK: usize = 50;
/// A stream's rhythm is written at most this often.
const RHYTHM_EVERY: Duration = hours(1);
/// The end of a credential is said again when so many days are left.
const SAY_DAYS: [u64; 4] = [1, 7, 14, 30];

/// What the task looks at.
pub(crate) struct Watched {
    pub(crate) board: Board,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    /// With the quota that each draws on.
    pub(crate) sources: Vec<(InstanceName, Arc<dyn Source>, QuotaKey)>,
    /// Whether each stream has series of its own; the streams by state are told in any case.
    pub(crate) detail: Detail,
}

/// Looks again and again, for ever.
pub(crate) async fn watch(watched: Watched) {
    let mut keeper = Keeper {
        watched,
        clock_watch: ClockWatch::default(),
        with_data: BTreeSet::new(),
        is_primed: false,
        expiry_said: BTreeMap::new(),
        first_looks_left: FIRST_LOOKS,
    };
    loop {
        let wait = keeper.round().await;
        keeper.watched.clock.sleep(wait).await;
    }
}

struct Keeper {
    watched: Watched,
    clock_watch: ClockWatch,
    /// Streams with blobs in the journal, until their entries are made.
    with_data: BTreeSet<StreamKey>,
    is_primed: bool,
    /// By instance: for how many days it was said that its credential ends.
    expiry_said: BTreeMap<InstanceName, u64>,
    first_looks_left: u32,
}

impl Keeper {
    /// One look with all that follows; answers when to look again.
    async fn round(&mut self) -> Duration {
        let unread = match self.read_the_past().await {
            Ok(unread) => unread,
            Err(error) => {
                tracing::debug!(%error, "what is known of the streams' health cannot be read yet");
                true
            }
        };
        let now = self.watched.clock.now();
        let offset = self.look_at_sources(now);
        let looked = look(&self.watched.board, now, offset);
        tell(&looked.changes);
        self.show();
        if let Err(error) = self.store(&looked.changes).await {
            tracing::debug!(%error, "the streams' health cannot be written yet; it is tried again");
        }
        let has_streams = !self.watched.board.health().lock().entries.is_empty();
        self.first_looks_left = self.first_looks_left.saturating_sub(1);
        match (unread || !has_streams, looked.is_settling || self.first_looks_left > 0) {
            (true, _) => seconds(1),
            (false, true) => LOOK_SOON,
            (false, false) => LOOK_LATER,
        }
    }

    /// Makes the entries of streams that have none, as an earlier process knew them. Answers whether some are
    /// left for the next look.
    async fn read_the_past(&mut self) -> Result<bool, JournalError> {
        let journal = Arc::clone(&self.watched.journal);
        if !self.is_primed {
            let sums = journal.sums().await?;
            self.with_data =
                sums.into_iter().filter(|sum| sum.counts.blobs.journalled > 0).map(|sum| sum.key).collect();
            self.is_primed = true;
        }
        let unknown = self.watched.board.with(|snapshot| {
            let book = self.watched.board.health().lock();
            let unknown = snapshot.streams.keys().filter(|key| !book.entries.contains_key(*key));
            unknown.take(MAX_READS_PER_LOOK + 1).cloned().collect::<Vec<_>>()
        });
        for key in unknown.iter().take(MAX_READS_PER_LOOK) {
            let mut entry = Entry::new(self.watched.clock.now());
            entry.has_data = self.with_data.remove(key);
            if let Some((version, text)) = journal.control(&stored_key(key)).await? {
                entry.stored_version = Some(version);
                if let Some(known) = StoredHealth::from_text(&text) {
                    entry.tracker = Tracker::restored(known.state, known.since);
                }
            }
            if entry.has_data
                && let Some((version, text)) = journal.control(&rhythm_key(key)).await?
            {
                entry.rhythm_version = Some(version);
                entry.rhythm = Rhythm::from_text(&text).map(Box::new);
            }
            self.watched.board.health().lock().entries.insert(key.clone(), entry);
        }
        Ok(unknown.len() > MAX_READS_PER_LOOK)
    }

    /// Clocks and credentials of the instances; answers the clock's offset in milliseconds.
    fn look_at_sources(&mut self, now: Timestamp) -> Option<i64> {
        let mut offsets = Vec::new();
        let mut ends = Vec::new();
        {
            let mut book = self.watched.board.health().lock();
            for (name, source, quota) in &self.watched.sources {
                let facts = book.instances.entry(name.clone()).or_default();
                facts.clock_offset_millis = source.clock_offset_millis();
                facts.credential_ends = source.credential_ends();
                let refused = self.watched.board.quota(quota).and_then(|status| status.refused);
                facts.quota_refuses = refused.map(|(since, until)| QuotaRefusal {
                    since: corrected(since, facts.clock_offset_millis),
                    until: corrected(until, facts.clock_offset_millis),
                });
                offsets.extend(facts.clock_offset_millis);
                ends.extend(facts.credential_ends.map(|end| (name.clone(), end)));
            }
        }
        for (name, end) in ends {
            self.say_expiry(&name, end, now);
        }
        let offset = self.clock_watch.look(offsets);
        if let Some(offset) = offset {
            metrics::clock(offset);
        }
        offset
    }

    /// The end of a credential, said once for each number of days.
    fn say_expiry(&mut self, name: &InstanceName, end: CredentialEnd, now: Timestamp) {
        let left = end.at.since(now);
        let Some(step) = SAY_DAYS.into_iter().find(|step| left <= days(*step)) else {
            self.expiry_said.remove(name);
            return;
        };
        if self.expiry_said.get(name).is_none_or(|said| step < *said) {
            self.expiry_said.insert(name.clone(), step);
            tracing::warn!(
                application = %name, ends = %end.at, left = length(left),
                hint = "make a new secret or certificate in Entra and put it in the old one's place: it is read anew for each token",
                "the credential ends soon"
            );
        }
    }

    fn show(&self) {
        let mut book = self.watched.board.health().lock();
        if self.watched.detail == Detail::Streams {
            for (key, entry) in &mut book.entries {
                let state = entry.tracker.state();
                if entry.shown != Some(state) {
                    metrics::stream(key, entry.shown.replace(state), state);
                }
            }
        }
        drop(book);
        metrics::streams(&self.watched.board.health().counts());
    }

    /// Writes what changed, and now and then the rhythms. What fails is tried again with the next look.
    async fn store(&self, changes: &[(StreamKey, Change, Words)]) -> Result<(), JournalError> {
        let now = self.watched.clock.now();
        let words: BTreeMap<&StreamKey, &Words> =
            changes.iter().map(|(key, _, words)| (key, words)).collect();
        for (key, version, is_rhythm, text) in self.to_store(&words, now) {
            let name = if is_rhythm { rhythm_key(&key) } else { stored_key(&key) };
            let done = self.watched.journal.set_control(&name, version, &text).await?;
            let version = if done {
                Some(version.unwrap_or(0) + 1)
            } else {
                self.watched.journal.control(&name).await?.map(|(version, _)| version)
            };
            let mut book = self.watched.board.health().lock();
            let Some(entry) = book.entries.get_mut(&key) else { continue };
            if is_rhythm {
                entry.rhythm_version = version;
                entry.rhythm_stored_at = now;
            } else {
                entry.stored_version = version;
                entry.must_store = !done;
            }
        }
        Ok(())
    }

    fn to_store(
        &self,
        words: &BTreeMap<&StreamKey, &Words>,
        now: Timestamp,
    ) -> Vec<(StreamKey, Option<u64>, bool, String)> {
        let mut wanted: Vec<(StreamKey, Option<u64>, bool, String)> = Vec::new();
        let board = &self.watched.board;
        let due: Vec<StreamKey> = {
            let book = board.health().lock();
            let due = book.entries.iter().filter(|(_, entry)| entry.must_store);
            due.map(|(key, _)| key.clone()).take(MAX_WRITES_PER_LOOK).collect()
        };
        for key in due {
            let told = board.health_of(&key);
            let (Some((state, since)), Some(told)) = (board.health().state(&key), told) else { continue };
            // The words of the change itself where they are at hand: what was seen may have moved on.
            let (cause, cure) = words
                .get(&key)
                .map_or((told.cause, told.cure), |words| (words.cause.clone(), words.cure.clone()));
            let text = StoredHealth { state, since, at: told.at, cause, cure }.to_text();
            let version = board.health().lock().entries.get(&key).and_then(|entry| entry.stored_version);
            wanted.push((key, version, false, text));
        }
        let book = board.health().lock();
        let rhythms =
            book.entries.iter().filter(|(_, entry)| now.since(entry.rhythm_stored_at) >= RHYTHM_EVERY);
        let rhythms = rhythms.filter_map(|(key, entry)| {
            Some((key.clone(), entry.rhythm_version, true, entry.rhythm.as_ref()?.to_text()))
        });
        wanted.extend(rhythms.take(MAX_WRITES_PER_LOOK));
        wanted
    }
}

/// One line for each change, once.
fn tell(changes: &[(StreamKey, Change, Words)]) {
    let told = changes.iter().filter(|(_, change, _)| !(change.from.is_well() && change.to.is_well()));
    let (mut lines, mut more) = (0, 0);
    for (key, change, words) in told {
        if lines >= MAX_LINES_PER_LOOK {
            more += 1;
            continue;
        }
        lines += 1;
        let (state, was, since) = (change.to.word(), change.from.word(), change.since);
        if change.to.severity() == Severity::Well {
            tracing::info!(stream = %key, state, was, was_since = %change.from_since, "the stream is well again");
        } else {
            tracing::warn!(
                stream = %key, state, was, %since, cause = words.cause, cure = words.cure,
                "the stream's health has changed"
            );
        }
    }
    if more > 0 {
        tracing::warn!(
            streams = more,
            "the health of more streams has changed; see /metrics and `trailhound state show`"
        );
    }
}
