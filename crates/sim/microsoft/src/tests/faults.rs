//! Each fault of the way is a switch, in process and in virtual time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use trailhound_env::{Clock, TransportErrorKind, VirtualClock, collect_body};
use trailhound_model::{hours, minutes, seconds};

use super::client::{Client, code, json, noon};
use crate::{Coding, Outage, OutageKind, SimConfig, Stream, WireSwitches};

type Change = fn(&mut WireSwitches);

fn statuses(change: impl FnOnce(&mut WireSwitches)) -> Vec<u16> {
    let client = Client::subscribed(SimConfig::default());
    client.sim.configure(|c| change(&mut c.wire));
    let ask = || client.get("subscriptions/list");
    (0..400).map(|_| ask()).map(|r| if r.reset { 0 } else { r.status.as_u16() }).collect()
}

#[test]
fn rates_give_about_their_share_of_failures() {
    let share = |statuses: &[u16], status: u16| statuses.iter().filter(|s| **s == status).count();
    let changes: [(u16, Change); 7] = [
        (500, |w| w.error_rate = 0.2),
        (503, |w| w.unavailable_rate = 0.2),
        (408, |w| w.request_timeout_rate = 0.2),
        (502, |w| w.html_rate = 0.2),
        (401, |w| w.unauthorized_rate = 0.2),
        (403, |w| w.throttle_rate = 0.2),
        (0, |w| w.reset_rate = 0.2),
    ];
    for (status, change) in changes {
        let found = statuses(change);
        let count = share(&found, status);
        assert!((40..130).contains(&count), "{status}: {count}");
        assert_eq!(share(&found, 200) + count, 400);
    }
}

#[test]
fn outages_begin_and_end_on_time() {
    let mut config = SimConfig::default();
    config.login.token_life_seconds = 100_000;
    config.wire.outages = vec![Outage {
        starts_after_seconds: 600,
        lasts_seconds: 60,
        kind: OutageKind::InternalError,
        login_too: false,
    }];
    let mut client = Client::subscribed(config);
    let start = client.now;
    for (after, status) in [(599, 200), (600, 500), (659, 500), (660, 200)] {
        client.now = start + seconds(after);
        assert_eq!(client.get("subscriptions/list").status.as_u16(), status, "{after} s");
    }
    client.sim.configure(|c| c.wire.down_next_requests = 2);
    let found: Vec<u16> = (0..3).map(|_| client.get("subscriptions/list").status.as_u16()).collect();
    assert_eq!(found, [503, 503, 200]);
}

#[test]
fn a_portal_answers_200_with_a_page_by_rate_and_as_an_outage() {
    let is_page = |response: &crate::SimResponse| {
        response.status == 200 && response.headers["content-type"].to_str().unwrap().starts_with("text/html")
    };
    let client = Client::subscribed(SimConfig::default());
    client.sim.configure(|c| c.wire.portal_rate = 0.2);
    let pages = (0..400).filter(|_| is_page(&client.get("subscriptions/list"))).count();
    assert!((40..130).contains(&pages), "{pages}");
    let outage = |kind| Outage { starts_after_seconds: 0, lasts_seconds: 99, kind, login_too: true };
    client.sim.configure(|c| c.wire.outages = vec![outage(OutageKind::Portal)]);
    let signed_in = super::client::post(&client.sim, client.now, "/t/oauth2/token", "");
    assert!(is_page(&signed_in) && is_page(&client.get("subscriptions/content?contentType=DLP.All")));
}

#[test]
fn tokens_die_and_a_rotated_secret_no_longer_signs_in() {
    let mut config = SimConfig::default();
    config.login.token_life_seconds = 5;
    let mut client = Client::subscribed(config);
    client.now = client.now + seconds(4);
    assert_eq!(client.get("subscriptions/list").status, 200);
    client.now = client.now + seconds(1);
    assert_eq!(client.get("subscriptions/list").status, 401);
    let old = client.sim.config().tenants[0].client_secret.clone();
    client.sim.configure(|c| c.tenants[0].client_secret = "new".to_owned());
    let tenant = client.sim.config().tenants[0].clone();
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={old}&resource=r",
        tenant.client_id
    );
    let refused =
        super::client::post(&client.sim, noon(), &format!("/{}/oauth2/token", tenant.tenant_id), &body);
    assert_eq!(json(&refused)["error_codes"][0], 7_000_215);
}

#[test]
fn the_service_that_runs_ahead_says_so_in_its_date() {
    let client = Client::subscribed(SimConfig::default());
    client.sim.configure(|c| c.wire.date_skew_seconds = 7_200);
    let date = client.get("subscriptions/list").headers["date"].to_str().unwrap().to_owned();
    assert_eq!(date, "Fri, 20 Nov 2026 14:00:00 GMT");
    client.sim.configure(|c| c.wire.clock_skew_seconds = -7_200);
    let now = client.now;
    assert_eq!(client.content(Stream::General, now - hours(24), now).status, 200);
    let oldest = now - minutes(7 * 24 * 60 + 150);
    assert_eq!(client.content(Stream::General, oldest, oldest + hours(1)).status, 200);
}

fn request(client: &Client, uri: &str, gzip: bool) -> http::Request<Bytes> {
    let mut request = http::Request::get(uri).header("authorization", format!("Bearer {}", client.token));
    if gzip {
        request = request.header("accept-encoding", "gzip");
    }
    request.body(Bytes::new()).unwrap()
}

fn first_blob(client: &mut Client) -> String {
    let now = client.now;
    let blobs = client.list_all(Stream::Exchange, now - hours(2), now, |_| {});
    blobs[0]["contentUri"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_transport_truncates_resets_and_takes_its_time() {
    let mut client = Client::subscribed(SimConfig::default());
    let uri = first_blob(&mut client);
    let clock = Arc::new(VirtualClock::starting_at(client.now));
    let transport = client.sim.transport(clock.clone());
    let whole = transport.send(request(&client, &uri, false)).await.unwrap();
    assert!(clock.monotonic() >= Duration::from_millis(20));
    let whole = collect_body(whole.body, 1 << 24, "h").await.unwrap();
    client.sim.configure(|c| c.wire.truncated_rate = 1.0);
    let cut = transport.send(request(&client, &uri, false)).await.unwrap();
    let announced: usize = cut.headers["content-length"].to_str().unwrap().parse().unwrap();
    assert_eq!(announced, whole.len());
    let error = collect_body(cut.body, 1 << 24, "h").await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Interrupted);
    client.sim.configure(|c| c.wire = WireSwitches { slow_rate: 1.0, ..WireSwitches::default() });
    let before = clock.monotonic();
    let slow = transport.send(request(&client, &uri, false)).await.unwrap();
    assert_eq!(collect_body(slow.body, 1 << 24, "h").await.unwrap(), whole);
    assert!(clock.monotonic() >= before + Duration::from_millis(8 * 400));
    client.sim.configure(|c| c.wire = WireSwitches { reset_rate: 1.0, ..WireSwitches::default() });
    let error = transport.send(request(&client, &uri, false)).await.err().unwrap();
    assert_eq!((error.kind, error.host.as_str()), (TransportErrorKind::Interrupted, "127.0.0.1"));
}

#[test]
fn gzip_only_for_those_who_accept_it() {
    use std::io::Read;
    let mut client = Client::subscribed(SimConfig::default());
    let uri = first_blob(&mut client);
    client.sim.configure(|c| c.wire.coding = Coding::Gzip);
    let plain = client.sim.handle(client.now, &request(&client, &uri, false));
    assert!(!plain.headers.contains_key("content-encoding"));
    let packed = client.sim.handle(client.now, &request(&client, &uri, true));
    assert_eq!(packed.headers["content-encoding"], "gzip");
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(packed.bytes().as_ref()).read_to_end(&mut text).unwrap();
    assert_eq!(text, plain.bytes());
}

#[test]
fn odd_shapes_of_blobs_and_records() {
    let body = |change: fn(&mut SimConfig)| {
        let mut config = SimConfig::default();
        change(&mut config);
        let mut client = Client::subscribed(config);
        let uri = first_blob(&mut client);
        client.request("GET", &uri, "").bytes()
    };
    assert!(body(|c| c.blobs.bom_rate = 1.0).starts_with(b"\xef\xbb\xbf["));
    assert!(body(|c| c.blobs.single_object_rate = 1.0).starts_with(b"{"));
    assert_eq!(body(|c| c.blobs.empty_rate = 1.0), "[]");
    let spaced = body(|c| c.blobs.white_space_rate = 1.0);
    assert!(
        spaced.starts_with(b" [\r\n") && serde_json::from_slice::<Vec<serde_json::Value>>(&spaced).is_ok()
    );
    assert!(body(|c| c.blobs.huge_record_rate = 1.0).len() > 2 << 20);
    let huge = body(|c| {
        c.blobs.huge_rate = 1.0;
        c.blobs.huge_blob_bytes = 3 << 20;
        c.history_hours = 2;
    });
    assert!((2 << 20..5 << 20).contains(&huge.len()), "{}", huge.len());
}

#[test]
fn a_lost_answer_to_a_start_may_have_been_done() {
    let mut done = 0;
    for seed in 0..40 {
        let client = Client::of(crate::SimMicrosoft::new(SimConfig { seed, ..SimConfig::default() }), noon());
        client.sim.configure(|c| c.wire.reset_rate = 1.0);
        assert!(client.start(Stream::General).reset);
        client.sim.configure(|c| c.wire.reset_rate = 0.0);
        let again = client.start(Stream::General);
        done += usize::from(again.status != 200 && code(&again) == "AF20024");
    }
    assert!((8..32).contains(&done), "{done} of 40");
}
