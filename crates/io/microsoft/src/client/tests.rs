use futures::StreamExt;
use trailhound_env::TransportErrorKind;
use trailhound_model::{Blob, ContentId, Span, Timestamp, hours};

use super::*;
use crate::testing::{Canned, TENANT, World, answer, error, token, with, world};
use crate::{BlobDecoder, Reaction};

const FEED: &str = "https://manage.office.com/api/v1.0/11111111-2222-3333-4444-555555555555/activity/feed";

fn span() -> Span {
    let from = Timestamp::parse("2026-11-20T00:00:00Z").unwrap();
    Span::new(from, from + hours(24)).unwrap()
}

fn blob(uri: &str) -> Blob {
    let at = Timestamp::from_millis(0);
    Blob { content_id: ContentId::new("id"), uri: uri.to_owned(), created: at, expires: at }
}

async fn list(world: &World) -> Result<Page, ApiError> {
    world.client.list(ContentType::AuditExchange, span()).await
}

#[tokio::test]
async fn every_call_names_the_publisher_and_carries_the_token() {
    let world = world([
        token("T1"),
        answer(
            200,
            r#"[{"contentType":"audit.exchange"},{"contentType":"DLP.All","status":"Disabled"},{"contentType":"X"}]"#,
        ),
        answer(200, r#"{"contentType":"dlp.all","status":"enabled","webhook":null}"#),
        answer(200, "[]"),
        answer(200, "[]"),
        answer(200, "[]"),
    ]);
    let subscriptions = world.client.subscriptions().await.unwrap();
    let seen: Vec<_> = subscriptions.iter().map(|s| (s.known, s.enabled)).collect();
    assert_eq!(
        seen,
        [(Some(ContentType::AuditExchange), true), (Some(ContentType::DlpAll), false), (None, true)]
    );
    assert_eq!(world.client.start(ContentType::DlpAll).await, Ok(Started::New));
    list(&world).await.unwrap();
    let next = format!("{FEED}/subscriptions/content?contenttype=audit.exchange&nextpage=2%2F$x");
    world.client.list_next(&NextPage::new(&next)).await.unwrap();
    world.client.fetch(&blob(&format!("{FEED}/audit/1$2$audit_exchange$na0014"))).await.unwrap();
    assert_eq!(
        world.script.urls()[1..],
        [
            format!("{FEED}/subscriptions/list?PublisherIdentifier={TENANT}"),
            format!("{FEED}/subscriptions/start?contentType=DLP.All&PublisherIdentifier={TENANT}"),
            format!(
                "{FEED}/subscriptions/content?contentType=Audit.Exchange&startTime=2026-11-20T00%3A00%3A00\
                 &endTime=2026-11-21T00%3A00%3A00&PublisherIdentifier={TENANT}"
            ),
            format!("{next}&PublisherIdentifier={TENANT}"),
            format!("{FEED}/audit/1$2$audit_exchange$na0014?PublisherIdentifier={TENANT}"),
        ]
    );
    for index in 1..6 {
        assert_eq!(world.script.header(index, "authorization"), "Bearer T1");
    }
    let requests = world.script.requests.lock().unwrap();
    assert_eq!((requests[2].method().as_str(), requests[2].body().len()), ("POST", 0));
    assert!(requests[1].headers()["authorization"].is_sensitive());
}

#[tokio::test]
async fn a_page_has_its_blobs_and_its_link() {
    let body = r#"[{"contentUri":"u","contentId":"i","contentType":"Audit.Exchange",
        "contentCreated":"2020-07-02T02:06:21.634","contentExpiration":"2020-07-09T02:06:21Z"}]"#;
    let link = format!("{FEED}/subscriptions/content?nextpage=2");
    let world = world([
        token("T"),
        with(200, &[("nextpageuri", &link)], body),
        with(200, &[("nextpageuri", "")], "[]"),
    ]);
    let page = list(&world).await.unwrap();
    assert_eq!(page.blobs[0].created.to_string(), "2020-07-02T02:06:21.634Z");
    assert_eq!(page.blobs[0].expires.to_string(), "2020-07-09T02:06:21.000Z");
    assert_eq!(page.next, Some(NextPage::new(&link)));
    assert_eq!(list(&world).await.unwrap().next, None);
}

#[tokio::test]
async fn milliseconds_of_a_span_are_kept() {
    let world = world([token("T"), answer(200, "[]")]);
    let from = Timestamp::from_millis(1_795_190_400_007);
    world.client.list(ContentType::AuditGeneral, Span::new(from, from + hours(1)).unwrap()).await.unwrap();
    assert!(world.script.urls()[1].contains("startTime=2026-11-20T16%3A00%3A00.007Z&endTime"));
}

#[tokio::test]
async fn an_element_that_cannot_be_read_fails_the_page() {
    let good = r#"{"contentUri":"u","contentId":"i","contentCreated":"2020-07-02","contentExpiration":"2020-07-09"}"#;
    for bad in [
        r#"{"contentUri":"u","contentId":"i","contentCreated":"yesterday","contentExpiration":"2020-07-09"}"#,
        r#"{"contentUri":"u","contentId":"","contentCreated":"2020-07-02","contentExpiration":"2020-07-09"}"#,
        r#"{"contentUri":"u","contentId":"i","contentCreated":"2020-07-02"}"#,
        "null",
    ] {
        let world = world([token("T"), answer(200, format!("[{good},{bad}]"))]);
        let error = list(&world).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.reaction), ("malformed-listing", Reaction::Retry), "{bad}");
    }
}

#[tokio::test]
async fn answers_of_another_shape_keep_their_status_and_first_words() {
    for (canned, code, reaction, words) in [
        (answer(200, ""), "malformed-answer", Reaction::Retry, "EOF"),
        (
            answer(200, "<html><title>captive portal</title>"),
            "malformed-answer",
            Reaction::Retry,
            "captive portal",
        ),
        (answer(200, r#"{"value":[]}"#), "malformed-answer", Reaction::Retry, "value"),
        (error(200, "AF20055", "m"), "AF20055", Reaction::FixWindow, "m"),
        (
            answer(500, "<html><title>Our services aren't available</title><p>x"),
            "HTTP 500",
            Reaction::Retry,
            "Our services",
        ),
        (answer(403, ""), "HTTP 403", Reaction::Permission, ""),
        (answer(418, "[1]"), "HTTP 418", Reaction::Retry, "[1]"),
        (with(302, &[("location", "https://evil.example")], ""), "redirect", Reaction::Configuration, ""),
        (with(200, &[("content-encoding", "br")], "x"), "unknown-coding", Reaction::Retry, "br"),
        (with(200, &[("content-encoding", "gzip")], "x"), "interrupted", Reaction::Retry, "gzip"),
    ] {
        let world = world([token("T"), canned]);
        let error = list(&world).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.reaction), (code, reaction));
        assert!(error.detail.contains(words) && !error.detail.contains('<'), "{error}");
    }
}

#[tokio::test]
async fn a_401_gets_one_fresh_token_and_one_repetition() {
    let world = world([token("T1"), answer(401, ""), token("T2"), answer(200, "[]"), answer(200, "[]")]);
    list(&world).await.unwrap();
    assert_eq!(world.script.header(3, "authorization"), "Bearer T2");
    list(&world).await.unwrap();
    assert!(world.script.is_done(), "the fresh token is kept");

    let denied = || {
        error(
            401,
            "AF10001",
            "The permission set () sent in the request does not include the expected permission.",
        )
    };
    let world = crate::testing::world([token("T1"), denied(), token("T2"), denied()]);
    let error = list(&world).await.unwrap_err();
    assert_eq!((error.reaction, error.is_credentials()), (Reaction::Permission, true));
    assert_eq!(world.script.urls().len(), 4);
}

#[tokio::test]
async fn many_401s_at_once_ask_for_one_fresh_token() {
    let world = world([token("T1"), answer(200, "[]")]);
    list(&world).await.unwrap();
    let tail = [
        answer(401, ""),
        answer(401, ""),
        answer(401, ""),
        token("T2"),
        answer(200, "[]"),
        answer(200, "[]"),
        answer(200, "[]"),
    ];
    world.script.then_all(tail);
    let all = futures::join!(list(&world), list(&world), list(&world));
    assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok());
    assert!(world.script.is_done());
}

#[tokio::test]
async fn no_token_goes_to_another_host() {
    let world = world([]);
    for address in [
        "https://evil.example/x",
        "http://manage.office.com/x",
        "https://manage.office.com:444/x",
        "https://u@manage.office.com/",
    ] {
        let listed = world.client.list_next(&NextPage::new(address)).await.unwrap_err();
        let fetched = world.client.fetch(&blob(address)).await.unwrap_err();
        assert_eq!((listed.reaction, fetched.reaction), (Reaction::HostRefused, Reaction::HostRefused));
    }
    assert!(world.script.urls().is_empty(), "not even a token was asked for");
}

#[tokio::test]
async fn a_running_subscription_is_a_success() {
    let world = world([
        token("T"),
        error(400, "AF20024", "The subscription is already enabled. No property change."),
    ]);
    assert_eq!(world.client.start(ContentType::AuditGeneral).await, Ok(Started::AlreadyEnabled));
}

#[tokio::test]
async fn a_page_in_the_place_of_the_answer_has_started_nothing() {
    for (canned, code) in [
        (answer(200, "<html><title>Sign in to the network</title>"), "malformed-answer"),
        (answer(200, ""), "malformed-answer"),
        (answer(200, "{}"), "malformed-answer"),
        (answer(200, r#"{"contentType":"Audit.General","status":"disabled"}"#), "malformed-answer"),
        (error(200, "AF20023", "The subscription was disabled."), "AF20023"),
    ] {
        let world = world([token("T"), canned]);
        assert_eq!(world.client.start(ContentType::AuditGeneral).await.unwrap_err().code, code);
    }
}

async fn fetched(canned: Canned) -> Result<BlobBody, ApiError> {
    world([token("T"), canned]).client.fetch(&blob(&format!("{FEED}/audit/1"))).await
}

#[tokio::test]
async fn a_fetch_gives_the_body_with_its_coding() {
    let mut body = fetched(with(
        200,
        &[("content-length", "10"), ("content-type", "application/json")],
        r#"[{"Id":1}]"#,
    ))
    .await
    .unwrap();
    assert_eq!((body.gzip, body.content_length), (false, Some(10)));
    let mut decoder = BlobDecoder::new(body.gzip);
    while let Some(part) = body.stream.next().await {
        decoder.push(part.unwrap()).unwrap();
    }
    assert_eq!(decoder.finish().unwrap().unwrap().entries.len(), 1);
    assert!(fetched(with(200, &[("content-encoding", "GZIP")], "")).await.unwrap().gzip);
}

#[tokio::test]
async fn a_refused_fetch_speaks_of_the_blob() {
    for (canned, code, reaction) in [
        (error(400, "AF20051", "expired"), "AF20051", Reaction::BlobExpired),
        (error(404, "AF20050", ""), "AF20050", Reaction::BlobRefused),
        (error(400, "AF20052", ""), "AF20052", Reaction::BlobRefused),
        (answer(404, ""), "HTTP 404", Reaction::BlobRefused),
        (answer(400, "odd"), "HTTP 400", Reaction::BlobRefused),
        (error(400, "AF29999", ""), "AF29999", Reaction::BlobRefused),
        (error(500, "AF59999", ""), "AF59999", Reaction::Retry),
        (answer(503, ""), "HTTP 503", Reaction::Retry),
        (
            with(200, &[("content-type", "text/html; charset=utf-8")], "<html>"),
            "malformed-answer",
            Reaction::Retry,
        ),
        (with(200, &[("content-encoding", "deflate")], ""), "unknown-coding", Reaction::Retry),
        (Canned::Broken(TransportErrorKind::Tls), "tls", Reaction::Retry),
    ] {
        let error = fetched(canned).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.reaction), (code, reaction));
    }
}

#[tokio::test]
async fn waiting_times_and_the_servers_clock_are_read() {
    let world = world([
        token("T"),
        with(503, &[("retry-after", "17"), ("date", "Fri, 20 Nov 2026 16:10:00 GMT")], ""),
        error(403, "AF429", "Too many requests. Method=GetBlob, PublisherId=x"),
        error(400, "x", "Too many frequent subscription start requests, retry after 14m 56s"),
    ]);
    assert_eq!(world.client.clock_offset_millis(), None);
    let error = list(&world).await.unwrap_err();
    assert_eq!(error.retry_after.map(|wait| wait.as_secs()), Some(17));
    assert_eq!(world.client.clock_offset_millis(), Some(600_500));
    assert_eq!(list(&world).await.unwrap_err().reaction, Reaction::Throttled);
    let start = world.client.start(ContentType::AuditGeneral).await.unwrap_err();
    assert_eq!(
        (start.reaction, start.retry_after.map(|wait| wait.as_secs())),
        (Reaction::Throttled, Some(896))
    );
}

#[tokio::test]
async fn bodies_have_limits() {
    let world =
        world([token("T"), answer(200, " ".repeat(MAX_PAGE_BYTES + 1)), answer(400, "x".repeat(1 << 20))]);
    assert_eq!(list(&world).await.unwrap_err().code, "too-long");
    assert_eq!(list(&world).await.unwrap_err().code, "HTTP 400");
}
