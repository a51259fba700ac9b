//! What may be shown to people.

use std::fmt::Debug;
use std::time::Duration;

use trailhound_microsoft::{ApiError, Operation, Reaction};

use crate::exchange::{SECRET, SECRET_IN_FORM, TOKEN};

const MAX_DETAIL_BYTES: usize = 600;
const MAX_CODE_BYTES: usize = 40;
const MAX_WAIT: Duration = Duration::from_hours(24);

/// An error is fit to be shown, holds no secret (promise S1), and every part keeps to its limit (B1).
pub(crate) fn check(error: &ApiError) {
    // Each side can repeat what it was sent: the login host the secret, the API the token.
    let known = if error.operation == Operation::Token { &[SECRET, SECRET_IN_FORM][..] } else { &[TOKEN] };
    hides(&format!("{error} {error:?}"), known);
    assert!(error.detail.len() <= MAX_DETAIL_BYTES, "{} bytes of detail", error.detail.len());
    assert!(!error.detail.contains(char::is_control), "one line: {:?}", error.detail);
    assert!((1..=MAX_CODE_BYTES).contains(&error.code.len()), "code {:?}", error.code);
    assert!(error.code.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{:?}", error.code);
    assert!(error.retry_after.is_none_or(|wait| wait <= MAX_WAIT), "waits {:?}", error.retry_after);
    assert!(!error.cause.is_empty(), "`{}` has no cause", error.code);
    if error.reaction != Reaction::Retry && error.reaction != Reaction::Throttled {
        assert!(!error.hint().is_empty(), "`{}` has no hint", error.code);
    }
}

/// The debug text of a value holds neither secret nor token.
pub(crate) fn holds_no_secret(value: &impl Debug) {
    hides(&format!("{value:?}"), &[SECRET, SECRET_IN_FORM, TOKEN]);
}

fn hides(text: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!text.contains(secret), "S1: {text}");
    }
}
