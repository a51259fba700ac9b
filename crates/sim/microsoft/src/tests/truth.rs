//! What the truth says against what a client gets.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;
use trailhound_model::{ContentHash, days, hours};

use super::client::{Client, json};
use crate::{SimConfig, Stream};

/// Hashes of the raw records of all blobs listed over a span, with how often each came.
fn fetched(client: &mut Client, stream: Stream, back_hours: u64) -> HashMap<u128, usize> {
    let now = client.now;
    let mut seen = HashMap::new();
    for hour in (0..back_hours).rev() {
        let from = now - hours(hour + 1);
        for blob in client.list_all(stream, from, from + hours(1), |_| {}) {
            let body = client.request("GET", blob["contentUri"].as_str().unwrap(), "");
            let bytes = body.bytes();
            let records: Vec<&RawValue> = serde_json::from_slice(&bytes).unwrap();
            for record in records {
                *seen.entry(ContentHash::of(record.get().as_bytes()).0).or_insert(0) += 1;
            }
        }
    }
    seen
}

fn lasting(mut config: SimConfig) -> SimConfig {
    config.login.token_life_seconds = 10_000_000;
    config.feed.quota_per_minute = 1_000_000;
    config
}

#[test]
fn the_truth_is_exactly_what_a_complete_client_gets() {
    let mut config = lasting(SimConfig::default());
    config.records.duplicate_rate = 0.05;
    config.records.reissue_rate = 0.02;
    config.records.revision_rate = 0.02;
    config.records.without_id_rate = 0.05;
    config.feed.page_size_blobs = 7;
    config.blobs.white_space_rate = 0.2;
    config.tenants[0].subscribed_from_start = true;
    config.tenants[0].events_per_hour = crate::EventsPerHour::scaled(0.2);
    config.tenants[0].events_per_hour.dlp = 5.0;
    let mut client = Client::of(crate::SimMicrosoft::new(config), super::client::noon());
    let streams = [Stream::AzureActiveDirectory, Stream::Dlp, Stream::General];
    let all = streams.map(|stream| (stream, fetched(&mut client, stream, 168)));
    let truth = client.sim.truth();
    for (stream, got) in all {
        let told: HashSet<u128> = truth.records_of(&client.tenant, stream).map(|r| r.hash.0).collect();
        assert!(told.len() > 300, "{stream:?}: {}", told.len());
        assert_eq!(got.keys().copied().collect::<HashSet<_>>(), told);
        assert!(got.values().any(|count| *count > 1), "no duplicates");
        let record = truth.records_of(&client.tenant, stream).last().unwrap();
        assert_eq!(ContentHash::of(client.sim.raw(&truth, record).as_bytes()), record.hash);
        let copies: usize = got.values().sum();
        let in_blobs: u32 = truth.blobs.iter().filter(|b| b.stream == stream).map(|b| b.records).sum();
        assert_eq!(copies, in_blobs as usize);
    }
}

#[test]
fn revisions_share_the_id_and_differ_in_content() {
    let mut config = lasting(SimConfig::default());
    config.records.revision_rate = 0.1;
    let client = Client::subscribed(config);
    client.sim.advance(client.now + hours(2));
    let truth = client.sim.truth();
    let mut by_id: HashMap<_, Vec<_>> = HashMap::new();
    for record in truth.records_of(&client.tenant, Stream::SharePoint) {
        by_id.entry(record.id.unwrap()).or_default().push(record);
    }
    let revised = by_id.values().find(|list| list.len() == 2).unwrap();
    let (old, new) = (client.sim.raw(&truth, revised[0]), client.sim.raw(&truth, revised[1]));
    assert!(new.starts_with(old.trim_end_matches('}')) && new.len() > old.len());
}

#[test]
fn records_of_blobs_that_nobody_can_have_are_marked() {
    let mut config = lasting(SimConfig::default());
    config.records.duplicate_rate = 0.0;
    config.blobs.unknown_rate = 0.2;
    let client = Client::subscribed(config);
    let truth = client.sim.truth();
    let lost = truth.records.iter().filter(|record| !truth.is_obtainable(record)).count();
    assert!(lost > 0 && lost < truth.records.len());
    assert!(truth.blobs.iter().all(|blob| blob.until == blob.created + days(7)));
}

#[test]
fn windows_that_cut_blobs_give_other_ids_and_the_same_records() {
    let mut config = lasting(SimConfig::default());
    config.feed.cut_blobs_at_window_edges = true;
    config.records.duplicate_rate = 0.0;
    let mut client = Client::subscribed(config);
    let now = client.now;
    let whole: HashSet<u128> =
        client.sim.truth().records_of(&client.tenant, Stream::Exchange).map(|record| record.hash.0).collect();
    let mut seen = HashMap::new();
    let mut ids = HashSet::new();
    // Seven-minute windows cut many blobs; together they still give every record once.
    let mut from = now - hours(24);
    while from < now + hours(1) {
        let to = from + trailhound_model::minutes(7);
        let name = Stream::Exchange.name();
        let page =
            client.get(&format!("subscriptions/content?contentType={name}&startTime={from}&endTime={to}"));
        for blob in json(&page).as_array().unwrap() {
            ids.insert(blob["contentId"].as_str().unwrap().to_owned());
            let bytes = client.request("GET", blob["contentUri"].as_str().unwrap(), "").bytes();
            let records: Vec<&RawValue> = serde_json::from_slice(&bytes).unwrap();
            for record in records {
                *seen.entry(ContentHash::of(record.get().as_bytes()).0).or_insert(0) += 1;
            }
        }
        from = to;
    }
    assert_eq!(seen.keys().copied().collect::<HashSet<_>>(), whole);
    assert!(seen.values().all(|count: &i32| *count == 1));
    let blobs = client.list_all(Stream::Exchange, now - hours(24), now, |_| {}).len();
    assert!(ids.len() > blobs, "no blob was cut");
}
