//! One life of the process: from its start to its end, by order or by death.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use trailhound_env::Storage;
use trailhound_sim_disk::SimDisk;

use crate::fate::{Deed, Fate, Moment};
use crate::storage::is_up;

/// Shared by everything that belongs to one life. After its death nothing that belongs to it does anything.
pub(crate) struct Life {
    fate: Arc<Fate>,
    disk: SimDisk,
    storage: Arc<dyn Storage>,
    dead: AtomicBool,
    died: Notify,
}

impl Life {
    pub(crate) fn new(fate: Arc<Fate>, disk: SimDisk, storage: Arc<dyn Storage>) -> Arc<Self> {
        Arc::new(Self { fate, disk, storage, dead: AtomicBool::new(false), died: Notify::new() })
    }

    /// What becomes of the commit point that is reached now.
    pub(crate) fn point(&self) -> Deed {
        match self.fate.next() {
            Deed::LosePowerSoon(moment) => {
                match moment {
                    Moment::AtWrite(n) => self.disk.power_loss_at_write(n),
                    Moment::AtSync(n) => self.disk.power_loss_at_sync(n),
                }
                Deed::Go
            }
            deed => deed,
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Whether the machine under it is still up.
    pub(crate) fn has_power(&self) -> bool {
        is_up(self.storage.as_ref())
    }

    /// From now on nothing is done any more.
    pub(crate) fn end(&self) {
        self.dead.store(true, Ordering::Relaxed);
        self.died.notify_one();
    }

    /// Ends the life and never returns.
    pub(crate) async fn end_here<T>(&self) -> T {
        self.end();
        std::future::pending().await
    }

    /// Waits for the death.
    pub(crate) async fn death(&self) {
        self.died.notified().await;
    }
}
