//! The coverage ledger from outside.

use serde_json::Value;
use trailhound_sim_microsoft::{PinnedQuirk, Quirk, Stream};

use crate::support::{Running, Site, trailhound};

fn collect(site: &Site) -> Option<i32> {
    let args = site.collect_args();
    trailhound(site.path(), &args.iter().map(String::as_str).collect::<Vec<_>>()).code
}

fn prove(site: &Site, more: &[&str]) -> (Option<i32>, Value) {
    let args: Vec<&str> = ["prove", "--json"].iter().chain(more).copied().collect();
    let told = trailhound(site.path(), &args);
    let json = serde_json::from_str(&told.stdout).unwrap_or_else(|error| panic!("{error}: {}", told.stderr));
    (told.code, json)
}

fn streams(proof: &Value) -> &Vec<Value> {
    proof["applications"][0]["streams"].as_array().unwrap()
}

#[test]
fn what_was_collected_is_proven_and_balances() {
    let site = Site::new(|_| {});
    assert_eq!(collect(&site), Some(0));
    let (code, proof) = prove(&site, &[]);
    assert_eq!((code, &proof["complete"], &proof["balanced"]), (Some(0), &true.into(), &true.into()));
    for stream in streams(&proof) {
        let number = |part: &str, name: &str| stream[part][name].as_u64().unwrap();
        assert_eq!(number("blobs", "listed"), number("blobs", "journalled"));
        let output = &stream["outputs"][0];
        let delivered = output["delivered"].as_u64().unwrap();
        assert_eq!(number("records", "fetched"), delivered + number("records", "duplicates"));
        assert_eq!((&output["output"], &output["waiting"]), (&"siem".into(), &0.into()));
    }

    let text = trailhound(site.path(), &["prove"]);
    assert_eq!(text.code, Some(0));
    assert!(text.stdout.contains("✓ Complete"), "{}", text.stdout);
    assert!(text.stdout.lines().all(|line| line.chars().count() <= 100), "{}", text.stdout);
}

#[test]
fn a_span_that_was_never_listed_is_a_hole() {
    let site = Site::new(|_| {});
    assert_eq!(collect(&site), Some(0));
    let before = (site.span.from - trailhound_model::hours(5)).to_string();
    let (code, proof) = prove(&site, &["--from", &before]);
    assert_eq!((code, &proof["complete"]), (Some(3), &false.into()));
    let hole = &streams(&proof)[0]["holes"][0];
    assert_eq!(
        (hole["from"].as_str(), hole["to"].as_str()),
        (Some(before.as_str()), Some(site.span.from.to_string().as_str()))
    );

    let (from, to) = (site.span.from.to_string(), site.span.to.to_string());
    let (code, _) = prove(&site, &["--from", &from, "--to", &to]);
    assert_eq!(code, Some(0));
    let text = trailhound(site.path(), &["prove", "--from", &from, "--to", &to]).stdout;
    assert!(text.contains("in all, not only in this span"), "{text}");
}

#[test]
fn every_blob_in_a_gap_is_named_with_its_reason() {
    let site = Site::new(|config| {
        config.tenants[0].subscribed_from_start = true;
        config.history_hours = 20;
        config.pinned = vec![PinnedQuirk { stream: Stream::General, ordinal: 30, quirk: Quirk::InvalidJson }];
    });
    assert_eq!(collect(&site), Some(3));
    let (code, proof) = prove(&site, &["--app", "contoso"]);
    assert_eq!((code, &proof["balanced"]), (Some(3), &true.into()));
    let general = streams(&proof).iter().find(|stream| stream["stream"] == "Audit.General").unwrap();
    let gap = &general["gaps"][0];
    let truth = site.sim.truth();
    let lost = truth.blobs.iter().find(|blob| blob.quirk == Quirk::InvalidJson).unwrap();
    assert_eq!(gap["content_id"].as_str(), Some(lost.content_id.as_str()));
    assert_eq!(gap["reason"], "poison");
    assert!(!gap["detail"].as_str().unwrap().is_empty(), "{gap}");
    assert_eq!(general["blobs"]["gap"], 1);
}

#[test]
fn it_is_read_beside_a_running_daemon() {
    let site = Site::new(|_| {});
    let mut daemon = Running::start(site.path(), &["run"]);
    daemon.until("the proof is complete", |_| trailhound(site.path(), &["prove"]).code == Some(0));
    let (_, proof) = prove(&site, &[]);
    assert_eq!(streams(&proof).len(), Stream::ALL.len());
}

#[test]
fn an_application_that_the_journal_does_not_know() {
    let site = Site::new(|_| {});
    assert_eq!(collect(&site), Some(0));
    let told = trailhound(site.path(), &["prove", "--app", "fabrikam"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("choose among: contoso"), "{}", told.stderr);
}
