//! Promise M1 in the whole program: a blob larger than the memory it may take goes through.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use tempfile::TempDir;
use trailhound_env::{Clock, SystemClock};
use trailhound_model::{Timestamp, days, hours, minutes};

use crate::support::Running;

/// Bytes of the blob.
const BLOB_BYTES: u64 = 160_000_000;
/// What the process may take. `cargo xtask bench memory` knows closer: about 70 MB with optimised code.
const MOST_BYTES: u64 = 130_000_000;
const RECORD_BYTES: usize = 2_000;

/// Answers one request for each connection: a token, a subscription, one large blob.
fn serve(mut stream: TcpStream, port: u16, created: Timestamp) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let request = lines.next().unwrap().unwrap();
    // To the end of the head; bodies of requests do not matter to a server that closes.
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let text = if request.contains("/token") {
        r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#.to_owned()
    } else if request.contains("subscriptions/list") {
        r#"[{"contentType":"Audit.General","status":"enabled","webhook":null}]"#.to_owned()
    } else if request.contains("subscriptions/content") {
        format!(
            r#"[{{"contentUri":"http://127.0.0.1:{port}/api/v1.0/t/activity/feed/audit/large","contentId":"large",
            "contentType":"Audit.General","contentCreated":"{created}","contentExpiration":"{}"}}]"#,
            created + days(7)
        )
    } else {
        // Whoever reads may end early.
        let _ = write_blob(stream);
        return;
    };
    stream.write_all(text.as_bytes()).unwrap();
}

fn write_blob(stream: TcpStream) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::with_capacity(1 << 16, stream);
    let filler = "x".repeat(RECORD_BYTES);
    for number in 0..BLOB_BYTES / RECORD_BYTES as u64 {
        let separator = if number == 0 { '[' } else { ',' };
        write!(
            out,
            "{separator}{{\"Id\":\"00000000-0000-4000-8000-{number:012x}\",\"Filler\":\"{filler}\"}}"
        )?;
    }
    out.write_all(b"]")?;
    out.flush()
}

/// The most that the process ever took, in bytes; `None` when it has ended.
fn peak_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

fn configure(folder: &Path, port: u16) {
    let text = format!(
        "data_dir = \"data\"\n[[application]]\nname = \"large\"\ntype = \"office365\"\n\
         tenant_id = \"b8d5f0a2-6c1e-4f0b-9f57-2f6a1c3e9d10\"\nclient_id = \"4f6d2f7e-58a1-4f3c-a6d4-0c8e7d1b2a93\"\n\
         client_secret = {{ file = \"secret\" }}\nstreams = [\"Audit.General\"]\ncloud = \"custom\"\n\
         endpoints = {{ api = \"http://127.0.0.1:{port}\", login = \"http://127.0.0.1:{port}\" }}\n\
         [[output]]\nname = \"raw\"\ntype = \"file\"\npath = \"out.ndjson\"\nformat = \"raw\"\n"
    );
    std::fs::write(folder.join("trailhound.toml"), text).unwrap();
    std::fs::write(folder.join("secret"), "not-a-secret").unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_blob_larger_than_the_memory_it_may_take_goes_through() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let now = SystemClock::default().now();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || serve(stream, port, now - hours(1)));
        }
    });
    let folder = TempDir::new().unwrap();
    configure(folder.path(), port);
    let (since, until) = ((now - hours(2)).to_string(), (now - minutes(30)).to_string());
    let args = ["collect", "--config", "trailhound.toml", "--since", &since, "--until", &until];
    let running = Running::start(folder.path(), &args);
    let (process, mut most) = (running.id(), 0);
    while let Some(peak) = peak_bytes(process) {
        most = most.max(peak);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let finished = running.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let delivered = std::fs::metadata(folder.path().join("out.ndjson")).unwrap().len();
    assert!(delivered > BLOB_BYTES, "{delivered}");
    assert!(most > 10_000_000, "the measurement measures: {most}");
    assert!(most < MOST_BYTES, "{most} bytes for a blob of {BLOB_BYTES}");
}
