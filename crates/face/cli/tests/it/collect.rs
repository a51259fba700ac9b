//! Collecting once, end to end.

use serde_json::Value;
use trailhound_sim_microsoft::{PinnedQuirk, Quirk, SimConfig, Stream};

use crate::support::{Finished, Running, Site, trailhound};

fn collect(site: &Site) -> Finished {
    let args = site.collect_args();
    trailhound(site.path(), &args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn summary(finished: &Finished) -> Value {
    assert_eq!(finished.stdout.lines().count(), 1, "one object: {}", finished.stdout);
    serde_json::from_str(&finished.stdout).unwrap()
}

/// The sum of a number over all streams.
fn sum(summary: &Value, number: &str) -> u64 {
    let applications = summary["applications"].as_array().unwrap();
    let streams = applications.iter().flat_map(|application| application["streams"].as_array().unwrap());
    streams.map(|stream| stream[number].as_u64().unwrap()).sum()
}

#[test]
fn every_record_arrives_once_and_a_second_run_finds_nothing_new() {
    let site = Site::new(|config| config.feed.page_size_blobs = 10);
    let first = collect(&site);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    let records = site.assert_exactly_once();

    let told = summary(&first);
    assert_eq!(told["applications"][0]["name"], "contoso");
    let streams: Vec<&str> = told["applications"][0]["streams"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stream| stream["stream"].as_str().unwrap())
        .collect();
    assert!(streams.is_sorted() && streams.len() == Stream::ALL.len(), "{streams:?}");
    assert_eq!(sum(&told, "delivered"), records);
    assert_eq!(sum(&told, "records"), records + sum(&told, "duplicates"));
    assert_eq!(sum(&told, "listed_blobs"), sum(&told, "fetched_blobs"));
    assert!(told["seconds"].as_f64().unwrap() > 0.0);

    let second = collect(&site);
    assert_eq!(second.code, Some(0), "{}", second.stderr);
    let told = summary(&second);
    assert_eq!((sum(&told, "records"), sum(&told, "delivered")), (0, 0));
    assert_eq!(site.assert_exactly_once(), records);
}

#[test]
fn a_table_is_printed_for_people() {
    let site = Site::new(|_| {});
    let told = trailhound(site.path(), &["collect", "--since", &site.span.from.to_string()]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    for stream in Stream::ALL {
        assert!(told.stdout.contains(stream.name()), "{}", told.stdout);
    }
    assert!(told.stdout.lines().last().unwrap().contains(" delivered"), "{}", told.stdout);
    assert!(!told.stdout.contains('\x1b'), "colours are for terminals");
}

#[test]
fn a_blob_that_never_comes_is_a_gap_and_the_rest_arrives() {
    let poison = |config: &mut SimConfig| {
        config.pinned =
            vec![PinnedQuirk { stream: Stream::Exchange, ordinal: 40, quirk: Quirk::InvalidJson }];
    };
    let site = Site::new(|config| {
        poison(config);
        config.tenants[0].subscribed_from_start = true;
        config.history_hours = 20;
    });
    let finished = collect(&site);
    assert_eq!(finished.code, Some(3), "{}", finished.stderr);
    let told = summary(&finished);
    let streams = told["applications"][0]["streams"].as_array().unwrap();
    let exchange = streams.iter().find(|stream| stream["stream"] == "Audit.Exchange").unwrap();
    let gaps = exchange["gaps"].as_array().unwrap();
    assert_eq!((gaps.len(), gaps[0]["blobs"].as_u64()), (1, Some(1)), "{gaps:?}");
    assert_eq!(gaps[0]["reason"], "poison");
    assert!(!gaps[0]["detail"].as_str().unwrap().is_empty(), "{gaps:?}");
    site.assert_exactly_once();
}

#[test]
fn a_start_beyond_the_retention_is_a_gap_and_no_invalid_request() {
    let site = Site::new(|config| {
        config.tenants[0].events_per_hour = trailhound_sim_microsoft::EventsPerHour::scaled(0.01);
    });
    let since = (site.span.to - trailhound_model::days(20)).to_string();
    let finished = trailhound(site.path(), &["collect", "--json", "--since", &since]);
    assert_eq!(finished.code, Some(3), "{}", finished.stderr);
    let told = summary(&finished);
    for stream in told["applications"][0]["streams"].as_array().unwrap() {
        let gap = &stream["gaps"][0];
        assert_eq!(
            (gap["reason"].as_str(), gap["from"].as_str()),
            (Some("older than retention"), Some(since.as_str()))
        );
    }
    assert!(site.sim.requests().iter().all(|request| request.status != 400), "no request was refused");
}

#[test]
fn an_interrupt_stops_gracefully_and_the_next_run_goes_on() {
    let site = Site::new(|config| {
        config.wire.latency_ms_min = 40;
        config.wire.latency_ms_max = 60;
        config.wire.slow_rate = 1.0;
        config.wire.slow_pause_ms = 60;
    });
    let args = site.collect_args();
    let mut child = Running::start(site.path(), &args.iter().map(String::as_str).collect::<Vec<_>>());
    child.until("something is delivered", |_| !written_files(&site).is_empty());
    child.signal("INT");
    let stopped = child.finish();
    assert_eq!(stopped.code, Some(1), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("goes on from there"), "{}", stopped.stderr);
    assert!(sum(&summary(&stopped), "records") > 0);

    let rest = collect(&site);
    assert_eq!(rest.code, Some(0), "{}", rest.stderr);
    site.assert_exactly_once();
}

/// While it is written a file may end anywhere: only whether there is something.
fn written_files(site: &Site) -> Vec<std::path::PathBuf> {
    let folder = site.at("out/contoso").join(Stream::Exchange.name());
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.metadata().is_ok_and(|meta| meta.len() > 0))
        .collect()
}

#[test]
fn a_second_process_on_the_same_folder_is_refused() {
    let site = Site::new(|_| {});
    let mut daemon = Running::start(site.path(), &["run"]);
    daemon.until("it collects", |daemon| daemon.stderr().contains("collecting"));
    let refused = collect(&site);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("in use by another trailhound process"), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: "), "{}", refused.stderr);
}

#[test]
fn a_restored_data_folder_destroys_nothing_that_was_delivered() {
    let mut site = Site::new(|_| {});
    let whole = site.span;
    site.span.to = whole.to - trailhound_model::hours(6);
    assert_eq!(collect(&site).code, Some(0));
    let copied =
        std::process::Command::new("cp").args(["-a", "data", "copy"]).current_dir(site.path()).status();
    assert!(copied.unwrap().success());
    site.span = whole;
    assert_eq!(collect(&site).code, Some(0));
    let before = site.file_output();

    std::fs::rename(site.at("data"), site.at("newer")).unwrap();
    std::fs::rename(site.at("copy"), site.at("data")).unwrap();
    let told = collect(&site);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let after = site.file_output();
    for (path, bytes) in &before {
        assert!(after[path] == *bytes, "{} was changed; {}", path.display(), told.stderr);
    }
    assert!(after.len() > before.len(), "what the copy collected itself lies beside them");
    assert!(told.stderr.contains("that this data folder knows nothing of"), "{}", told.stderr);
    assert!(told.stderr.contains("the file is left as it is"), "{}", told.stderr);
}

#[test]
fn an_output_file_that_was_removed_or_cut_is_told_and_recorded() {
    let mut site = Site::new(|_| {});
    let whole = site.span;
    site.span.to = whole.to - trailhound_model::hours(6);
    assert_eq!(collect(&site).code, Some(0));
    let mut files = site.file_output().into_keys();
    let (removed, cut) = (files.next().unwrap(), files.next().unwrap());
    std::fs::remove_file(&removed).unwrap();
    std::fs::OpenOptions::new().write(true).open(&cut).unwrap().set_len(5).unwrap();
    site.span = whole;
    let told = collect(&site);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    for words in ["was removed or moved away: ", "was cut from outside and is left as it is: "] {
        assert_eq!(told.stderr.matches(words).count(), 1, "{words}: {}", told.stderr);
    }

    let proof = trailhound(site.path(), &["prove"]);
    assert_eq!(proof.code, Some(0), "{}", proof.stderr);
    assert!(proof.stdout.contains("Changed by hand or from outside\n  change/1 "), "{}", proof.stdout);
    assert!(
        proof.stdout.lines().all(|line| line.chars().count() <= 100 || line.contains('/')),
        "{}",
        proof.stdout
    );
    let json = summary(&trailhound(site.path(), &["prove", "--json"]));
    assert_eq!(json["changes"].as_array().unwrap().len(), 2);
    assert_eq!(json["changes"][0]["change"]["command"], "changed from outside");
    assert_eq!(trailhound(site.path(), &["prove", "--export", "report.jsonl"]).code, Some(0));
    let report = std::fs::read_to_string(site.at("report.jsonl")).unwrap();
    assert_eq!(report.lines().filter(|line| line.contains("\"type\":\"change\"")).count(), 2);
    assert_eq!(trailhound(site.path(), &["prove", "--verify", "report.jsonl"]).code, Some(0));
}
