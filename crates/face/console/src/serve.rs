//! Listening, and stopping.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::{
    ConsoleConfig, ConsoleError, ConsoleState, HEAD_TIMEOUT_SECONDS, MAX_CONNECTIONS, MAX_HEAD_BYTES,
    STOP_GRACE_SECONDS, router,
};

/// Wait after the system refused a connection, for instance for want of file descriptors.
const ACCEPT_PAUSE_MILLIS: u64 = 100;

/// Takes the address; refuses one that other machines can reach unless the configuration allows it.
pub async fn bind(config: &ConsoleConfig) -> Result<TcpListener, ConsoleError> {
    if !config.allow_public && !config.listen.ip().is_loopback() {
        return Err(ConsoleError::Public(config.listen));
    }
    let bound = TcpListener::bind(config.listen).await;
    bound.map_err(|source| ConsoleError::Bind { address: config.listen, source })
}

/// Answers until `stop` is ready, then lets open exchanges end for at most [`STOP_GRACE_SECONDS`].
pub async fn serve(listener: TcpListener, state: ConsoleState, stop: impl Future<Output = ()>) {
    let clock = Arc::clone(&state.clock);
    let app = router(state);
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stopping, stopped) = watch::channel(());
    let mut open = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = open.join_next() => continue,
            accepted = accept(&listener, &room) => accepted,
        };
        match accepted {
            Ok((stream, place)) => {
                let (app, stopped) = (app.clone(), stopped.clone());
                open.spawn(async move {
                    exchange(stream, app, stopped).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the console could not accept a connection");
                clock.sleep(Duration::from_millis(ACCEPT_PAUSE_MILLIS)).await;
            }
        }
    }
    drop(listener);
    stopping.send_replace(());
    tokio::select! {
        () = async { while open.join_next().await.is_some() {} } => {}
        () = clock.sleep(Duration::from_secs(STOP_GRACE_SECONDS)) => open.shutdown().await,
    }
}

/// A connection with its place among [`MAX_CONNECTIONS`]; waits for a place first.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

/// All requests of one connection.
async fn exchange(stream: TcpStream, app: Router, mut stopped: watch::Receiver<()>) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEAD_TIMEOUT_SECONDS))
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a console connection broke off");
    }
}

#[cfg(test)]
mod tests;
