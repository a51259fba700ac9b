//! The server on a real socket.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use trailhound_env::{Clock, SystemClock};
use trailhound_model::hours;

use crate::{SimConfig, SimMicrosoft, Stream, serve};

struct Server {
    address: std::net::SocketAddr,
    sim: SimMicrosoft,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn server() -> Server {
    let mut config = SimConfig::default();
    config.tenants[0].subscribed_from_start = true;
    config.wire.latency_ms_max = 20;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sim = SimMicrosoft::new(config);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let served = serve(sim.clone(), listener, clock, async move {
        let _ = stopped.await;
    });
    Server { address, sim, stop: Some(stop), task: tokio::spawn(served) }
}

/// Sends a request and reads until the connection ends: what came, and how it ended.
async fn raw(server: &Server, request: &str) -> (String, std::io::Result<()>) {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let (mut all, mut buffer) = (Vec::new(), [0u8; 8192]);
    let end = loop {
        match socket.read(&mut buffer).await {
            Ok(0) => break Ok(()),
            Ok(n) => all.extend_from_slice(&buffer[..n]),
            Err(error) => break Err(error),
        }
    };
    (String::from_utf8_lossy(&all).into_owned(), end)
}

async fn get(server: &Server, path: &str, token: &str) -> (String, std::io::Result<()>) {
    let host = server.address;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    raw(server, &request).await
}

fn split(answer: &str) -> (&str, &str) {
    answer.split_once("\r\n\r\n").unwrap_or((answer, ""))
}

async fn token(server: &Server) -> String {
    let tenant = server.sim.config().tenants[0].clone();
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&resource=https://manage.office.com",
        tenant.client_id, tenant.client_secret
    );
    let request = format!(
        "POST /{}/oauth2/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        tenant.tenant_id,
        body.len()
    );
    let (answer, _) = raw(server, &request).await;
    let body: serde_json::Value = serde_json::from_str(split(&answer).1).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

/// Path of the first blob of the last day.
async fn blob_path(server: &Server, token: &str) -> String {
    let tenant = server.sim.config().tenants[0].tenant_id.clone();
    let path = format!("/api/v1.0/{tenant}/activity/feed/subscriptions/content?contentType=Audit.Exchange");
    let (answer, _) = get(server, &path, token).await;
    let (head, body) = split(&answer);
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("server: Microsoft-IIS/10.0"), "{head}");
    let rows: serde_json::Value = serde_json::from_str(body).unwrap();
    let uri = rows[0]["contentUri"].as_str().unwrap();
    let root = format!("http://{}", server.address);
    uri.strip_prefix(&root).unwrap_or_else(|| panic!("{uri} is not on {root}")).to_owned()
}

#[tokio::test]
async fn bodies_are_whole_cut_chunked_or_slow_and_connections_reset() {
    let server = server().await;
    let token = token(&server).await;
    let path = blob_path(&server, &token).await;
    let (answer, end) = get(&server, &path, &token).await;
    let (head, whole) = split(&answer);
    assert!(end.is_ok() && head.contains(&format!("content-length: {}", whole.len())), "{head}");

    server.sim.configure(|c| c.wire.truncated_rate = 1.0);
    let (answer, _) = get(&server, &path, &token).await;
    let (head, cut) = split(&answer);
    assert!(head.contains(&format!("content-length: {}", whole.len())));
    assert!(!cut.is_empty() && cut.len() < whole.len() && whole.starts_with(cut));

    server.sim.configure(|c| {
        c.wire.truncated_rate = 0.0;
        c.wire.chunked = true;
        c.wire.slow_rate = 1.0;
        c.wire.slow_pause_ms = 5;
    });
    let (answer, end) = get(&server, &path, &token).await;
    let (head, body) = split(&answer);
    assert!(end.is_ok() && head.contains("transfer-encoding: chunked") && !head.contains("content-length"));
    assert!(body.ends_with("0\r\n\r\n") && body.len() > whole.len());

    server.sim.configure(|c| c.wire.reset_rate = 1.0);
    let (answer, end) = get(&server, &path, &token).await;
    assert_eq!(answer, "");
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn the_server_tells_its_truth_its_requests_and_its_switches() {
    let mut server = server().await;
    let token = token(&server).await;
    blob_path(&server, &token).await;
    let lines = |answer: &str| split(answer).1.lines().filter(|l| l.starts_with('{')).count();
    let (requests, _) = get(&server, "/_requests", "").await;
    assert!(requests.contains("\"operation\":\"GetContents\"") && !requests.contains(&token));
    let tenant = server.sim.config().tenants[0].tenant_id.clone();
    let (truth, _) = get(&server, &format!("/_truth?raw=1&stream=DLP.All&tenant={tenant}"), "").await;
    let expected = server.sim.truth().records_of(&tenant, Stream::Dlp).count();
    assert!(expected > 100);
    assert_eq!(lines(&truth), expected);
    assert!(truth.contains("\"raw\":\"{\\\"CreationTime\\\""));
    let patch = "{\"feed\":{\"page_size_blobs\":3}}";
    let post = |body: &str| {
        format!(
            "POST /_config HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let (changed, _) = raw(&server, &post(patch)).await;
    assert!(changed.contains("\"page_size_blobs\":3"));
    let (refused, _) = raw(&server, &post("{\"feeed\":{}}")).await;
    assert!(refused.starts_with("HTTP/1.1 400"));
    assert_eq!(server.sim.config().feed.page_size_blobs, 3);
    server.stop.take().unwrap().send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), &mut server.task).await.unwrap().unwrap().unwrap();
    assert!(server.sim.requests().iter().all(|line| line.time < SystemClock::default().now() + hours(1)));
}
