//! Records of a file instead of generated ones.

use std::collections::HashMap;

use trailhound_model::hours;

use super::client::{Client, noon};
use crate::{EventSource, SimConfig, SimMicrosoft, Stream};

fn file(records: usize) -> String {
    let line = |n: usize| {
        format!(
            "{{\"Id\":\"00000000-0000-0000-0000-{n:012}\",\"RecordType\":25,\"n\":{n}.0e1,\"CreationTime\":\"2021-03-24T12:52:56\",\"OrganizationId\":\"old\",\"Workload\":\"MicrosoftTeams\"}}\n"
        )
    };
    (0..records).map(line).collect::<Vec<_>>().concat()
}

fn truth_of(config: SimConfig, records: usize) -> (Client, Vec<String>) {
    let source = EventSource::from_ndjson(file(records).as_bytes()).unwrap();
    let client = Client::of(SimMicrosoft::with_events(config, source), noon());
    client.start(Stream::General);
    client.sim.advance(noon() + hours(3));
    let truth = client.sim.truth();
    let raw = truth.records.iter().map(|record| client.sim.raw(&truth, record)).collect();
    (client, raw)
}

#[test]
fn without_restamping_each_record_of_the_file_is_published_once_to_the_byte() {
    let mut config = SimConfig::default();
    config.records.restamp = false;
    let (mut client, raw) = truth_of(config, 1_234);
    let lines: Vec<String> = file(1_234).lines().map(str::to_owned).collect();
    assert_eq!(raw, lines);
    let blobs = client.list_all(Stream::General, noon() - hours(23), noon() + hours(1), |_| {});
    assert!(blobs.len() > 50, "{}", blobs.len());
    let mut seen: HashMap<String, usize> = HashMap::new();
    for blob in &blobs {
        let bytes = client.request("GET", blob["contentUri"].as_str().unwrap(), "").bytes();
        let records: Vec<&serde_json::value::RawValue> = serde_json::from_slice(&bytes).unwrap();
        for record in records {
            *seen.entry(record.get().to_owned()).or_default() += 1;
        }
    }
    assert!(seen.len() == 1_234 && seen.values().all(|count| *count == 1));
}

#[test]
fn restamped_records_go_on_for_ever_with_fresh_ids() {
    let (client, raw) = truth_of(SimConfig::default(), 3);
    assert!(raw.len() > 500, "{}", raw.len());
    for text in &raw {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(value["OrganizationId"], client.tenant.as_str());
        assert!(value["CreationTime"].as_str().unwrap().starts_with("2026-11-"));
        assert!(text.contains(".0e1,"), "the number's spelling stays: {text}");
    }
    let truth = client.sim.truth();
    assert!(truth.blobs.iter().all(|blob| blob.stream == Stream::General));
}

#[test]
fn several_tenants_share_a_file_without_overlap() {
    let mut config = SimConfig { tenants: SimConfig::default_tenants(3), ..SimConfig::default() };
    config.records.restamp = false;
    config.tenants.iter_mut().for_each(|tenant| tenant.subscribed_from_start = true);
    let source = EventSource::from_ndjson(file(100).as_bytes()).unwrap();
    let sim = SimMicrosoft::with_events(config, source);
    sim.advance(noon());
    let truth = sim.truth();
    let mut raw: Vec<String> = truth.records.iter().map(|record| sim.raw(&truth, record)).collect();
    raw.sort();
    let mut lines: Vec<String> = file(100).lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(raw, lines);
}

/// Where the real records lie on a developer's machine; they are never part of the project.
const REAL_RECORDS: &str = "/work/shared/data/m365-real-records.ndjson.gz";

#[test]
fn real_records_come_out_as_they_went_in() {
    let Ok(packed) = std::fs::read(REAL_RECORDS) else { return };
    let source = EventSource::from_ndjson(&packed).unwrap();
    let total: usize = Stream::ALL.iter().map(|stream| source.count(*stream)).sum();
    let mut config = SimConfig::default();
    config.records.restamp = false;
    config.tenants[0].subscribed_from_start = true;
    let sim = SimMicrosoft::with_events(config, source.clone());
    sim.advance(noon());
    let truth = sim.truth();
    assert!(total > 5_000 && truth.records.len() == total, "{} of {total}", truth.records.len());
    for stream in Stream::ALL {
        let tenant = sim.config().tenants[0].tenant_id.clone();
        for (at, record) in truth.records_of(&tenant, stream).enumerate() {
            assert_eq!(sim.raw(&truth, record), source.raw(stream, at));
        }
    }
}
