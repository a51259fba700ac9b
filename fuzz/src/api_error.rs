//! One error answer, given to every operation.

use std::time::Duration;

use trailhound_microsoft::{ApiError, ContentType};
use trailhound_model::{Blob, ContentId, Span};

use crate::exchange::{API_HOST, Answer, HandClock, Hostile, World, answers, now};
use crate::shown;

/// A 401 is followed by a new token and a second try; the answer is repeated for both.
const REPEATS: usize = 4;

pub(crate) fn run(data: &[u8]) {
    let Some(answer) = answers(data).into_iter().next() else { return };
    let world = |hostile| World::new(hostile, vec![answer.clone(); REPEATS]);
    let (from, general) = (HandClock::START, ContentType::AuditGeneral);
    let Some(span) = Span::new(from, from + Duration::from_mins(1)) else { return };
    let blob = Blob {
        content_id: ContentId::new("1"),
        created: from,
        expires: from,
        uri: format!("https://{API_HOST}/api/v1.0/t/activity/feed/audit/1"),
    };
    check(&answer, now(world(Hostile::Login).client.token_info()).map(drop));
    check(&answer, now(world(Hostile::Both).client.token_info()).map(drop));
    check(&answer, now(world(Hostile::Api).client.subscriptions()).map(drop));
    let started = now(world(Hostile::Api).client.start(general));
    match started {
        // AF20024 says that it runs already.
        Ok(_) => {}
        Err(error) => check(&answer, Err(error)),
    }
    check(&answer, now(world(Hostile::Api).client.list(general, span)).map(drop));
    check(&answer, now(world(Hostile::Api).client.fetch(&blob)).map(drop));
}

fn check(answer: &Answer, outcome: Result<(), ApiError>) {
    match outcome {
        Ok(()) => assert!((200..300).contains(&answer.status), "a {} passed for a success", answer.status),
        Err(error) => shown::check(&error),
    }
}
