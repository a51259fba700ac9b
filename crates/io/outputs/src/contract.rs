//! The contract of an output. All outputs are alike: no retry loop inside, no clock, no threads of their own.
//!
//! The pipeline calls, for each batch of chunks in journal order:
//! 1. [`Output::prepare`]; a state that it returns is stored *before* step 2;
//! 2. [`Output::deliver`]; its answer means that the receiver accepted everything, durably (promise L3);
//! 3. stores the receipt: the batch's last position with the state of the answer.
//!
//! After a crash it calls [`Output::recover`] with the last stored state, then delivers again from the last
//! receipt. An output that cannot tell repeats apart (see [`Capabilities`]) must undo what came after it, and
//! nothing else: what it does not know to be delivered again stays.

use futures::future::BoxFuture;
use trailhound_model::{DeliveryCounts, JournalChunk, OutputName, Timestamp};

/// What an output can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// After a crash nothing is seen twice by the receiver: it undoes, or the receiver knows the record id.
    pub exactly_once: bool,
    /// [`Output::recover`] undoes, so it must be told what is delivered again.
    pub undoes: bool,
}

/// The receiver accepted a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// To be stored with the receipt.
    pub state: Option<String>,
    /// What was done, one element for each chunk of the batch.
    pub counts: Vec<DeliveryCounts>,
}

/// A delivery failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct OutputError {
    /// What happened, with the place: lower case, fits after "output `siem` failed to".
    pub what: String,
    /// What a person can do next.
    pub hint: String,
    /// Whether the same call can succeed later without a change of configuration.
    pub retry: bool,
}

/// Somewhere that records go.
pub trait Output: Send {
    /// Its configured name.
    fn name(&self) -> &OutputName;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Imitates a delivery without leaving anything behind: can it be reached and written?
    fn check(&mut self, now: Timestamp) -> BoxFuture<'_, Result<(), OutputError>>;

    /// Goes back to the state of the last receipt. Called once before anything else, and again after every
    /// failed delivery. `None`: there has never been a receipt. `again`: what follows the last receipt in the
    /// journal, as far as one batch can reach; empty for an output that does not undo.
    fn recover<'a>(
        &'a mut self,
        state: Option<&'a str>,
        again: &'a [JournalChunk],
    ) -> BoxFuture<'a, Result<(), OutputError>>;

    /// Announces a batch. `Some(state)` must be durable before [`Output::deliver`] is called.
    fn prepare(&mut self, batch: &[JournalChunk], now: Timestamp) -> Result<Option<String>, OutputError>;

    /// Delivers the batch that was announced, all of it.
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [JournalChunk],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Accepted, OutputError>>;

    /// What it saw, since it was asked last, that others had done to what was delivered: a sentence each, with the
    /// place and what follows. To be logged and kept.
    fn take_outside_changes(&mut self) -> Vec<String> {
        Vec::new()
    }
}
