//! An output made of a function, for tests of whatever delivers.

use futures::future::{BoxFuture, ready};
use trailhound_model::{DeliveryCounts, JournalChunk, OutputName, Timestamp};

use crate::{Accepted, Capabilities, Output, OutputError};

/// Accepts each batch that its function does not refuse. Keeps no state and forgets what it takes.
pub struct FnOutput<F> {
    name: OutputName,
    take: F,
}

impl<F> FnOutput<F>
where
    F: FnMut(&[JournalChunk], Timestamp) -> Result<(), OutputError> + Send,
{
    /// `take` sees each batch and the moment of its delivery.
    pub fn new(name: OutputName, take: F) -> Self {
        Self { name, take }
    }
}

/// The answer of a receiver that took every deliverable record of the batch.
pub fn all_accepted(batch: &[JournalChunk]) -> Accepted {
    let count = |chunk: &JournalChunk| DeliveryCounts {
        delivered: chunk.deliverable().count() as u64,
        ..DeliveryCounts::default()
    };
    Accepted { state: None, counts: batch.iter().map(count).collect() }
}

impl<F> Output for FnOutput<F>
where
    F: FnMut(&[JournalChunk], Timestamp) -> Result<(), OutputError> + Send,
{
    fn name(&self) -> &OutputName {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { exactly_once: true, undoes: false }
    }

    fn check(&mut self, _: Timestamp) -> BoxFuture<'_, Result<(), OutputError>> {
        Box::pin(ready(Ok(())))
    }

    fn recover<'a>(
        &'a mut self,
        _: Option<&'a str>,
        _: &'a [JournalChunk],
    ) -> BoxFuture<'a, Result<(), OutputError>> {
        Box::pin(ready(Ok(())))
    }

    fn prepare(&mut self, _: &[JournalChunk], _: Timestamp) -> Result<Option<String>, OutputError> {
        Ok(None)
    }

    fn deliver<'a>(
        &'a mut self,
        batch: &'a [JournalChunk],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Accepted, OutputError>> {
        let answer = (self.take)(batch, now).map(|()| all_accepted(batch));
        Box::pin(ready(answer))
    }
}
