//! A receiver that knows each record's id, and the output that speaks to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use trailhound_env::Clock;
use trailhound_model::{ContentHash, JournalChunk, OutputName, Seq, StreamKey, Timestamp};
use trailhound_outputs::testing::all_accepted;
use trailhound_outputs::{Accepted, Capabilities, Output, OutputError};
use trailhound_sim_microsoft::Dice;

use crate::fate::Deed;
use crate::life::Life;

/// The name of its output.
pub(crate) const RECEIVER: &str = "receiver";

/// How it behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mood {
    Well,
    Down,
    /// In so many of a hundred deliveries it takes some or all and answers with an error.
    TimesOut(i64),
    Slow(Duration),
}

/// A record as it was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) key: StreamKey,
    pub(crate) hash: ContentHash,
    /// True time.
    pub(crate) at: Timestamp,
}

/// Outlives every process. Its memory is never lost.
#[derive(Clone)]
pub(crate) struct Receiver(Arc<Mutex<State>>);

struct State {
    dice: Dice,
    mood: Mood,
    /// By the record's id: its place in the journal, which never changes and is never used again.
    records: HashMap<(Seq, u32), Taken>,
    repeats: u64,
    failures: u64,
    wrongs: Vec<String>,
}

/// What came of a run at the receiver.
pub(crate) struct Holding {
    pub(crate) records: HashMap<(Seq, u32), Taken>,
    pub(crate) repeats: u64,
    pub(crate) failures: u64,
    /// Ids that came with different records.
    pub(crate) wrongs: Vec<String>,
}

impl Receiver {
    pub(crate) fn new(dice: Dice) -> Self {
        Self(Arc::new(Mutex::new(State {
            dice,
            mood: Mood::Well,
            records: HashMap::new(),
            repeats: 0,
            failures: 0,
            wrongs: Vec::new(),
        })))
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        self.lock().mood = mood;
    }

    pub(crate) fn holding(&self) -> Holding {
        let mut state = self.lock();
        Holding {
            records: std::mem::take(&mut state.records),
            repeats: state.repeats,
            failures: state.failures,
            wrongs: std::mem::take(&mut state.wrongs),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes records until `most` of them are taken.
    fn take(&mut self, batch: &[JournalChunk], now: Timestamp, most: usize) {
        let records = batch.iter().flat_map(|chunk| {
            chunk.deliverable().map(move |(entry, _, raw)| (chunk.seq, entry.offset, &chunk.key, raw))
        });
        for (seq, offset, key, raw) in records.take(most) {
            let hash = ContentHash::of(raw);
            match self.records.get(&(seq, offset)) {
                None => {
                    self.records.insert((seq, offset), Taken { key: key.clone(), hash, at: now });
                }
                Some(known) if known.hash == hash && known.key == *key => self.repeats += 1,
                Some(_) => {
                    self.wrongs.push(format!("record {}/{offset} of {key} came with other content", seq.0));
                }
            }
        }
    }
}

/// The output of one life.
pub(crate) struct ReceiverOutput {
    pub(crate) name: OutputName,
    pub(crate) receiver: Receiver,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) life: Arc<Life>,
}

impl ReceiverOutput {
    /// How many records are taken, and whether the answer is a yes.
    async fn deal(&self, records: usize) -> (usize, bool) {
        if self.life.is_dead() {
            return std::future::pending().await;
        }
        let mood = self.receiver.lock().mood;
        let part = |records: usize| self.receiver.lock().dice.index(records + 1);
        match mood {
            Mood::Well => (records, true),
            Mood::Down => (0, false),
            Mood::TimesOut(percent) => {
                if self.receiver.lock().dice.between(0, 100) < percent {
                    let all = self.receiver.lock().dice.below(2) == 0;
                    (if all { records } else { part(records) }, false)
                } else {
                    (records, true)
                }
            }
            Mood::Slow(takes) => {
                self.clock.sleep(takes).await;
                (records, true)
            }
        }
    }

    async fn deliver_batch(&self, batch: &[JournalChunk]) -> Result<Accepted, OutputError> {
        let accepted = all_accepted(batch);
        let all = accepted.counts.iter().map(|count| count.delivered).sum::<u64>();
        let records = usize::try_from(all).unwrap_or(usize::MAX);
        let (most, mut well) = self.deal(records).await;
        let deed = self.life.point();
        if deed == Deed::KillBefore {
            return self.life.end_here().await;
        }
        if deed != Deed::FailBefore {
            self.receiver.lock().take(batch, self.clock.now(), most);
        }
        if deed == Deed::KillAfter {
            return self.life.end_here().await;
        }
        well &= deed == Deed::Go;
        if well {
            return Ok(accepted);
        }
        self.receiver.lock().failures += 1;
        let (what, hint) = ("send: no answer came in time".to_owned(), "look at the receiver".to_owned());
        Err(OutputError { what, hint, retry: true })
    }
}

impl Output for ReceiverOutput {
    fn name(&self) -> &OutputName {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { exactly_once: true, undoes: false }
    }

    fn check(&mut self, _: Timestamp) -> BoxFuture<'_, Result<(), OutputError>> {
        Box::pin(async { Ok(()) })
    }

    fn recover<'a>(
        &'a mut self,
        _: Option<&'a str>,
        _: &'a [JournalChunk],
    ) -> BoxFuture<'a, Result<(), OutputError>> {
        Box::pin(async { Ok(()) })
    }

    fn prepare(&mut self, _: &[JournalChunk], _: Timestamp) -> Result<Option<String>, OutputError> {
        Ok(None)
    }

    fn deliver<'a>(
        &'a mut self,
        batch: &'a [JournalChunk],
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Accepted, OutputError>> {
        Box::pin(self.deliver_batch(batch))
    }
}
