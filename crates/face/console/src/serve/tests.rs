//! On real sockets.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{bind, serve};
use crate::test_support::state;
use crate::{ConsoleConfig, ConsoleError};

const BOUND: Duration = Duration::from_secs(30);

fn config(listen: &str, allow_public: bool) -> ConsoleConfig {
    ConsoleConfig { listen: listen.parse().unwrap(), allow_public }
}

/// A served console: its address, the signal to stop, and the task to wait for.
async fn start() -> (std::net::SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = bind(&config("127.0.0.1:0", false)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(serve(listener, state(&[]), async {
        let _ = stopped.await;
    }));
    (address, stop, served)
}

async fn ask(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(BOUND, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn answers_on_the_wire_and_stops_when_told() {
    let (address, stop, served) = start().await;
    let answer = ask(address, "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    // An idle kept-alive connection must not hold up the stop.
    let idle = TcpStream::connect(address).await.unwrap();
    stop.send(()).unwrap();
    timeout(BOUND, served).await.unwrap().unwrap();
    drop(idle);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_head_beyond_the_limit_is_refused() {
    let (address, _stop, _served) = start().await;
    let padding = "x".repeat(crate::MAX_HEAD_BYTES);
    let answer =
        ask(address, &format!("GET /healthz HTTP/1.1\r\nhost: x\r\npadding: {padding}\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn more_connections_than_the_limit_wait_and_are_served_later() {
    let (address, _stop, _served) = start().await;
    let mut held = Vec::new();
    for _ in 0..crate::MAX_CONNECTIONS {
        held.push(TcpStream::connect(address).await.unwrap());
    }
    let request = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut waiting = tokio::spawn(ask(address, request));
    let early = timeout(Duration::from_millis(300), &mut waiting).await;
    assert!(early.is_err(), "served beyond the limit");
    held.clear();
    let answer = timeout(BOUND, waiting).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn an_address_that_others_reach_needs_permission() {
    let refused = bind(&config("0.0.0.0:0", false)).await.unwrap_err();
    assert!(matches!(refused, ConsoleError::Public(_)));
    assert!(refused.hint().contains("127.0.0.1"));
    assert!(bind(&config("0.0.0.0:0", true)).await.is_ok());
    assert!(bind(&config("[::]:0", false)).await.is_err());
}

#[tokio::test]
async fn a_taken_port_says_so() {
    let first = bind(&config("127.0.0.1:0", false)).await.unwrap();
    let listen = first.local_addr().unwrap();
    let second = bind(&ConsoleConfig { listen, allow_public: false }).await.unwrap_err();
    assert!(second.to_string().contains(&listen.to_string()));
    assert!(second.hint().contains("port"));
}
