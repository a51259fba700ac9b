//! What a person asks of streams, running or not: try again now, list again from here.
//!
//! A running stream has its ledger in memory as well, so it carries an order out itself: the order goes into its
//! mailbox. A stream without a driver has its order carried out on the journal alone, by the same function.

mod carry_out;
mod changes;
mod mailbox;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard, oneshot};
use trailhound_journal::{Journal, JournalError};
use trailhound_ledger::Limits;
use trailhound_model::{ContentId, Span, StreamKey, Timestamp};

pub(crate) use self::carry_out::{Work, carry_out};
pub(crate) use self::changes::note_outside_change;
pub use self::changes::{CHANGE_PREFIX, Change, OUTSIDE_COMMAND, OutsideChange};
use self::mailbox::Undelivered;
pub(crate) use self::mailbox::{Letter, Mailbox};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Blobs that were given up and can still be had, and those that wait for another attempt, are fetched now.
    Retry {
        /// Only these; empty: all. At most [`trailhound_journal::MAX_BLOB_ROWS`].
        blobs: Vec<ContentId>,
    },
    /// What was listed from `to` on is listed again, and blobs of that time that were given up are fetched again.
    Rewind {
        /// The first moment.
        to: Timestamp,
    },
}

/// Who asks what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub wish: Wish,
    /// The person, as far as the system knows: for the record of changes.
    pub who: String,
}

/// A blob that cannot be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub content_id: ContentId,
    /// Why, for people.
    pub why: String,
}

/// What carrying an order out did to one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Blobs that left their gap row and are pending again.
    pub reopened: u64,
    /// Pending blobs whose wait was ended.
    pub hastened: u64,
    /// The stream waited after failures and tries at once.
    pub was_waiting: bool,
    /// Blobs that cannot be tried again: the first [`MAX_REFUSED_NAMED`].
    pub refused: Vec<Refused>,
    /// How many there are in all.
    pub refused_blobs: u64,
    /// Blobs asked for that the stream's ledger does not know.
    pub unknown: Vec<ContentId>,
    /// What counted as listed and is listed again.
    pub again: Vec<Span>,
    /// What was asked for and is out of Microsoft's reach.
    pub lost: Option<Span>,
    /// The stream is covered from here on now: earlier than before.
    pub horizon: Option<Timestamp>,
}

/// Most blobs that an answer names as impossible; the rest is counted.
pub const MAX_REFUSED_NAMED: usize = 100;

/// Why an order was not carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AskError {
    /// Too many orders wait for the stream.
    #[error("`{0}` has not answered earlier orders yet")]
    Busy(StreamKey),
    /// The stream was stopped before it came to the order.
    #[error("`{0}` was stopped before it could answer")]
    Stopped(StreamKey),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The way to the running streams. Clones share it; one that was never given to a run knows none.
#[derive(Clone, Default)]
pub struct Controls(Arc<Mutex<BTreeMap<StreamKey, Arc<Mailbox>>>>);

impl Controls {
    /// Has an order carried out: by the running stream, or on the journal when there is none. The caller limits
    /// how long it waits; an order whose caller has gone is not begun.
    pub async fn ask(
        &self,
        journal: &dyn Journal,
        key: &StreamKey,
        order: Order,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Done, AskError> {
        let streams = self.0.lock().await;
        let (reply, answer) = oneshot::channel();
        let letter = Letter { order, reply };
        let posted = match streams.get(key) {
            Some(mailbox) => mailbox.post(letter),
            None => Err(Undelivered::Closed(letter)),
        };
        let letter = match posted {
            Err(Undelivered::Closed(letter)) => letter,
            Err(Undelivered::Full) => return Err(AskError::Busy(key.clone())),
            Ok(()) => {
                drop(streams);
                return answer.await.map_err(|_| AskError::Stopped(key.clone()))?.map_err(Into::into);
            }
        };
        // No driver can begin meanwhile: it would need the lock.
        let id = journal.register(key).await?;
        let mut facts = journal.load(id).await?;
        let work = Work { journal, key, id, now, limits };
        Ok(carry_out(&work, &mut facts, &letter.order).await?)
    }

    /// Streams are about to begin. Until it is dropped nobody changes their ledgers from outside.
    pub(crate) async fn opening(&self) -> Opening<'_> {
        Opening { streams: self.0.lock().await, opened: Open::default() }
    }
}

/// See [`Controls::opening`].
pub(crate) struct Opening<'a> {
    streams: MutexGuard<'a, BTreeMap<StreamKey, Arc<Mailbox>>>,
    opened: Open,
}

impl Opening<'_> {
    /// A mailbox for the stream.
    pub(crate) fn mailbox(&mut self, key: &StreamKey) -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::default());
        self.streams.insert(key.clone(), Arc::clone(&mailbox));
        self.opened.0.push(Arc::clone(&mailbox));
        mailbox
    }

    /// All streams have begun.
    pub(crate) fn done(self) -> Open {
        self.opened
    }
}

/// Mailboxes that are answered as long as it lives.
#[derive(Default)]
pub(crate) struct Open(Vec<Arc<Mailbox>>);

impl Drop for Open {
    fn drop(&mut self) {
        for mailbox in &self.0 {
            mailbox.close();
        }
    }
}
