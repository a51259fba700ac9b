//! Delivering: from the journal to one output, receipt by receipt (commit point 2).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::watch;
use trailhound_env::Clock;
use trailhound_journal::{Journal, JournalError, Receipt};
use trailhound_model::{DeliveryCounts, JournalChunk, Seq, StreamKey, Timestamp, days, seconds};
use trailhound_outputs::{Output, OutputError};

use crate::board::Board;
use crate::by_hand;
use crate::fleet::panic_words;
use crate::pace::Pace;
use crate::stop::Stop;
use crate::telemetry::{self, Detail};

/// Raw bytes of one batch. One chunk may be larger (a single huge record).
pub(crate) const BATCH_BYTES: usize = 8 << 20;
/// The same after a failure: an output that is down for days is asked with little, not with megabytes a minute.
const PROBE_BYTES: usize = 64 << 10;
/// Failures in a row after which a single collection gives an output up.
const ONCE_FAILURES: u32 = 4;
/// Entries in the record of changes that an output may make a day for what others did to it.
const MAX_CHANGES_PER_DAY: u32 = 100;
/// Longest wait between attempts, in seconds.
const LONGEST_WAIT_SECONDS: u64 = 60;

/// How a delivery ended.
#[derive(Debug)]
pub(crate) enum DeliveryEnd {
    /// It was told to stop.
    Stopped,
    /// Told to drain, it delivered everything.
    Drained,
    /// A single collection could not deliver.
    Failed(DeliveryError),
}

/// A failed step of delivering.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum DeliveryError {
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The output's own code failed.
    #[error("deliver, since its code died ({0}); this is a defect in trailhound")]
    Died(String),
}

impl DeliveryError {
    pub(crate) fn hint(&self) -> &str {
        match self {
            Self::Output(error) => &error.hint,
            Self::Journal(error) => error.kind.hint(),
            Self::Died(_) => "please report this with the log",
        }
    }

    fn can_pass(&self) -> bool {
        match self {
            Self::Output(error) => error.retry,
            Self::Journal(_) | Self::Died(_) => true,
        }
    }
}

/// What others did to what one output had delivered, on one day: log rotation touches thousands of files, and each
/// entry of the record stays for ever.
#[derive(Debug, Default)]
pub(crate) struct ChangesToday {
    day: Timestamp,
    count: u32,
}

impl ChangesToday {
    /// What is to be recorded of one more.
    fn one_more(&mut self, now: Timestamp, what: String) -> Option<String> {
        let day = now.floor_to(days(1));
        if self.day != day {
            *self = Self { day, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        match self.count {
            ..MAX_CHANGES_PER_DAY => Some(what),
            MAX_CHANGES_PER_DAY => Some(format!("{what}. More of this day are in the log only")),
            _ => None,
        }
    }
}

pub(crate) struct Delivery {
    pub output: Box<dyn Output>,
    pub journal: Arc<dyn Journal>,
    pub clock: Arc<dyn Clock>,
    pub(crate) board: Board,
    pub(crate) pace: Arc<Pace>,
    /// `true`: nothing more will be journalled; end when everything is delivered.
    pub drain: watch::Receiver<bool>,
    /// Whose series are told apart.
    pub(crate) detail: Detail,
    /// What others did to what was delivered, and the record of changes does not tell yet.
    pub(crate) untold: Vec<(Timestamp, String)>,
    /// How many of these there were.
    pub(crate) changes_today: ChangesToday,
    /// The bound in bytes of batches that were begun since the last receipt or successful `recover`; of an earlier
    /// process nothing is known, so it begins with [`BATCH_BYTES`].
    pub(crate) attempted_bytes: usize,
    /// Somebody waits for the end: give up after some failures.
    pub once: bool,
    pub(crate) probe: Probe,
}

/// What an output that is down is asked with, after which position: read and unpacked once, not for each attempt.
#[derive(Debug, Default)]
pub(crate) struct Probe(Option<(Seq, Vec<JournalChunk>)>);

impl Delivery {
    /// Delivers until stopped, drained or (a single collection) hopeless.
    pub(crate) async fn run(mut self, stop: Stop) -> DeliveryEnd {
        let mut failures = 0;
        loop {
            let ended = tokio::select! {
                biased;
                () = stop.stopped() => return DeliveryEnd::Stopped,
                // What an output that died has in memory is made good by `recover` at the next attempt.
                ended = AssertUnwindSafe(self.deliver_until_failure(&mut failures)).catch_unwind() => {
                    ended.unwrap_or_else(|panic| Err(DeliveryError::Died(panic_words(panic.as_ref()))))
                }
            };
            let Err(error) = ended else { return DeliveryEnd::Drained };
            failures += 1;
            self.show_failure(&error);
            if self.once && (failures >= ONCE_FAILURES || !error.can_pass()) {
                return DeliveryEnd::Failed(error);
            }
            let wait = seconds((1 << failures.min(6)).min(LONGEST_WAIT_SECONDS));
            tokio::select! {
                biased;
                () = stop.stopped() => return DeliveryEnd::Stopped,
                () = self.clock.sleep(wait) => {}
            }
        }
    }

    async fn deliver_until_failure(&mut self, failures: &mut u32) -> Result<(), DeliveryError> {
        let mut newest = self.journal.newest();
        let place = self.journal.open_reader(self.output.name()).await?;
        self.show_backlog(place.position, *newest.borrow());
        let again = self.attempted(place.position).await?;
        apart(self.output.recover(place.output_state.as_deref(), &again)).await?;
        drop(again);
        self.attempted_bytes = 0;
        self.tell_outside_changes().await?;
        let mut position = place.position;
        // After a failure little by little: what a full disk still holds is found in a few attempts.
        let mut most_bytes = if *failures == 0 { BATCH_BYTES } else { PROBE_BYTES };
        loop {
            self.show_backlog(position, *newest.borrow());
            let draining = *self.drain.borrow_and_update();
            let target = *newest.borrow_and_update();
            if position < target {
                position = self.deliver_batch(position, most_bytes).await?;
                most_bytes = (2 * most_bytes).min(BATCH_BYTES);
                self.show_success();
                *failures = 0;
                continue;
            }
            self.pace.caught_up(self.output.name());
            if draining {
                return Ok(());
            }
            tokio::select! {
                biased;
                changed = newest.changed() => if changed.is_err() { return Ok(()) },
                changed = self.drain.changed() => if changed.is_err() { return Ok(()) },
            }
        }
    }

    /// What attempts without a receipt can have written: each begins behind the last one.
    async fn attempted(&mut self, position: Seq) -> Result<Vec<JournalChunk>, JournalError> {
        if !self.output.capabilities().undoes || self.attempted_bytes == 0 {
            return Ok(Vec::new());
        }
        match &self.probe.0 {
            Some((after, batch)) if *after == position && self.attempted_bytes <= PROBE_BYTES => {
                Ok(batch.clone())
            }
            _ => self.journal.read(position, self.attempted_bytes).await,
        }
    }

    async fn deliver_batch(&mut self, position: Seq, most_bytes: usize) -> Result<Seq, DeliveryError> {
        let batch = match self.probe.0.take() {
            Some((after, batch)) if after == position => batch,
            _ => self.journal.read(position, most_bytes).await?,
        };
        let Some(last) = batch.last().map(|chunk| chunk.seq) else {
            return Ok(*self.journal.newest().borrow());
        };
        let now = self.clock.now();
        if let Some(state) = self.output.prepare(&batch, now)? {
            self.tell_outside_changes().await?;
            self.store(position, Some(state), Vec::new()).await?;
        }
        self.attempted_bytes = self.attempted_bytes.max(most_bytes);
        let accepted = match apart(self.output.deliver(&batch, now)).await {
            Ok(accepted) => accepted,
            Err(error) => {
                if most_bytes <= PROBE_BYTES {
                    self.probe = Probe(Some((position, batch)));
                }
                return Err(error.into());
            }
        };
        let counts = sums(&batch, &accepted.counts);
        self.store(last, accepted.state, counts.clone()).await?;
        self.attempted_bytes = 0;
        self.board.journal_works(now);
        let bytes = batch.iter().map(|chunk| chunk.raw.len() as u64).sum();
        self.pace.delivered(self.output.name(), bytes);
        for (key, done) in &counts {
            telemetry::delivered(self.output.name(), key, self.detail, done.delivered);
        }
        self.board.output(self.output.name(), |status| {
            for (key, done) in counts {
                *status.counts.entry(key).or_default() += done;
            }
        });
        Ok(last)
    }

    async fn store(
        &mut self,
        position: Seq,
        output_state: Option<String>,
        counts: Vec<(StreamKey, DeliveryCounts)>,
    ) -> Result<(), JournalError> {
        let reader = self.output.name().clone();
        let at = self.clock.now();
        self.journal.receipt(Receipt { reader, position, output_state, counts, at }).await
    }

    /// Into the log at once, and into the record of changes before anything more is delivered.
    async fn tell_outside_changes(&mut self) -> Result<(), JournalError> {
        let name = self.output.name().clone();
        for what in self.output.take_outside_changes() {
            let now = self.clock.now();
            tracing::warn!(output = %name, "{what}");
            telemetry::outside_change(&name);
            self.board.output(&name, |status| status.outside_change = Some((now, what.clone())));
            self.untold.extend(self.changes_today.one_more(now, what).map(|what| (now, what)));
        }
        while let Some((at, what)) = self.untold.last() {
            by_hand::note_outside_change(self.journal.as_ref(), &name, *at, what).await?;
            self.untold.pop();
        }
        Ok(())
    }

    fn show_backlog(&self, position: Seq, newest: Seq) {
        let backlog_chunks = newest.0.saturating_sub(position.0);
        self.board.output(self.output.name(), |status| status.backlog_chunks = backlog_chunks);
    }

    fn show_success(&self) {
        let now = self.clock.now();
        self.board.output(self.output.name(), |status| {
            status.last_success = Some(now);
            status.error = None;
        });
    }

    fn show_failure(&self, error: &DeliveryError) {
        let name = self.output.name();
        self.pace.failed(name);
        if let DeliveryError::Journal(error) = error {
            // It has accepted what it was given; that cannot be noted.
            tracing::debug!(output = %name, %error, "the journal failed a delivery");
            self.board.journal_failed(error, self.clock.now());
            return;
        }
        telemetry::output_failure(name);
        tracing::warn!(output = %name, error = %error, hint = error.hint(), "output failed; records are kept in the journal");
        let now = self.clock.now();
        self.board.output(name, |status| {
            let since = status.error.as_ref().map_or(now, |(since, ..)| *since);
            status.error = Some((since, error.to_string(), error.hint().to_owned()));
        });
    }
}

/// Outputs may block on the disk: on a runtime with several threads the others go on meanwhile.
async fn apart<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Handle::current();
    if runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread {
        tokio::task::block_in_place(|| runtime.block_on(work))
    } else {
        work.await
    }
}

fn sums(batch: &[JournalChunk], counts: &[DeliveryCounts]) -> Vec<(StreamKey, DeliveryCounts)> {
    let mut sums: Vec<(StreamKey, DeliveryCounts)> = Vec::new();
    for (chunk, done) in batch.iter().zip(counts) {
        match sums.iter_mut().find(|(key, _)| *key == chunk.key) {
            Some((_, sum)) => *sum += *done,
            None => sums.push((chunk.key.clone(), *done)),
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_log_rotation_makes_a_bounded_number_of_entries() {
        let mut today = ChangesToday::default();
        let now = Timestamp::from_millis(1_795_190_400_000);
        let told: Vec<String> =
            (0..5_000).filter_map(|number| today.one_more(now, format!("file {number}"))).collect();
        assert_eq!((told.len(), told[0].as_str()), (100, "file 0"));
        assert_eq!(told[99], "file 99. More of this day are in the log only");
        assert_eq!(today.one_more(now + days(1), "new".to_owned()).as_deref(), Some("new"));
    }
}
