//! Who runs the operations: a writer thread with readers beside it, or the caller itself.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::core::Core;
use super::database_file::DatabaseFile;
use super::errors::Result;
use super::group::{Call, Job, run_group, write_until_closed};
use super::schema::open_for_reading;
use crate::{Answer, JournalError, JournalErrorKind};

/// Operations that may wait for the writer.
const QUEUE_OPERATIONS: usize = 256;
/// Bytes that may wait for the writer or be written, in KiB (24 MiB); a larger operation waits until it is alone.
const QUEUE_KIB: u32 = 24 << 10;
/// Reads at a time, and read connections: each has a cache of its own and keeps a thread.
const MAX_READERS: usize = 4;

/// Runs operations.
pub(super) enum Engine {
    /// One writer thread; reads on connections of their own, on tokio's blocking threads.
    Threaded(Threaded),
    /// Everything in the caller, under one lock.
    Inline(Box<Mutex<Core>>),
}

pub(super) struct Threaded {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    room: Arc<Semaphore>,
    writer: Option<JoinHandle<()>>,
    readers: Arc<ReaderPool>,
    reading: Semaphore,
}

struct ReaderPool {
    database: Arc<DatabaseFile>,
    idle: Mutex<Vec<Connection>>,
}

impl Engine {
    pub(super) fn threaded(core: Core, database: &Arc<DatabaseFile>) -> Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE_OPERATIONS);
        let writer = std::thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || write_until_closed(core, jobs))
            .map_err(|error| JournalError::failed(format!("the writer thread: {error}")))?;
        Ok(Self::Threaded(Threaded {
            queue: Some(queue),
            room: Arc::new(Semaphore::new(QUEUE_KIB as usize)),
            writer: Some(writer),
            readers: Arc::new(ReaderPool { database: Arc::clone(database), idle: Mutex::default() }),
            reading: Semaphore::new(MAX_READERS),
        }))
    }

    pub(super) fn is_threaded(&self) -> bool {
        matches!(self, Self::Threaded(_))
    }

    /// Runs a changing operation; the answer comes when it is durable. It stands even when the caller is
    /// gone by then.
    pub(super) fn write<T: Send + 'static>(
        &self,
        cost_bytes: usize,
        work: impl FnOnce(&mut Core) -> Result<T> + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let mut call = Call { work: Some(work), result: None, reply, cost_bytes, room: None };
            match self {
                Self::Inline(core) => {
                    let mut core = core.lock().unwrap_or_else(PoisonError::into_inner);
                    run_group(&mut core, vec![Box::new(call)]);
                }
                Self::Threaded(threaded) => {
                    let kib = u32::try_from(cost_bytes >> 10).unwrap_or(QUEUE_KIB).clamp(1, QUEUE_KIB);
                    let room = Arc::clone(&threaded.room).acquire_many_owned(kib).await;
                    call.room = Some(room.map_err(|_| writer_gone())?);
                    let queue = threaded.queue.as_ref().ok_or_else(writer_gone)?;
                    queue.send(Box::new(call)).await.map_err(|_| writer_gone())?;
                }
            }
            let answer = answer.await.unwrap_or_else(|_| Err(writer_gone()));
            answer.map_err(|error| self.with_place(error))
        })
    }

    /// Of a disk without room, which one it is.
    fn with_place(&self, error: JournalError) -> JournalError {
        let Self::Threaded(threaded) = self else { return error };
        if error.kind != JournalErrorKind::Full {
            return error;
        }
        let folder = threaded.readers.database.path().parent().unwrap_or(Path::new("."));
        JournalError { detail: format!("`{}`: {}", folder.display(), error.detail), ..error }
    }

    /// Runs a reading operation; it sees everything that was acknowledged before.
    pub(super) fn query<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(async move {
            match self {
                Self::Inline(core) => {
                    let core = core.lock().unwrap_or_else(PoisonError::into_inner);
                    core.file.check()?;
                    work(&core.conn)
                }
                Self::Threaded(threaded) => {
                    // The caller may go meanwhile and give its turn to another; the pool holds no more than it should.
                    let _turn = threaded.reading.acquire().await.map_err(|_| writer_gone())?;
                    let readers = Arc::clone(&threaded.readers);
                    run_blocking(move || readers.with(work)).await
                }
            }
        })
    }

    /// Waits for what is queued and closes the file in good order.
    pub(super) fn close(&mut self) {
        match self {
            Self::Inline(core) => core.get_mut().unwrap_or_else(PoisonError::into_inner).close(),
            Self::Threaded(threaded) => {
                threaded.queue = None;
                if threaded.writer.take().is_some_and(|writer| writer.join().is_err()) {
                    tracing::error!("the journal's writer thread had panicked");
                }
            }
        }
    }
}

/// Runs on a thread where waiting is allowed.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(JournalError::failed(format!("a journal task: {error}"))))
}

impl ReaderPool {
    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.database.check()?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => open_for_reading(self.database.storage(), self.database.path())?,
        };
        let result = work(&conn);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_READERS {
            idle.push(conn);
        }
        result
    }
}

fn writer_gone() -> JournalError {
    JournalError::failed("the writer has stopped")
}
