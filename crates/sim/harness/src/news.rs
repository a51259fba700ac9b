//! The newest position, told to each reader in turn.
//!
//! Tokio wakes the receivers of one watch channel in an order that it draws at random, and takes no seed for it. So
//! each reader has a channel of its own, and one task tells them in the order in which they asked.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use trailhound_model::Seq;

type Channels = Arc<Mutex<Vec<watch::Sender<Seq>>>>;

/// Passes the news on for as long as their source lives.
pub(crate) struct News {
    latest: watch::Receiver<Seq>,
    channels: Channels,
}

impl News {
    /// Needs the runtime of the run.
    pub(crate) fn of(source: watch::Receiver<Seq>) -> Self {
        let channels = Channels::default();
        tokio::spawn(pass_on(source.clone(), Arc::clone(&channels)));
        Self { latest: source, channels }
    }

    /// A receiver of its own.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Seq> {
        let (sender, receiver) = watch::channel(*self.latest.borrow());
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|channel| !channel.is_closed());
        channels.push(sender);
        receiver
    }
}

async fn pass_on(mut source: watch::Receiver<Seq>, channels: Channels) {
    while source.changed().await.is_ok() {
        let newest = *source.borrow_and_update();
        for channel in channels.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            channel.send_replace(newest);
        }
    }
    channels.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
