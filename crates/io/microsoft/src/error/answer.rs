//! From an HTTP answer to a row of the table.

use std::time::Duration;

use serde::Deserialize;

use super::scrub::{MAX_PAGE_BYTES, scrub};
use super::{ApiError, Operation, Reaction, table};

/// An answer that is a failure.
pub(crate) struct Answer<'a> {
    pub(crate) operation: Operation,
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
    pub(crate) retry_after: Option<Duration>,
    /// Must not appear in the error, should the server repeat it.
    pub(crate) secret: Option<&'a str>,
}

/// What the message of an error says beyond its code.
struct MessageFacts {
    auditing_off: bool,
    too_many: bool,
    wait: Option<Duration>,
}

/// `{"error":{"code":…,"message":…}}` of the API, or `{"error":"…","error_description":…}` of the login host.
#[derive(Default)]
struct Said {
    code: Option<String>,
    /// What stands in for a code that has no row.
    general_code: Option<String>,
    message: String,
}

#[derive(Deserialize)]
struct ApiAnswer {
    error: ApiAnswerError,
}

#[derive(Deserialize)]
struct ApiAnswerError {
    code: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct LoginAnswer {
    error: String,
    error_description: Option<String>,
    error_codes: Option<Vec<serde_json::Value>>,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(operation: Operation, status: u16, body: &'a [u8]) -> Self {
        Self { operation, status, body, retry_after: None, secret: None }
    }

    /// Looks the answer up: first the server's code, then what its words say, then the status.
    pub(crate) fn into_error(self) -> ApiError {
        let said = Said::read(self.body, self.operation);
        let facts = MessageFacts::of(&said.message);
        let status_code = format!("HTTP {}", self.status);
        let candidates = [
            facts.auditing_off.then_some("auditing-off"),
            said.code.as_deref(),
            said.general_code.as_deref(),
            facts.too_many.then_some("AF429"),
            Some(status_code.as_str()),
        ];
        let found = candidates.into_iter().flatten().find_map(table::row);
        let row = found.unwrap_or_else(|| table::by_status(self.status));
        let repeats =
            |code: &str| self.secret.is_some_and(|secret| !secret.is_empty() && code.contains(secret));
        let fit = |code: &&str| is_code(code) && !facts.auditing_off && !repeats(code);
        let own_code = said.code.as_deref().filter(fit);
        let code = own_code.or(found.map(|row| row.code)).unwrap_or(&status_code);
        let mut error = ApiError {
            operation: self.operation,
            code: code.to_owned(),
            reaction: self.reaction(row),
            cause: row.cause.into(),
            cure: row.cure.into(),
            link: row.link,
            detail: scrub(&said.message, self.secret),
            retry_after: self.retry_after.or(facts.wait),
            status: Some(self.status),
        };
        if code == "AADSTS7000215" && self.secret.is_some_and(crate::config::is_guid) {
            error.cure = table::SECRET_ID_CURE.into();
        }
        error
    }

    /// A refusal without a reason that is known speaks against the blob when one was asked for.
    fn reaction(&self, row: &table::Row) -> Reaction {
        let vague = std::ptr::eq(row, &raw const table::REFUSED) || row.code == "HTTP 404";
        if vague && self.operation == Operation::Fetch { Reaction::BlobRefused } else { row.reaction }
    }
}

impl Said {
    fn read(body: &[u8], operation: Operation) -> Self {
        if let Ok(answer) = serde_json::from_slice::<ApiAnswer>(body) {
            let code = answer.error.code.unwrap_or_default();
            let message = answer.error.message.unwrap_or_default();
            // Off the table (§ auditing off) the service splits one text into code and message.
            let message = if is_code(&code) { message } else { format!("{code}: {message}") };
            return Self { code: Some(code), general_code: None, message };
        }
        if operation == Operation::Token
            && let Ok(answer) = serde_json::from_slice::<LoginAnswer>(body)
        {
            return answer.into();
        }
        // HTML of a proxy, plain text, nothing at all: its first words are kept.
        let start = &body[..body.len().min(MAX_PAGE_BYTES)];
        Self { message: String::from_utf8_lossy(start).into_owned(), ..Self::default() }
    }
}

impl From<LoginAnswer> for Said {
    fn from(answer: LoginAnswer) -> Self {
        let message = answer.error_description.unwrap_or_default();
        let listed = answer.error_codes.into_iter().flatten().next().map(|code| code.to_string());
        let number = listed.or_else(|| {
            let after = message.split_once("AADSTS")?.1;
            Some(after.chars().take_while(char::is_ascii_digit).collect())
        });
        match number {
            Some(number) => {
                let code = format!("AADSTS{}", number.trim_matches('"'));
                Self { code: Some(code), general_code: Some(answer.error), message }
            }
            None => Self { code: Some(answer.error), general_code: None, message },
        }
    }
}

impl MessageFacts {
    fn of(message: &str) -> Self {
        let auditing_off = message.contains("DataServiceException") && message.contains("does not exist");
        let too_many = message.to_ascii_lowercase().contains("too many");
        Self { auditing_off, too_many, wait: too_many.then(|| wait_in(message)).flatten() }
    }
}

/// `… retry after 14m 56s` or `… after 30 seconds`.
fn wait_in(message: &str) -> Option<Duration> {
    let after = message.to_ascii_lowercase();
    let after = after.split_once("after ")?.1;
    let mut seconds = 0;
    let mut rest = after;
    loop {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let Ok(number) = rest[..digits].parse::<u64>() else { break };
        let unit = rest[digits..].trim_start();
        let factor = match unit.bytes().next() {
            Some(b'h') => 3_600,
            Some(b'm') => 60,
            _ => 1,
        };
        seconds += number.min(86_400) * factor;
        rest = unit.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start();
    }
    (seconds > 0).then(|| Duration::from_secs(seconds.min(86_400)))
}

/// A word such as `AF20022` or `invalid_client`, fit to be shown as a code.
fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
