//! Bad input and refusals: what is said, and the exit code. Nothing but the words may differ between runs.

use trailhound_sim_microsoft::{Role, SimConfig, Stream};

use crate::support::{Running, Site, mask, trailhound};

/// The exit code and both outputs of a command, without what differs from run to run.
fn told(site: &Site, args: &[&str]) -> String {
    let finished = trailhound(site.path(), args);
    let code = finished.code.map_or("none".to_owned(), |code| code.to_string());
    mask(&format!("exit code {code}\n{}{}", finished.stdout, finished.stderr), site.path())
}

fn site() -> Site {
    Site::new(|_| {})
}

/// A collection from a world that refuses; only what goes to standard error.
fn refused(change: impl FnOnce(&mut SimConfig), edit: impl FnOnce(String) -> String) -> String {
    let site = Site::new(change);
    std::fs::write(site.at("trailhound.toml"), edit(site.configuration())).unwrap();
    let finished = trailhound(site.path(), &["collect", "--json"]);
    let lines: Vec<&str> = finished.stderr.lines().filter_map(lasting).collect();
    let code = finished.code.map_or("none".to_owned(), |code| code.to_string());
    mask(&format!("exit code {code}\n{}", lines.join("\n")), site.path())
}

/// A line without what differs from run to run: warnings, progress, the server's own words.
fn lasting(line: &str) -> Option<&str> {
    match line {
        _ if line.contains(" WARN ") || line.starts_with("blobs ") => None,
        _ if line.starts_with("  said: ") => Some("  said: [words of the server]"),
        _ => Some(line),
    }
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let site = site();
    site.configure("pth = \"x\"\n");
    insta::assert_snapshot!(told(&site, &["config", "validate"]));
}

#[test]
fn what_would_fail_at_once_is_no_valid_configuration() {
    let site = site();
    let validate = |from: &str, to: &str| {
        std::fs::write(site.at("trailhound.toml"), site.configuration().replace(from, to)).unwrap();
        told(&site, &["config", "validate"])
    };
    let said = [
        validate("{date}.ndjson", "{dat}.ndjson"),
        validate("cloud =", "ca_file = \"nowhere.pem\"\ncloud ="),
        validate("listen = \"127.0.0.1:0\"", "listen = \"0.0.0.0:80\""),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_time_that_is_none() {
    let site = site();
    insta::assert_snapshot!("time_argument", told(&site, &["collect", "--since", "yesterday"]));
    insta::assert_snapshot!(
        "times_turned_round",
        told(&site, &["collect", "--since", "2026-11-20T00:00:00Z", "--until", "2026-11-19T00:00:00Z"])
    );
    let text = site.configuration().replace("cloud =", "collection_start = \"20.11.2026\"\ncloud =");
    std::fs::write(site.at("trailhound.toml"), text).unwrap();
    insta::assert_snapshot!("time_in_the_file", told(&site, &["collect"]));
}

#[test]
fn a_span_that_can_hold_nothing() {
    let site = site();
    let refused = |args: &[&str]| {
        let told = trailhound(site.path(), args);
        assert_eq!(told.code, Some(2), "{}", told.stderr);
        assert!(told.stderr.contains("possible now is "), "{}", told.stderr);
    };
    refused(&["collect", "--since", "2199-01-01"]);
    refused(&["collect", "--until", "2020-01-01"]);
    refused(&["collect", "--since", "0001-01-01"]);
    assert!(site.sim.requests().is_empty(), "nothing was asked for");
}

#[test]
fn a_start_in_the_future_is_told() {
    let site = site();
    let text = site.configuration().replace("cloud =", "collection_start = \"2199-01-01\"\ncloud =");
    std::fs::write(site.at("trailhound.toml"), text).unwrap();
    let told = trailhound(site.path(), &["config", "validate"]);
    assert!(told.stderr.contains("lies in the future"), "{}", told.stderr);
}

#[test]
fn a_configuration_that_is_not_there() {
    insta::assert_snapshot!(told(&site(), &["collect", "--config", "nowhere.toml"]));
}

#[test]
fn an_application_that_is_not_there() {
    insta::assert_snapshot!("collect_app", told(&site(), &["collect", "--app", "fabrikam"]));
}

#[test]
fn a_journal_that_is_not_there() {
    insta::assert_snapshot!(told(&site(), &["prove"]));
}

#[test]
fn an_output_that_cannot_be_written() {
    let told = refused(
        |_| {},
        |text| {
            let at = text.find("path = ").unwrap();
            format!("{}path = \"/dev/null/records.ndjson\"\n", &text[..at])
        },
    );
    insta::assert_snapshot!(told);
}

#[test]
fn an_output_is_tried_before_anything_is_fetched() {
    let site = site();
    let text = site.configuration();
    let at = text.find("path = ").unwrap();
    std::fs::write(site.at("trailhound.toml"), format!("{}path = \"/dev/null/x.ndjson\"\n", &text[..at]))
        .unwrap();
    for command in ["collect", "run"] {
        let told = trailhound(site.path(), &[command]);
        assert_eq!(told.code, Some(1), "{}", told.stderr);
        assert!(told.stderr.contains("where: output `siem`"), "{}", told.stderr);
    }
    assert!(site.sim.requests().is_empty(), "nothing was asked for");
}

#[test]
fn a_wrong_secret() {
    let told = refused(
        |_| {},
        |text| {
            let at = text.find("client_secret").unwrap();
            let end = at + text[at..].find('\n').unwrap();
            format!("{}client_secret = \"wrong~secret\"{}", &text[..at], &text[end..])
        },
    );
    insta::assert_snapshot!(told);
}

#[test]
fn an_expired_secret() {
    let expired = SimConfig::named("expired-secret").unwrap().tenants[0].secret_state;
    insta::assert_snapshot!(refused(|config| config.tenants[0].secret_state = expired, |text| text));
}

#[test]
fn a_wrong_tenant() {
    let told = refused(
        |_| {},
        |text| {
            let at = text.find("tenant_id = \"").unwrap() + "tenant_id = \"".len();
            format!("{}00000000-0000-4000-8000-000000000000{}", &text[..at], &text[at + 36..])
        },
    );
    insta::assert_snapshot!(told);
}

#[test]
fn no_consent() {
    insta::assert_snapshot!(refused(|config| config.tenants[0].consent_withdrawn = true, |text| text));
}

#[test]
fn auditing_is_off() {
    insta::assert_snapshot!(refused(|config| config.tenants[0].auditing = false, |text| text));
}

#[test]
fn nobody_answers_and_it_says_so_while_it_tries() {
    let site = site();
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = site
        .configuration()
        .replace(&format!("login = \"http://{}", site.address), &format!("login = \"http://{free}"));
    std::fs::write(site.at("trailhound.toml"), text).unwrap();
    let mut child = Running::start(site.path(), &["collect"]);
    child.until("the trouble is told", |child| child.stderr().contains("no connection could be made"));
    child.signal("INT");
    let ended = child.finish();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
}

#[test]
fn every_precondition_is_shown_with_its_cure() {
    insta::assert_snapshot!("check_good", told(&site(), &["check"]));
    let refused = Site::new(|config| config.tenants[0].consent_withdrawn = true);
    insta::assert_snapshot!("check_no_consent", told(&refused, &["check"]));
    let partly = Site::new(|config| {
        config.tenants[0].roles = vec![Role::ActivityFeedRead];
        config.tenants[0].disabled_streams = vec![Stream::General];
    });
    insta::assert_snapshot!("check_some_streams", told(&partly, &["check"]));
}

#[test]
fn the_check_sees_a_damaged_journal_and_counts_what_to_look_at() {
    let site = site();
    let text = site.configuration().replace("cloud =", "secret_expires = \"2020-01-01\"\ncloud =");
    std::fs::write(site.at("trailhound.toml"), text).unwrap();
    let told = trailhound(site.path(), &["check"]);
    assert_eq!(told.code, Some(0), "{}", told.stdout);
    assert!(told.stdout.ends_with("works, but 1 thing to look at\n"), "{}", told.stdout);

    std::fs::write(site.at("data/journal.sqlite"), "x".repeat(10_000)).unwrap();
    let told = trailhound(site.path(), &["check"]);
    assert_eq!(told.code, Some(1), "{}", told.stdout);
    assert!(told.stdout.contains("✗ journal"), "{}", told.stdout);
    assert!(told.stdout.ends_with("1 thing in the way, 1 thing to look at\n"), "{}", told.stdout);
}
