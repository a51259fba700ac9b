//! The rules on `startTime` and `endTime`.

use trailhound_model::{Timestamp, days, hours, minutes};

use super::client::{Client, code, json};
use crate::{LongWindow, SimConfig, Stream, WindowCode};

#[test]
fn windows_that_break_a_rule_are_refused() {
    let client = Client::subscribed(SimConfig::default());
    let now = client.now;
    let refused = |from: Timestamp, to: Timestamp| {
        let response = client.content(Stream::Exchange, from, to);
        (response.status != 200).then(|| code(&response))
    };
    let af = Some("AF20055".to_owned());
    assert_eq!(refused(now - hours(25), now), af, "more than 24 hours");
    assert_eq!(refused(now, now), af, "empty");
    assert_eq!(refused(now, now - hours(1)), af, "backwards");
    assert_eq!(refused(now - days(9), now - days(9) + hours(1)), af, "too old");
    let limit = now - days(7) - hours(1);
    assert_eq!(refused(limit - minutes(1), limit + hours(1)), af, "a minute too old");
    assert_eq!(refused(limit, limit + hours(24)), None, "seven days and an hour");
    assert_eq!(refused(now - hours(1), now + hours(23)), None, "the future is no error");
    let one = client.get("subscriptions/content?contentType=Audit.Exchange&startTime=2026-11-20");
    assert_eq!(code(&one), "AF20055", "one of two");
    client.sim.configure(|c| c.feed.window_code = WindowCode::Af20030);
    assert_eq!(refused(now, now), Some("AF20030".to_owned()));
    client.sim.configure(|c| c.feed.long_window = LongWindow::Partial);
    assert_eq!(refused(now - hours(25), now), None);
}

#[test]
fn the_interval_is_half_open_and_defaults_to_the_last_day() {
    let mut client = Client::subscribed(SimConfig::default());
    let now = client.now;
    let all = client.list_all(Stream::Exchange, now - hours(24), now, |_| {});
    assert!(all.len() > 100, "{}", all.len());
    let created: Vec<Timestamp> =
        all.iter().map(|b| Timestamp::parse(b["contentCreated"].as_str().unwrap()).unwrap()).collect();
    assert!(created.iter().all(|at| *at >= now - hours(24) && *at < now));
    let listed = |from: Timestamp, to: Timestamp| {
        let name = Stream::Exchange.name();
        let rest = format!("subscriptions/content?CONTENTTYPE={name}&StartTime={from}&EndTime={to}");
        json(&client.get(&rest)).as_array().unwrap().len()
    };
    let one = created[50];
    let next = Timestamp::from_millis(one.as_millis() + 1);
    assert_eq!(listed(one, next), 1, "the start is inside");
    assert_eq!(listed(Timestamp::from_millis(one.as_millis() - 1), one), 0, "the end is outside");
    let default = json(&client.get("subscriptions/content?contentType=Audit.Exchange"));
    assert_eq!(default.as_array().unwrap().len(), all.len().min(200));
}

#[test]
fn what_is_before_the_back_fill_and_between_stop_and_start_cannot_be_seen() {
    let mut client = Client::subscribed(SimConfig::default());
    let now = client.now;
    let old = client.list_all(Stream::General, now - hours(48), now - hours(24), |_| {});
    assert!(old.is_empty());
    client.request("POST", &client.url("subscriptions/stop?contentType=Audit.General"), "");
    client.now = now + hours(3);
    client.token = Client::of(client.sim.clone(), client.now).token;
    assert_eq!(client.start(Stream::General).status, 200);
    let gap = client.list_all(Stream::General, now, now + hours(3), |_| {});
    assert!(gap.is_empty());
    client.now = now + hours(4);
    client.token = Client::of(client.sim.clone(), client.now).token;
    let after = client.list_all(Stream::General, now, now + hours(4), |_| {});
    assert!(!after.is_empty());
}

#[test]
fn content_expires_seven_days_after_it_was_created() {
    let mut client = Client::subscribed(SimConfig::default());
    let now = client.now;
    let blobs = client.list_all(Stream::Exchange, now - hours(1), now, |_| {});
    let uri = blobs[0]["contentUri"].as_str().unwrap().to_owned();
    let expires = Timestamp::parse(blobs[0]["contentExpiration"].as_str().unwrap()).unwrap();
    for (at, status) in [(expires - minutes(1), 200), (expires, 400)] {
        client.now = at;
        client.token = Client::of(client.sim.clone(), at).token;
        let response = client.request("GET", &uri, "");
        assert_eq!(response.status.as_u16(), status);
        if status == 400 {
            assert_eq!(code(&response), "AF20051");
        }
    }
}
