//! The error table of the API.

use super::client::{Client, ROOT, code, json, noon};
use crate::{Quirk, Role, SimConfig, SimMicrosoft, Stream, config::PinnedQuirk};

fn config() -> SimConfig {
    SimConfig::default()
}

#[test]
fn subscriptions_start_stop_and_list_as_captured() {
    let client = Client::of(SimMicrosoft::new(config()), noon());
    assert_eq!(json(&client.get("subscriptions/list")), serde_json::json!([]));
    let started = client.start(Stream::SharePoint);
    assert_eq!(
        json(&started),
        serde_json::json!({"contentType": "audit.sharepoint", "status": "enabled", "webhook": null})
    );
    let again = client.start(Stream::SharePoint);
    assert_eq!((again.status.as_u16(), code(&again)), (400, "AF20024".to_owned()));
    let stop = client.url("subscriptions/stop?contenttype=AUDIT.SHAREPOINT");
    let stopped = client.request("POST", &stop, "");
    assert_eq!((stopped.status.as_u16(), stopped.bytes().len()), (204, 0));
    assert_eq!(json(&client.get("subscriptions/list"))[0]["status"], "disabled");
    assert_eq!(code(&client.get("subscriptions/content?contentType=Audit.SharePoint")), "AF20023");
    assert_eq!(client.start(Stream::SharePoint).status, 200);
    assert_eq!(json(&client.get("subscriptions/list"))[0]["status"], "enabled");
}

#[test]
fn requests_that_break_a_rule_get_its_code() {
    let client = Client::subscribed(config());
    let cases = [
        ("subscriptions/content", 400, "AF20001"),
        ("subscriptions/content?contentType=Audit.Teams", 400, "AF20020"),
        ("subscriptions/content?contentType=DLP.All&startTime=yesterday&endTime=2026-11-20", 400, "AF20002"),
        ("subscriptions/content?contentType=DLP.All&nextPage=2015101900R022885001761", 400, "AF20031"),
        ("audit/nonsense", 400, "AF20052"),
        (
            "audit/20261119020621634014687$20261119020621634014687$audit_exchange$Audit_Exchange$na0030",
            404,
            "AF20050",
        ),
    ];
    for (rest, status, wanted) in cases {
        let response = client.get(rest);
        assert_eq!((response.status.as_u16(), code(&response).as_str()), (status, wanted), "{rest}");
    }
    let start = client.url("subscriptions/start?contentType=DLP.All");
    for (body, wanted) in [
        (r#"{"webhook":{"address":"https://x/","expiration":"2020-01-01"}}"#, "AF20003"),
        (r#"{"webhook":{"address":"https://x/"}}"#, "AF20021"),
    ] {
        assert_eq!(code(&client.request("POST", &start, body)), wanted);
    }
}

#[test]
fn a_tenant_is_set_up_wrongly_until_somebody_mends_it() {
    let client = Client::subscribed(config());
    let list = || client.get("subscriptions/content?contentType=DLP.All");
    client.sim.configure(|c| c.tenants[0].misconfigured = true);
    assert_eq!((list().status.as_u16(), code(&list()).as_str()), (400, "AF20012"));
    assert_eq!(code(&client.start(Stream::Dlp)), "AF20012");
    client.sim.configure(|c| c.tenants[0].misconfigured = false);
    assert_eq!(list().status, 200);
}

#[test]
fn never_subscribed_and_disabled_by_the_administrator() {
    let client = Client::of(SimMicrosoft::new(config()), noon());
    assert_eq!(code(&client.get("subscriptions/content?contentType=Audit.General")), "AF20022");
    client.start(Stream::General);
    client.sim.disable_subscription(&client.tenant, Stream::General);
    assert_eq!(code(&client.get("subscriptions/content?contentType=Audit.General")), "AF20023");
    client.sim.configure(|c| c.tenants[0].disabled_streams = vec![Stream::General]);
    assert_eq!(code(&client.start(Stream::General)), "AF20023");
}

#[test]
fn tenant_token_and_roles_are_checked() {
    let client = Client::subscribed(config());
    let other = "00000000-0000-0000-0000-000000000001";
    let at = |tenant: &str| {
        client.request("GET", &format!("{ROOT}/api/v1.0/{tenant}/activity/feed/subscriptions/list"), "")
    };
    assert_eq!(code(&at(other)), "AF20010");
    assert_eq!(code(&at("contoso")), "AF20013");
    let nobody = Client { token: "nonsense".to_owned(), ..Client::subscribed(config()) };
    assert_eq!(nobody.get("subscriptions/list").status, 401);
    client.sim.configure(|c| c.tenants[0].consent_withdrawn = true);
    let refused = client.get("subscriptions/list");
    assert_eq!((refused.status.as_u16(), code(&refused)), (401, "AF10001".to_owned()));
    assert!(json(&refused)["error"]["message"].as_str().unwrap().contains("()"));
    let mut narrow = config();
    narrow.tenants[0].roles = vec![Role::ActivityFeedRead];
    let client = Client::of(SimMicrosoft::new(narrow), noon());
    assert_eq!(code(&client.start(Stream::Dlp)), "AF10001");
    assert_eq!(client.start(Stream::General).status, 200);
}

#[test]
fn auditing_switched_off_gives_the_irregular_body() {
    let client = Client::of(SimMicrosoft::new(SimConfig::named("auditing-off").unwrap()), noon());
    let response = client.start(Stream::General);
    let body = json(&response);
    assert_eq!(response.status, 400);
    assert!(body["error"]["code"].as_str().unwrap().starts_with("StartSubscription [CorrId="));
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("DataServiceException") && message.contains("does not exist."));
    assert!((1_200..2_400).contains(&response.bytes().len()), "{}", response.bytes().len());
}

#[test]
fn the_quota_is_per_minute_and_tenant() {
    let mut config = config();
    config.feed.quota_per_minute = 5;
    let mut client = Client::of(SimMicrosoft::new(config), noon());
    let statuses: Vec<u16> = (0..7).map(|_| client.get("subscriptions/list").status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 403, 403]);
    let throttled = client.get("subscriptions/list");
    let message = json(&throttled)["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(code(&throttled), "AF429");
    assert_eq!(
        message,
        "Too many requests. Method=ListSubscriptions, PublisherId=00000000-0000-0000-0000-000000000000"
    );
    assert_eq!(client.sim.accounts()[0].2.without_publisher, 8);
    client.now = client.now + trailhound_model::minutes(1);
    assert_eq!(client.get("subscriptions/list").status, 200);
    client.sim.configure(|c| {
        c.feed.quota_per_minute = 0;
        c.feed.throttle_status = 429;
        c.feed.throttle_retry_after_seconds = 17;
    });
    let throttled = client.get(&format!("subscriptions/list?publisherIdentifier={}", client.tenant));
    assert_eq!((throttled.status.as_u16(), &throttled.headers["retry-after"]), (429, &"17".parse().unwrap()));
    assert!(json(&throttled)["error"]["message"].as_str().unwrap().contains(&client.tenant));
}

#[test]
fn odd_blobs_fail_as_their_quirk_says() {
    let quirks = [
        (Quirk::ExpiredEarly, 400, Some("AF20051")),
        (Quirk::Unknown, 404, Some("AF20050")),
        (Quirk::Malformed, 400, Some("AF20052")),
        (Quirk::Poison, 500, Some("AF50000")),
        (Quirk::InvalidJson, 200, None),
    ];
    let pin = |at: usize| PinnedQuirk { stream: Stream::SharePoint, ordinal: at, quirk: quirks[at].0 };
    let config = SimConfig { history_hours: 4, pinned: (0..quirks.len()).map(pin).collect(), ..config() };
    let mut client = Client::subscribed(config);
    let now = client.now;
    let blobs = client.list_all(Stream::SharePoint, now - trailhound_model::hours(6), now, |_| {});
    for (at, (quirk, status, wanted)) in quirks.iter().enumerate() {
        let uri = blobs[at]["contentUri"].as_str().unwrap();
        let response = client.request("GET", uri, "");
        assert_eq!(response.status.as_u16(), *status, "{quirk:?}");
        match wanted {
            Some(wanted) => assert_eq!(code(&response), *wanted),
            None => assert!(serde_json::from_slice::<serde_json::Value>(&response.bytes()).is_err()),
        }
    }
    let good = client.request("GET", blobs[quirks.len()]["contentUri"].as_str().unwrap(), "");
    assert!(!json(&good).as_array().unwrap().is_empty());
}

#[test]
fn languages_of_the_sensitive_types_are_checked() {
    let client = Client::of(SimMicrosoft::new(config()), noon());
    let ask = |language: &str| {
        let request = http::Request::get(client.url("resources/dlpSensitiveTypes"))
            .header("authorization", format!("Bearer {}", client.token))
            .header("accept-language", language)
            .body(bytes::Bytes::new())
            .unwrap();
        client.sim.handle(client.now, &request)
    };
    assert_eq!(json(&ask("en-US")).as_array().unwrap().len(), 6);
    assert_eq!(code(&ask("en, de")), "AF20053");
    assert_eq!(code(&ask("en_US!")), "AF20054");
}
