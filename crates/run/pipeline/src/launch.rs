//! From instances to driven streams: registered and loaded in bulk, begun and polled evenly spread.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use tokio::sync::{RwLock, Semaphore};
use trailhound_env::{Clock, Entropy};
use trailhound_journal::{Journal, JournalError, StreamId};
use trailhound_ledger::{BudgetLimits, Limits};
use trailhound_model::{ContentId, Delta, StreamKey, Timestamp};

use crate::board::Board;
use crate::by_hand::{Controls, Mailbox, Open};
use crate::calls::CallRoom;
use crate::fleet::Fleet;
use crate::governor::Governor;
use crate::pace::Pace;
use crate::quiet::Quiet;
use crate::quota::{QuotaKey, QuotaView};
use crate::source::Source;
use crate::stop::Stop;
use crate::stream::{COMMIT_ROOM_KIB, Looks, MAX_LARGE_FETCHES, StreamContext};
use crate::telemetry::{Detail, StreamSeries};
use crate::wire::{Instance, Mode};

/// Fetches under way at once in the process; places are given in the order of asking. With
/// [`trailhound_model::CHUNK_BYTES`] it bounds what blobs in flight can hold (promise M1).
const MAX_FETCHES_IN_FLIGHT: usize = 16;
/// Streams registered or loaded in one call of the journal.
const BULK_STREAMS: usize = 1_000;
/// Longest wait between the beginnings of two streams of a daemon. Many streams begin closer together, so that all
/// have begun within one poll interval.
const LONGEST_SPACING: Duration = Duration::from_millis(2);

/// What all streams of a run share.
pub(crate) struct Launch {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) board: Board,
    pub(crate) limits: Limits,
    pub(crate) mode: Mode,
    pub(crate) pace: Arc<Pace>,
    pub(crate) quiet: Quiet,
    pub(crate) detail: Detail,
    pub(crate) controls: Controls,
}

/// What the streams of an instance share.
struct Shared {
    source: Arc<dyn Source>,
    governor: Arc<Governor>,
    looks: Arc<Looks>,
    start: Option<Timestamp>,
    poll_every: Duration,
}

/// A stream with its number.
struct Numbered {
    id: StreamId,
    key: StreamKey,
    shared: Arc<Shared>,
}

/// What bounds the work under way in the whole process.
struct Room {
    permits: Arc<Semaphore>,
    large: Arc<Semaphore>,
    commit: Arc<Semaphore>,
    calls: Arc<CallRoom>,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(MAX_FETCHES_IN_FLIGHT)),
            large: Arc::new(Semaphore::new(MAX_LARGE_FETCHES)),
            commit: Arc::new(Semaphore::new(COMMIT_ROOM_KIB as usize)),
            calls: Arc::default(),
        }
    }
}

impl Launch {
    /// Starts every stream of the instances. Orders by hand are answered as long as the second part lives.
    pub(crate) async fn streams(
        self,
        instances: Vec<Instance>,
        stop: &Stop,
    ) -> Result<(Fleet, Open), JournalError> {
        let mut opening = self.controls.opening().await;
        let mut streams = self.numbered(instances).await?;
        // In the order of their rows: neighbours are polled after one another, and their rows share pages.
        streams.sort_by_key(|stream| stream.id);
        let count = streams.len();
        let origin = origin(streams.first().map(|stream| &stream.key));
        let mut chances = self.journal.poisoned(self.clock.now() - self.limits.reach).await?;
        let room = Room::default();

        let mut fleet = Fleet::new(self.mode);
        let mut rank = 0;
        while !streams.is_empty() {
            let rest = streams.split_off(streams.len().min(BULK_STREAMS));
            let bulk = std::mem::replace(&mut streams, rest);
            self.reopen(&bulk, &mut chances).await?;
            let facts = self.journal.load_many(bulk.iter().map(|stream| stream.id).collect()).await?;
            for (stream, facts) in bulk.into_iter().zip(facts) {
                let Shared { start, poll_every, .. } = *stream.shared;
                let mailbox = opening.mailbox(&stream.key);
                let context = self.context(stream, mailbox, &room, place(rank, count, origin));
                let delay =
                    if self.mode == Mode::Follow { spacing(rank, count, poll_every) } else { Duration::ZERO };
                fleet.start(context, start, facts, delay, stop);
                rank += 1;
            }
        }
        Ok((fleet, opening.done()))
    }

    async fn numbered(&self, instances: Vec<Instance>) -> Result<Vec<Numbered>, JournalError> {
        let mut keys = Vec::new();
        let governors = self.governors(&instances);
        for instance in instances {
            let shared = Arc::new(Shared {
                governor: Arc::clone(&governors[&instance.quota]),
                source: instance.source,
                looks: Arc::default(),
                start: instance.start,
                poll_every: instance.poll_every.unwrap_or(self.limits.poll_every),
            });
            for stream in instance.streams {
                let key = StreamKey { instance: instance.name.clone(), stream };
                keys.push((key, Arc::clone(&shared)));
            }
        }
        let mut ids = Vec::with_capacity(keys.len());
        for bulk in keys.chunks(BULK_STREAMS) {
            let bulk = bulk.iter().map(|(key, _)| key.clone()).collect();
            ids.extend(self.journal.register_many(bulk).await?);
        }
        let numbered = ids.into_iter().zip(keys);
        Ok(numbered.map(|(id, (key, shared))| Numbered { id, key, shared }).collect())
    }

    /// One budget per quota, shown on the board.
    fn governors(&self, instances: &[Instance]) -> BTreeMap<QuotaKey, Arc<Governor>> {
        let mut budgets: BTreeMap<QuotaKey, BudgetLimits> = BTreeMap::new();
        for instance in instances {
            let budget = instance.budget.clone();
            let shared =
                budgets.remove(&instance.quota).map_or(budget.clone(), |other| other.stricter(budget));
            budgets.insert(instance.quota.clone(), shared);
        }
        let governor = |(key, budget): (QuotaKey, BudgetLimits)| {
            let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
            let governor = Governor::new(key.clone(), budget, self.detail, clock, entropy);
            self.board.watch_quota(key.clone(), Arc::clone(&governor) as Arc<dyn QuotaView>);
            (key, governor)
        };
        budgets.into_iter().map(governor).collect()
    }

    /// A restart is a new chance for blobs that failed too often and can still be had.
    async fn reopen(
        &self,
        streams: &[Numbered],
        chances: &mut BTreeMap<StreamId, Vec<ContentId>>,
    ) -> Result<(), JournalError> {
        let at = self.clock.now();
        let reopened: Vec<_> = streams
            .iter()
            .filter_map(|stream| Some((stream.id, chances.remove(&stream.id)?)))
            .map(|(id, blobs)| {
                (id, blobs.into_iter().map(|content_id| Delta::Reopened { content_id, at }).collect())
            })
            .collect();
        if !reopened.is_empty() {
            self.journal.record_many(reopened).await?;
        }
        Ok(())
    }

    fn context(&self, stream: Numbered, mailbox: Arc<Mailbox>, room: &Room, place: f64) -> StreamContext {
        let Numbered { id, key, shared } = stream;
        let limits = Limits {
            poll_every: shared.poll_every,
            poll_phase: (self.mode == Mode::Follow).then(|| shared.poll_every.mul_f64(place)),
            ..self.limits.clone()
        };
        StreamContext {
            id,
            series: StreamSeries::new(&key, self.detail),
            key,
            source: Arc::clone(&shared.source),
            journal: Arc::clone(&self.journal),
            clock: Arc::clone(&self.clock),
            governor: shared.governor.seat(),
            permits: Arc::clone(&room.permits),
            large: Arc::clone(&room.large),
            expects_large: AtomicBool::default(),
            listings_fail: AtomicBool::default(),
            pace: Arc::clone(&self.pace),
            commit_room: Arc::clone(&room.commit),
            calls: Arc::clone(&room.calls),
            looks: Arc::clone(&shared.looks),
            quiet: self.quiet.clone(),
            board: self.board.clone(),
            limits,
            mailbox,
            turn: RwLock::default(),
            rewinds: AtomicU64::default(),
        }
    }
}

/// When after the start the stream with this rank begins.
fn spacing(rank: usize, count: usize, poll_every: Duration) -> Duration {
    let share = rank as f64 / count as f64;
    poll_every.mul_f64(share).min(LONGEST_SPACING.saturating_mul(u32::try_from(rank).unwrap_or(u32::MAX)))
}

/// Where in the poll interval a stream's beat lies, as a share of it: evenly spread, in the order of the rows.
fn place(rank: usize, count: usize, origin: f64) -> f64 {
    (origin + rank as f64 / count as f64).fract()
}

/// Where the first beat lies: another place in each installation, so that not all ask Microsoft on the minute.
fn origin(first: Option<&StreamKey>) -> f64 {
    let mut hasher = DefaultHasher::new();
    first.map(ToString::to_string).hash(&mut hasher);
    (hasher.finish() % 1_000) as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use trailhound_model::minutes;

    use super::*;

    #[test]
    fn few_streams_begin_at_once_and_many_within_one_interval_none_with_another() {
        let millis = |rank, count| spacing(rank, count, minutes(1)).as_secs_f64() * 1_000.0;
        assert!((millis(4, 5) - 8.0).abs() < 0.001);
        assert!((59_998.0..60_000.0).contains(&millis(49_999, 50_000)));
        assert!((1..50_000).all(|rank| millis(rank, 50_000) - millis(rank - 1, 50_000) > 1.1));
    }

    #[test]
    fn the_beats_of_all_streams_are_spread_evenly() {
        let mut in_each_second = [0; 60];
        for rank in 0..60_000 {
            let phase = minutes(1).mul_f64(place(rank, 60_000, 0.77));
            in_each_second[usize::try_from(phase.as_secs()).unwrap()] += 1;
        }
        assert!(in_each_second.iter().all(|count| (998..=1_002).contains(count)), "{in_each_second:?}");
    }
}
