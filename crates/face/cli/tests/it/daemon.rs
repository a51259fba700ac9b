//! The daemon: its signals and its endpoints.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::{Running, Site, lines_below, trailhound};

/// The promise is 10 s for the whole process.
const GRACEFUL: Duration = Duration::from_secs(10);

fn start(site: &Site) -> Running {
    let mut daemon = Running::start(site.path(), &["run"]);
    daemon.until("it collects", |daemon| daemon.stderr().contains("collecting"));
    daemon
}

/// The console's address, from the log.
fn console(daemon: &Running) -> String {
    let log = daemon.stderr();
    let at = log.rfind("console=").unwrap() + "console=".len();
    log[at..].split_whitespace().next().unwrap().to_owned()
}

/// Status line and body.
fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(GRACEFUL)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn until_it_counts(daemon: &mut Running, console: &str) {
    daemon.until("records are counted", |_| {
        let (_, metrics) = get(console, "/metrics");
        let is_counted = |line: &str| line.starts_with("trailhound_records_total{") && !line.ends_with(" 0");
        metrics.lines().any(is_counted)
    });
}

#[test]
fn it_collects_answers_and_stops_gracefully() {
    let site = Site::new(|_| {});
    let mut daemon = start(&site);
    let console = console(&daemon);
    until_it_counts(&mut daemon, &console);
    assert!(get(&console, "/healthz").0.contains("200"));
    let (status, ready) = get(&console, "/readyz");
    assert!(status.contains("200"), "{ready}");
    assert!(get(&console, "/api/v1/applications").0.contains("401"));

    daemon.signal("TERM");
    let ended = daemon.wait_for(GRACEFUL).expect("it stops within 10 s");
    assert_eq!(ended.code(), Some(0), "{}", daemon.stderr());
    assert!(daemon.stderr().contains("stopped"), "{}", daemon.stderr());
    assert!(!lines_below(&site.at("out")).is_empty());
}

#[test]
fn a_journal_that_was_removed_makes_it_unready_and_its_end_a_failure() {
    let site = Site::new(|_| {});
    let mut daemon = start(&site);
    let console = console(&daemon);
    until_it_counts(&mut daemon, &console);
    let journal = file_named(site.path(), "journal.sqlite");
    std::fs::remove_file(&journal).unwrap();
    daemon.until("it is not ready", |_| get(&console, "/readyz").1.contains("file is gone"));
    daemon.signal("TERM");
    let ended = daemon.wait_for(GRACEFUL).expect("it stops within 10 s");
    assert_eq!(ended.code(), Some(1), "{}", daemon.stderr());
    assert!(!daemon.stderr().contains("everything that was counted"), "{}", daemon.stderr());
}

/// The file of this name somewhere below the folder.
fn file_named(folder: &Path, name: &str) -> PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if entry.file_name() == *name {
                return path;
            }
        }
    }
    panic!("no {name}");
}

#[test]
fn it_is_not_ready_when_microsoft_refuses_the_secret() {
    let site = Site::new(|_| {});
    std::fs::write(site.at("secret"), "wrong~secret").unwrap();
    let mut daemon = start(&site);
    let console = console(&daemon);
    daemon.until("it is not ready", |_| get(&console, "/readyz").0.contains("503"));
    let (_, reasons) = get(&console, "/readyz");
    assert!(reasons.contains("contoso"), "{reasons}");
    assert!(!reasons.contains("wrong~secret"));
}

#[test]
fn a_hang_up_reads_the_configuration_again() {
    let site = Site::new(|_| {});
    let mut daemon = start(&site);
    let good = site.configuration();

    std::fs::write(site.at("trailhound.toml"), good.clone() + "pth = \"x\"\n").unwrap();
    daemon.signal("HUP");
    daemon.until("the mistake is told", |daemon| daemon.stderr().contains("the old one stays"));
    assert!(daemon.stderr().contains("did you mean `path`?"), "{}", daemon.stderr());

    let second = format!(
        "[[output]]\nname = \"copy\"\ntype = \"file\"\npath = \"{}/copy/{{stream}}.ndjson\"\n",
        site.path().display()
    );
    std::fs::write(site.at("trailhound.toml"), good + &second).unwrap();
    daemon.signal("HUP");
    daemon.until("the new output has what the journal holds", |_| {
        let copied = std::fs::read_dir(site.at("copy")).into_iter().flatten().flatten();
        copied.into_iter().any(|entry| entry.metadata().is_ok_and(|meta| meta.len() > 0))
    });
    daemon.signal("TERM");
    assert_eq!(daemon.wait_for(GRACEFUL).expect("it stops within 10 s").code(), Some(0));
    let ended_lines = lines_below(&site.at("copy"));
    assert!(!ended_lines.is_empty());
}

#[test]
fn its_state_is_told_beside_it_and_after_it() {
    let site = Site::new(|_| {});
    std::fs::write(site.at("secret"), "wrong~secret").unwrap();
    let mut daemon = start(&site);
    let console = console(&daemon);
    daemon.until("it is not ready", |_| get(&console, "/readyz").0.contains("503"));
    let told = trailhound(site.path(), &["state", "show"]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    assert!(told.stdout.starts_with("A daemon is running."), "{}", told.stdout);
    assert!(!told.stdout.contains('\x1b') && !told.stdout.contains("wrong~secret"), "{}", told.stdout);

    daemon.until("the daemon says how it is", |_| {
        let told = trailhound(site.path(), &["state", "show", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
        json["streams"].as_array().unwrap().iter().all(|stream| stream["health"]["live"] == true)
    });
    let told = trailhound(site.path(), &["state", "show"]);
    assert!(told.stdout.contains("not seen enabled yet") && told.stdout.contains("none has succeeded yet"));
    assert!(told.stdout.contains("5 of 5 streams are not well"), "{}", told.stdout);
    daemon.signal("STOP");
    let told = trailhound(site.path(), &["state", "show"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stdout.contains("It does not say how it is (it said nothing in time)"), "{}", told.stdout);
    daemon.signal("CONT");

    daemon.signal("TERM");
    daemon.wait_for(GRACEFUL).expect("it stops within 10 s");
    let told = trailhound(site.path(), &["state", "show", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&json["daemon_running"], json["streams"].as_array().unwrap().len()), (&false.into(), 5));
    let unknown = trailhound(site.path(), &["state", "show", "--app", "fabrikam"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("choose among: contoso"), "{}", unknown.stderr);
}
