//! Orders on their way to a running stream.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use trailhound_journal::JournalError;

use super::{Done, Order};

/// Orders that may wait for one stream.
const MAX_LETTERS: usize = 8;

/// An order with the way back.
pub(crate) struct Letter {
    pub(crate) order: Order,
    pub(crate) reply: oneshot::Sender<Result<Done, JournalError>>,
}

/// Why a letter was not taken.
pub(super) enum Undelivered {
    Full,
    Closed(Letter),
}

/// One stream's orders. Small, since there is one for every stream.
#[derive(Default)]
pub(crate) struct Mailbox {
    letters: Mutex<Letters>,
    bell: Notify,
}

#[derive(Default)]
struct Letters {
    waiting: VecDeque<Letter>,
    is_closed: bool,
}

impl Mailbox {
    /// The next order whose sender still waits. Cancel-safe.
    pub(crate) async fn next(&self) -> Letter {
        loop {
            let letter = self.lock().waiting.pop_front();
            match letter {
                Some(letter) if letter.reply.is_closed() => {}
                Some(letter) => return letter,
                None => self.bell.notified().await,
            }
        }
    }

    pub(super) fn post(&self, letter: Letter) -> Result<(), Undelivered> {
        let mut letters = self.lock();
        if letters.is_closed {
            return Err(Undelivered::Closed(letter));
        }
        if letters.waiting.len() >= MAX_LETTERS {
            return Err(Undelivered::Full);
        }
        letters.waiting.push_back(letter);
        self.bell.notify_one();
        Ok(())
    }

    /// Nobody reads any more; what waits is dropped, so that its senders know.
    pub(super) fn close(&self) {
        let mut letters = self.lock();
        letters.is_closed = true;
        letters.waiting.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
