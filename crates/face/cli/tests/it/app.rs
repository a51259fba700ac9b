//! Changes by hand from outside: beside a running daemon, and without one.

use serde_json::Value;
use trailhound_env::Clock;
use trailhound_sim_microsoft::{PinnedQuirk, Quirk, Stream};

use crate::support::{Finished, Running, Site, mask, trailhound};

const EXCHANGE: &str = "Audit.Exchange";

fn app(site: &Site, args: &[&str]) -> Finished {
    let args: Vec<&str> = ["app"].iter().chain(args).copied().collect();
    trailhound(site.path(), &args)
}

fn json(told: &Finished) -> Value {
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    serde_json::from_str(&told.stdout).unwrap_or_else(|error| panic!("{error}: {}", told.stdout))
}

/// A world with one blob that is broken.
fn broken_site() -> Site {
    Site::new(|config| {
        config.tenants[0].subscribed_from_start = true;
        config.history_hours = 20;
        config.pinned =
            vec![PinnedQuirk { stream: Stream::Exchange, ordinal: 30, quirk: Quirk::InvalidJson }];
    })
}

fn gaps(site: &Site) -> u64 {
    let told = trailhound(site.path(), &["prove", "--json"]);
    let proof: Value = serde_json::from_str(&told.stdout).unwrap();
    let streams = proof["applications"][0]["streams"].as_array().unwrap();
    streams.iter().map(|stream| stream["blobs"]["gap"].as_u64().unwrap()).sum()
}

fn collect(site: &Site) -> Option<i32> {
    let args = site.collect_args();
    trailhound(site.path(), &args.iter().map(String::as_str).collect::<Vec<_>>()).code
}

#[test]
fn orders_are_carried_out_on_the_journal_and_by_a_running_daemon() {
    let site = broken_site();
    assert_eq!(collect(&site), Some(3));
    assert_eq!(gaps(&site), 1);

    // Without a daemon the journal is changed, and whoever runs next goes by it.
    let told = json(&app(&site, &["retry", "--app", "contoso", "--json"]));
    assert_eq!(told["running"], false);
    let reopened = |told: &Value| -> u64 {
        told["streams"].as_array().unwrap().iter().map(|s| s["reopened"].as_u64().unwrap()).sum()
    };
    assert_eq!((reopened(&told), gaps(&site)), (1, 0));

    let mut daemon = Running::start(site.path(), &["run"]);
    let socket = site.at("data/control.sock");
    daemon.until("a control socket", |_| socket.exists());
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&socket).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    daemon.until("the blob waits for another attempt", |daemon| {
        daemon.stderr().contains("failed, trying again")
    });
    let told = json(&app(&site, &["retry", "--app", "contoso", "--stream", EXCHANGE, "--json"]));
    // The blob waits, or all fetches of its stream do while the fault may be the service's.
    let stream = &told["streams"][0];
    let is_hastened = stream["hastened"] == 1 || stream["was_waiting"] == true;
    assert!(told["running"] == true && is_hastened, "{told}");
    assert_eq!(told["streams"].as_array().unwrap().len(), 1);

    let rewound = app(&site, &["rewind", "--app", "contoso", "--to", &site.span.from.to_string()]);
    assert_eq!(rewound.code, Some(0), "{}", rewound.stderr);
    assert!(rewound.stdout.contains("listed again: "), "{}", rewound.stdout);
    assert!(rewound.stdout.contains("The daemon has begun."), "{}", rewound.stdout);
    assert!(rewound.stdout.lines().all(|line| line.chars().count() <= 80), "{}", rewound.stdout);
    daemon.signal("TERM");
    assert!(daemon.wait_for(std::time::Duration::from_secs(20)).unwrap().success(), "{}", daemon.stderr());
    assert!(!socket.exists(), "the socket of a daemon that ended in good order");
}

#[test]
fn a_rewind_without_a_daemon_is_told_and_recorded() {
    let site = Site::new(|_| {});
    assert_eq!(collect(&site), Some(0));
    // A socket that a killed daemon left behind.
    drop(std::os::unix::net::UnixListener::bind(site.at("data/control.sock")).unwrap());
    let to = (site.span.to - trailhound_model::hours(2)).to_string();
    let told = app(&site, &["rewind", "--app", "contoso", "--stream", EXCHANGE, "--to", &to]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    insta::assert_snapshot!("app_rewind", mask(&told.stdout, site.path()));
    let proof = trailhound(site.path(), &["prove", "--json"]);
    assert_eq!(proof.code, Some(0), "the coverage ends earlier, without a hole: {}", proof.stdout);

    let path = site.at("report.jsonl");
    let exported = trailhound(site.path(), &["prove", "--export", path.to_str().unwrap()]);
    assert_eq!(exported.code, Some(0), "{}", exported.stderr);
    let report = std::fs::read_to_string(path).unwrap();
    let change = report.lines().find(|line| line.contains("\"type\":\"change\"")).expect("the change");
    assert!(change.contains("\"command\":\"rewind\"") && change.contains("uid"), "{change}");
}

#[test]
fn what_does_not_exist_is_wrong_usage() {
    let site = Site::new(|_| {});
    let told = app(&site, &["retry", "--app", "contoso"]);
    assert_eq!(told.code, Some(1), "nothing was collected yet: {}", told.stderr);
    assert_eq!(collect(&site), Some(0));
    let told = app(&site, &["retry", "--app", "fabrikam"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("there is no application `fabrikam`"), "{}", told.stderr);
    let told = app(&site, &["rewind", "--app", "contoso", "--stream", "Audit.Nothing", "--to", "2026-11-20"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("choose among"), "{}", told.stderr);
    let told = app(&site, &["retry", "--app", "contoso", "--blob", "none"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("no listing of contoso has named the blob `none`"), "{}", told.stderr);
    assert_eq!(told.stdout, "");
    let told = app(&site, &["retry", "--app", "contoso", "--blob", ""]);
    assert_eq!(told.code, Some(2), "{}", told.stdout);
    let future = (trailhound_env::SystemClock::default().now() + trailhound_model::hours(1)).to_string();
    let told = app(&site, &["rewind", "--app", "contoso", "--to", &future]);
    assert_eq!(told.code, Some(2), "{}", told.stdout);
    assert!(told.stderr.contains("lies in the future"), "{}", told.stderr);
    let told = trailhound(site.path(), &["prove", "--from", &future]);
    assert_eq!(told.code, Some(2), "{}", told.stdout);
    assert!(told.stderr.contains("lies in the future"), "{}", told.stderr);
}
