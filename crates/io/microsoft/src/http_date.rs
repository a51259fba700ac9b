//! The two HTTP header values that tell time. Source: RFC 9110, sections 5.6.7 and 10.2.3.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use trailhound_model::Timestamp;

/// Longest wait that a server may ask for, in seconds: more is taken as this much.
const MAX_RETRY_AFTER_SECONDS: u64 = 24 * 3_600;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The server's clock as its answer tells it, to a second.
pub(crate) fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    parse(headers.get(DATE)?.to_str().ok()?)
}

/// How long the server asks to wait: seconds, or a date against its own clock (else `now`).
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => parse(text)?.since(server_time(headers).unwrap_or(now)).as_secs(),
    };
    Some(Duration::from_secs(wait.min(MAX_RETRY_AFTER_SECONDS)))
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`.
fn parse(text: &str) -> Option<Timestamp> {
    let mut words = text.split_once(", ")?.1.split(' ');
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    Timestamp::parse(&format!("{year}-{month:02}-{day}T{time}Z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_waits_are_read() {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        assert_eq!(server_time(&headers), Timestamp::parse("1994-11-06T08:49:37Z").ok());
        let now = Timestamp::from_millis(0);
        for (text, seconds) in [
            ("120", Some(120)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("soon", None),
            ("9999999", Some(86_400)),
        ] {
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
