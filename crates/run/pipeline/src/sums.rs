//! Promise L5, checked by the running program: the kept sums of all streams in every round of upkeep, and in turns
//! the rows behind them.

use std::collections::BTreeMap;

use trailhound_journal::{Journal, JournalError, Recount, StreamId, StreamReport, StreamSums};
use trailhound_model::{BlobCounts, DeliveryCounts, OutputName, StreamCounts, StreamKey, promises};

use crate::board::Board;
use crate::telemetry;

/// Each stream's rows are counted afresh once in so many rounds: within an hour at a round a minute.
const ROUNDS_FOR_ALL: usize = 60;
/// Most streams counted by one call, so that no look at the journal is long.
const STREAMS_A_CALL: usize = 100;

/// What is remembered between the rounds.
#[derive(Default)]
pub(crate) struct SumsCheck {
    /// The stream counted last; `None`: begin with the first.
    after: Option<StreamId>,
    /// Streams whose rows were not as many as their sums say when they were last counted.
    uneven: BTreeMap<StreamId, String>,
}

impl SumsCheck {
    /// Checks all sums and the rows of some streams; raises an alarm for each stream that breaks the promise.
    pub(crate) async fn round(&mut self, journal: &dyn Journal, board: &Board) -> Result<(), JournalError> {
        let sums = journal.sums().await?;
        let mut broken: Vec<String> = sums.iter().filter_map(imbalance_of).collect();
        let counted = self.recount(journal, sums.len().div_ceil(ROUNDS_FOR_ALL)).await;
        broken.extend(self.uneven.values().cloned());
        for what in &broken {
            tracing::error!(what, "promise L5 is broken; this is a defect in trailhound, please report it");
            board.alarm(what.clone());
        }
        telemetry::broken_promises(broken.len());
        counted
    }

    /// Counts the next streams' rows; after the last one the first comes again.
    async fn recount(&mut self, journal: &dyn Journal, streams: usize) -> Result<(), JournalError> {
        let mut left = streams;
        while left > 0 {
            let asked = left.min(STREAMS_A_CALL);
            let recounts = journal.recount_next(self.after, asked).await?;
            let is_end = recounts.len() < asked;
            left -= recounts.len();
            self.after = recounts.last().map(|recount| recount.stream);
            for recount in recounts {
                match uneven(&recount) {
                    Some(what) => drop(self.uneven.insert(recount.stream, what)),
                    None => drop(self.uneven.remove(&recount.stream)),
                }
            }
            if is_end {
                self.after = None;
                break;
            }
        }
        Ok(())
    }
}

/// How the rows differ from the kept sums; `None` when they agree.
fn uneven(recount: &Recount) -> Option<String> {
    let words = |c: &BlobCounts| {
        format!("{} listed, {} journalled, {} in gaps, {} pending", c.listed, c.journalled, c.gap, c.pending)
    };
    (recount.kept != recount.counted).then(|| {
        let Recount { key, kept, counted, .. } = recount;
        format!("L5 of {key}: the sums say {}, but the rows of its blobs are {}", words(kept), words(counted))
    })
}

/// How the sums of a stream fail to balance; `None` when they do. Readers may lag behind, never run ahead.
pub fn imbalance(report: &StreamReport) -> Option<String> {
    unequal(&report.key, &report.counts, &report.deliveries)
}

fn imbalance_of(sums: &StreamSums) -> Option<String> {
    unequal(&sums.key, &sums.counts, &sums.deliveries)
}

fn unequal(
    key: &StreamKey,
    counts: &StreamCounts,
    deliveries: &[(OutputName, DeliveryCounts)],
) -> Option<String> {
    let (blobs, deliverable) = (&counts.blobs, counts.records.deliverable());
    if !promises::blobs_balance(blobs) {
        return Some(format!(
            "L5 of {key}: {} blobs listed, but {} journalled + {} in gaps + {} pending",
            blobs.listed, blobs.journalled, blobs.gap, blobs.pending
        ));
    }
    let (reader, done) = deliveries.iter().find(|(_, done)| done.done() > deliverable)?;
    Some(format!(
        "L5 of {key}: output {reader} is done with {} records, but only {deliverable} were to be delivered",
        done.done(),
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use metrics_exporter_prometheus::PrometheusBuilder;
    use trailhound_env::{Clock, VirtualClock};
    use trailhound_journal::{JournalConfig, Mode, SqliteJournal};
    use trailhound_model::{Blob, ContentId, Delta, InstanceName, StreamName, Timestamp, days, minutes};

    use super::*;
    use crate::upkeep::upkeep;

    const STREAMS: usize = 130;
    const START: Timestamp = Timestamp::from_millis(1_793_491_200_000);

    fn key(number: usize) -> StreamKey {
        StreamKey {
            instance: InstanceName::new(&format!("tenant-{number}")).unwrap(),
            stream: StreamName::new("Audit.General").unwrap(),
        }
    }

    /// A journal of many streams with two pending blobs each.
    async fn filled(journal: &SqliteJournal) {
        for stream in journal.register_many((0..STREAMS).map(key).collect()).await.unwrap() {
            let blob = |name| Blob {
                content_id: ContentId::new(name),
                uri: "https://example.invalid/".into(),
                created: START,
                expires: START + days(7),
            };
            let found = Delta::Found { blobs: vec![blob("a"), blob("b")], at: START };
            journal.record(stream, vec![found]).await.unwrap();
        }
    }

    async fn run_upkeep(journal: &Arc<SqliteJournal>, board: &Board, rounds: u64) {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(START));
        let tended = Arc::clone(journal) as Arc<dyn Journal>;
        let kept = upkeep(tended, Arc::clone(&clock), board.clone(), BTreeSet::new(), minutes(1));
        tokio::select! {
            () = kept => {}
            () = clock.sleep(minutes(1) * u32::try_from(rounds).unwrap() + minutes(1) / 2) => {}
        }
    }

    #[test]
    fn a_row_changed_behind_the_sums_is_found_by_upkeep_within_an_hour() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = JournalConfig { mode: Mode::Inline, ..JournalConfig::new(folder.path()) };
        metrics::with_local_recorder(&recorder, || {
            runtime.block_on(async {
                let clock = Arc::new(VirtualClock::starting_at(START));
                let journal = Arc::new(SqliteJournal::open(settings, clock).unwrap());
                filled(&journal).await;
                let board = Board::new();
                run_upkeep(&journal, &board, 60).await;
                assert!(board.read(|present| present.alarms.is_empty()));
                let shown = recorder.handle().render();
                assert!(shown.contains("trailhound_broken_promises 0"), "{shown}");

                // Its sums still balance among themselves: only a count of the rows tells.
                let conn = rusqlite::Connection::open(folder.path().join("journal.sqlite")).unwrap();
                let last = "(SELECT id FROM stream WHERE instance = 'tenant-129')";
                let sql = format!("UPDATE blob SET state = 1 WHERE content_id = 'b' AND stream = {last}");
                assert_eq!(conn.execute(&sql, []).unwrap(), 1);
                run_upkeep(&journal, &board, 60).await;
                let alarms = board.read(|present| present.alarms.clone());
                let words = "L5 of tenant-129/Audit.General: the sums say 2 listed, 0 journalled, 0 in gaps, \
                             2 pending, but the rows of its blobs are 2 listed, 1 journalled, 0 in gaps, 1 pending";
                assert_eq!(alarms, [words]);
                let shown = recorder.handle().render();
                assert!(shown.contains("trailhound_broken_promises 1"), "{shown}");
            });
        });
    }
}
