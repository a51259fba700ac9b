//! Answers of the token endpoint.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::value::RawValue;
use trailhound_env::Clock;
use trailhound_microsoft::ContentType;
use trailhound_model::Span;

use crate::exchange::{HandClock, Hostile, World, answers, now};
use crate::shown;

/// Longer than any token lives here, so that each round asks for a new one.
const ROUND: Duration = Duration::from_hours(25);
const MAX_LIFETIME: Duration = Duration::from_hours(24);
const MAX_ROUNDS: usize = 12;
/// A shorter text can stand anywhere by chance.
const MIN_TOKEN_BYTES: usize = 24;

pub(crate) fn run(data: &[u8]) {
    let world = World::new(Hostile::Login, answers(data));
    for _ in 0..MAX_ROUNDS {
        if world.network.is_done() {
            break;
        }
        ask(&world);
        world.clock.pass(ROUND);
    }
    shown::holds_no_secret(&world.client);
}

fn ask(world: &World) {
    let info = match now(world.client.token_info()) {
        Ok(info) => info,
        Err(error) => return shown::check(&error),
    };
    let before = world.clock.now();
    assert!(info.expires_at >= before && info.expires_at <= before + MAX_LIFETIME, "{info:?}");
    shown::holds_no_secret(&info);
    let Some(token) = granted(world) else { panic!("a token was made up: {info:?}") };
    if token.len() >= MIN_TOKEN_BYTES {
        let shown = format!("{info:?} {:?}", world.client);
        assert!(!shown.contains(&token), "S1: {shown}");
    }
    let Some(span) = Span::new(HandClock::START, HandClock::START + Duration::from_mins(1)) else { return };
    let listed = now(world.client.list(ContentType::AuditGeneral, span));
    match (listed, world.network.sent_tokens().last()) {
        // A token without life is asked for anew; that answer may be anything.
        (_, sent) if info.expires_at == before => assert!(sent.is_none_or(|sent| !sent.is_empty())),
        (Ok(_), sent) => assert_eq!(sent, Some(&token), "the token is sent as it was given"),
        (Err(error), _) => panic!("a good token does not serve: {error}"),
    }
}

/// The token of the last answer, read by another parser.
fn granted(world: &World) -> Option<String> {
    let answer = world.network.last()?;
    if answer.headers.contains_key("content-encoding") {
        return now(async { world.client.token_info().await.ok() }).map(|_| String::new());
    }
    // What else is in the answer is passed over, whatever it is.
    let text = String::from_utf8_lossy(&answer.body);
    let fields: HashMap<String, &RawValue> = serde_json::from_str(&text).ok()?;
    serde_json::from_str(fields.get("access_token")?.get()).ok()
}
