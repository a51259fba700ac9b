//! Same seed, same requests, same instants: same bytes.

use trailhound_model::{hours, minutes};

use super::client::Client;
use crate::{SimConfig, Stream};

/// Everything that a client sees over six hours, in one hash-like text.
fn trace(seed: u64, scenario: &str) -> Vec<(u16, bytes::Bytes)> {
    let mut config = SimConfig::named(scenario).unwrap();
    config.seed = seed;
    config.login.token_life_seconds = 100_000;
    let mut client = Client::subscribed(config);
    let mut seen = Vec::new();
    for _ in 0..6 {
        client.now = client.now + hours(1);
        for stream in Stream::ALL {
            let page = client.content(stream, client.now - hours(2), client.now);
            let rows: Vec<serde_json::Value> = serde_json::from_slice(&page.bytes()).unwrap_or_default();
            seen.push((page.status.as_u16(), page.bytes()));
            for row in rows.iter().take(3) {
                let blob = client.request("GET", row["contentUri"].as_str().unwrap(), "");
                seen.push((if blob.reset { 0 } else { blob.status.as_u16() }, blob.bytes()));
            }
        }
    }
    seen
}

#[test]
fn a_seed_repeats_to_the_byte_and_another_differs() {
    for scenario in ["calm", "faulty", "odd"] {
        let first = trace(11, scenario);
        assert!(first == trace(11, scenario), "{scenario}");
        assert!(first != trace(12, scenario), "{scenario}");
    }
}

#[test]
fn what_is_published_does_not_depend_on_how_often_one_asks() {
    let blobs = |steps: u64| {
        let mut client = Client::subscribed(SimConfig::default());
        let start = client.now;
        for step in 1..=steps {
            client.sim.advance(start + minutes(120 * step / steps));
        }
        client.now = start + hours(2);
        client.token = Client::of(client.sim.clone(), client.now).token;
        client.list_all(Stream::General, start, client.now, |_| {})
    };
    let once = blobs(1);
    assert!(!once.is_empty());
    assert_eq!(once, blobs(40));
}

#[test]
fn switches_changed_while_running_leave_the_past_alone() {
    let mut client = Client::subscribed(SimConfig::default());
    let now = client.now;
    let before = client.list_all(Stream::Exchange, now - hours(20), now, |_| {});
    client.sim.configure(|c| c.tenants[0].events_per_hour = crate::EventsPerHour::scaled(9.0));
    let after = client.list_all(Stream::Exchange, now - hours(20), now, |_| {});
    assert_eq!(before, after);
}
