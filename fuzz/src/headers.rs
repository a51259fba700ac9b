//! Answers of the API: headers, the addresses in them and in listings, pages, subscriptions.

use std::collections::HashMap;

use futures::StreamExt;
use http::header::{DATE, RETRY_AFTER};
use serde_json::value::RawValue;
use trailhound_microsoft::{ApiError, BlobBody, ContentType, NextPage, Page};
use trailhound_model::{Blob, Span};

use crate::exchange::{Answer, HandClock, Hostile, World, answers, now};
use crate::shown;

/// Most calls of one input.
const MAX_CALLS: usize = 24;
const DAY_SECONDS: u64 = 86_400;

/// What to call next.
enum Call {
    List,
    Next(NextPage),
    Fetch(Blob),
    Subscriptions,
    Start,
}

pub(crate) fn run(data: &[u8]) {
    let world = World::new(Hostile::Api, answers(data));
    let mut waiting = Vec::new();
    let mut round = [Call::Start, Call::Subscriptions, Call::List];
    for number in 0..MAX_CALLS {
        if world.network.is_done() && waiting.is_empty() {
            break;
        }
        let call = waiting.pop().unwrap_or_else(|| {
            round.rotate_left(1);
            match number % 3 {
                0 => Call::List,
                1 => Call::Subscriptions,
                _ => Call::Start,
            }
        });
        make(&world, call, &mut waiting);
    }
    shown::holds_no_secret(&world.client);
}

fn make(world: &World, call: Call, waiting: &mut Vec<Call>) {
    let client = &world.client;
    let page = match call {
        Call::List => {
            let Some(span) =
                Span::new(HandClock::START, HandClock::START + std::time::Duration::from_mins(1))
            else {
                return;
            };
            now(client.list(ContentType::AuditGeneral, span))
        }
        Call::Next(next) => now(client.list_next(&next)),
        Call::Fetch(blob) => return body(world, now(client.fetch(&blob))),
        Call::Subscriptions => return outcome(world, now(client.subscriptions())),
        Call::Start => return outcome(world, now(client.start(ContentType::AuditGeneral))),
    };
    let page = match page {
        Ok(page) => page,
        Err(error) => return failed(world, &error),
    };
    check_page(world, &page);
    waiting.extend(page.blobs.into_iter().take(3).map(Call::Fetch));
    waiting.extend(page.next.map(Call::Next));
}

/// Nothing of a listing is passed over: every element is a blob, and a link leads on.
fn check_page(world: &World, page: &Page) {
    let Some(answer) = world.network.last() else { return };
    let link = answer.headers.get("nextpageuri").is_some_and(|link| !link.as_bytes().trim_ascii().is_empty());
    assert_eq!(page.next.is_some(), link, "the link to the next page");
    if !answer.headers.contains_key("content-encoding") {
        let text = answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer.body);
        // Fields that nobody needs are passed over, whatever they are.
        let text = String::from_utf8_lossy(text);
        let elements: Vec<HashMap<String, &RawValue>> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("accepted, and no JSON: {error}"));
        assert_eq!(page.blobs.len(), elements.len(), "every element is a blob");
        for (blob, element) in page.blobs.iter().zip(&elements) {
            let field = |name: &str| serde_json::from_str::<String>(element[name].get()).ok();
            assert_eq!(Some(blob.uri.clone()), field("contentUri"));
            assert_eq!(Some(blob.content_id.as_str().to_owned()), field("contentId"));
        }
    }
}

fn body(world: &World, fetched: Result<BlobBody, ApiError>) {
    match fetched {
        Ok(mut body) => while now(body.stream.next()).is_some_and(|part| part.is_ok()) {},
        Err(error) => failed(world, &error),
    }
}

fn outcome<T>(world: &World, outcome: Result<T, ApiError>) {
    if let Err(error) = outcome {
        failed(world, &error);
    }
}

fn failed(world: &World, error: &ApiError) {
    shown::check(error);
    if let (Some(answer), Some(status)) = (world.network.last(), error.status) {
        // A success that cannot be read counts as a 200.
        assert_eq!(answer.status / 100, status / 100);
        if let Some(seconds) = told_seconds(&answer).filter(|_| !(200..400).contains(&status)) {
            let wait = error.retry_after.map(|wait| wait.as_secs());
            assert_eq!(wait, Some(seconds.min(DAY_SECONDS)), "`Retry-After: {seconds}`");
        }
    }
    // A year that no calendar has must not become a clock.
    let offset = world.client.clock_offset_millis();
    let dated = world.network.last().is_some_and(|answer| answer.headers.contains_key(DATE));
    assert!(dated || offset.is_none() || !world.network.sent_tokens().is_empty());
}

/// `Retry-After` in digits.
fn told_seconds(answer: &Answer) -> Option<u64> {
    let text = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    (text.len() < 12 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}
