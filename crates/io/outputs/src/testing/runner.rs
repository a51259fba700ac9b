//! The pipeline's side of the contract, reduced to its order of steps, with crashes between any two of them.

use trailhound_model::{DeliveryCounts, JournalChunk, Timestamp};

use super::TestBed;
use crate::{Output, OutputError};

/// Where the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Before the batch was announced.
    BeforePrepare,
    /// After `prepare`, before its state was stored.
    BeforeIntent,
    /// After the announced state was stored, before the delivery began.
    BeforeDeliver,
    /// In the delivery, after this many operations on the receiver.
    InDeliver {
        /// Operations that still succeed.
        after_steps: u64,
    },
    /// After the delivery, before its receipt was stored.
    BeforeReceipt,
}

/// Drives an output as the pipeline does and keeps what the journal would keep.
pub struct Runner {
    output: Box<dyn Output>,
    stored: Option<String>,
    /// Announced, and without a receipt: it is delivered again.
    again: Vec<JournalChunk>,
    /// Sums of the receipts.
    pub counts: DeliveryCounts,
}

impl Runner {
    /// First start, without a stored state.
    pub async fn start(bed: &mut impl TestBed) -> Self {
        let mut runner =
            Self { output: bed.start(), stored: None, again: Vec::new(), counts: DeliveryCounts::default() };
        runner.recover().await;
        runner
    }

    /// A new process with the stored state.
    pub async fn restart(&mut self, bed: &mut impl TestBed) {
        self.output = bed.start();
        self.recover().await;
    }

    /// Back to the last receipt.
    ///
    /// # Panics
    /// When the output cannot.
    pub async fn recover(&mut self) {
        let recovered = self.output.recover(self.stored.as_deref(), &self.again).await;
        recovered.expect("recovering from a stored state works");
    }

    /// Whether the output says that repeats are not seen.
    pub fn exactly_once(&self) -> bool {
        self.output.capabilities().exactly_once
    }

    /// The output itself, for what the suite does not know.
    pub fn output(&mut self) -> &mut dyn Output {
        self.output.as_mut()
    }

    /// One batch up to its receipt; after a failure, recovers as the pipeline does.
    pub async fn run(&mut self, batch: &[JournalChunk], now: Timestamp) -> Result<(), OutputError> {
        let tried = self.attempt(batch, now).await;
        if tried.is_err() {
            self.recover().await;
        }
        tried
    }

    /// One batch up to its receipt.
    pub async fn attempt(&mut self, batch: &[JournalChunk], now: Timestamp) -> Result<(), OutputError> {
        self.announce(batch, now)?;
        self.deliver(batch, now).await
    }

    /// One batch with a crash in it. Returns whether the receipt was stored before the crash could come.
    pub async fn run_into(
        &mut self,
        crash: Crash,
        batch: &[JournalChunk],
        now: Timestamp,
        bed: &mut impl TestBed,
    ) -> bool {
        let reachable = "the receiver works before the crash";
        match crash {
            Crash::BeforePrepare => {}
            Crash::BeforeIntent => drop(self.output.prepare(batch, now).expect(reachable)),
            Crash::BeforeDeliver => self.announce(batch, now).expect(reachable),
            Crash::InDeliver { after_steps } => {
                self.announce(batch, now).expect(reachable);
                bed.fail_after(after_steps);
                return self.deliver(batch, now).await.is_ok();
            }
            Crash::BeforeReceipt => {
                self.announce(batch, now).expect(reachable);
                self.output.deliver(batch, now).await.expect(reachable);
            }
        }
        false
    }

    fn announce(&mut self, batch: &[JournalChunk], now: Timestamp) -> Result<(), OutputError> {
        if let Some(state) = self.output.prepare(batch, now)? {
            self.stored = Some(state);
        }
        self.again = batch.to_vec();
        Ok(())
    }

    async fn deliver(&mut self, batch: &[JournalChunk], now: Timestamp) -> Result<(), OutputError> {
        let accepted = self.output.deliver(batch, now).await?;
        assert_eq!(accepted.counts.len(), batch.len(), "one count for each chunk");
        for (chunk, counts) in batch.iter().zip(accepted.counts) {
            assert_eq!(counts.done(), chunk.deliverable().count() as u64, "every record is accounted for");
            self.counts += counts;
        }
        self.stored = accepted.state.or(self.stored.take());
        self.again.clear();
        Ok(())
    }
}
