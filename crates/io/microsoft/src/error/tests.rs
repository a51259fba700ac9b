use std::collections::HashSet;
use std::fmt::Write as _;

use super::*;

/// Every row as a person sees it.
#[test]
fn the_words_of_the_table() {
    let mut text = String::new();
    for row in table::rows() {
        let _ = writeln!(
            text,
            "{}: {:?}\n  {}\n  hint: {}\n  {}",
            row.code, row.reaction, row.cause, row.cure, row.link
        );
    }
    insta::assert_snapshot!(text);
}

#[test]
fn rows_are_unique_and_well_worded() {
    let mut seen = HashSet::new();
    for row in table::rows() {
        assert!(seen.insert(row.code.to_lowercase()), "{} is there twice", row.code);
        assert!(row.link.starts_with("https://learn.microsoft.com/"), "{}", row.code);
        assert!(row.cause.starts_with(char::is_lowercase) && !row.cause.ends_with('.'), "{}", row.code);
        assert!(!row.cure.is_empty() && !row.cure.ends_with('.'), "{}", row.code);
    }
}

/// Every code of the table is found from an answer as the service sends it, under whatever status.
#[test]
fn every_row_is_reached_from_its_answer() {
    for row in table::rows().filter(|row| row.code.starts_with("AF")) {
        for status in [400, 403, 500, 200] {
            let body = format!(r#"{{"error":{{"code":"{}","message":"m"}}}}"#, row.code);
            let error = Answer::new(Operation::List, status, body.as_bytes()).into_error();
            assert_eq!(
                (error.code.as_str(), error.reaction, &*error.cause),
                (row.code, row.reaction, row.cause)
            );
        }
    }
    for row in table::rows().filter(|row| row.code.starts_with("AADSTS")) {
        let number = row.code.trim_start_matches("AADSTS");
        let listed =
            format!(r#"{{"error":"odd","error_description":"{}: x","error_codes":[{number}]}}"#, row.code);
        let told =
            format!(r#"{{"error":"invalid_client","error_description":"{}: x\r\nTrace ID: y"}}"#, row.code);
        for body in [listed, told] {
            let error = Answer::new(Operation::Token, 400, body.as_bytes()).into_error();
            assert_eq!(
                (error.code.as_str(), error.reaction, &*error.cause),
                (row.code, row.reaction, row.cause)
            );
        }
    }
    for row in table::rows().filter(|row| row.code.starts_with("HTTP")) {
        let status = row.code[5..].parse().unwrap();
        let error = Answer::new(Operation::List, status, b"<html>").into_error();
        assert_eq!(
            (error.code.as_str(), error.reaction, error.status),
            (row.code, row.reaction, Some(status))
        );
    }
}

#[test]
fn unknown_login_codes_fall_back_to_the_kind_of_error() {
    for (kind, reaction) in [
        ("invalid_client", Reaction::Credential),
        ("unauthorized_client", Reaction::Configuration),
        ("invalid_grant", Reaction::Permission),
        ("temporarily_unavailable", Reaction::Retry),
        ("never_heard_of", Reaction::Retry),
    ] {
        let body = format!(
            r#"{{"error":"{kind}","error_description":"AADSTS12345678: x","error_codes":[12345678]}}"#
        );
        let error = Answer::new(Operation::Token, 400, body.as_bytes()).into_error();
        assert_eq!((error.code.as_str(), error.reaction), ("AADSTS12345678", reaction), "{kind}");
    }
}

#[test]
fn auditing_off_is_seen_in_the_split_exception_text() {
    let newer = r#"{"error":{"code":"StartSubscription [CorrId=c][TenantId=t,ContentType=Audit.General,ApplicationId=a,PublisherId=p][AppId","message":"a] failed. Exception: Microsoft.Office.Compliance.Audit.DataServiceException: Tenant t does not exist.\r\n   at Microsoft"}}"#;
    let older = r#"{"error":{"code":"StartSubscription [x] failed. Exception","message":"Microsoft.Office.Compliance.Audit.DataServiceException: Tenant t does not exist.\r\n"}}"#;
    for body in [newer, older] {
        let error = Answer::new(Operation::Start, 400, body.as_bytes()).into_error();
        assert_eq!((error.code.as_str(), error.reaction), ("auditing-off", Reaction::AuditingOff));
        assert!(error.detail.contains("does not exist") && !error.detail.contains('\n'), "{}", error.detail);
    }
}

#[test]
fn a_secret_shaped_like_a_guid_is_called_an_id() {
    let body = br#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret 1b7a9d1e-0000-4000-8000-123456789abc.","error_codes":[7000215]}"#;
    let secret = Some("1b7a9d1e-0000-4000-8000-123456789abc");
    let error = Answer { secret, ..Answer::new(Operation::Token, 401, body) }.into_error();
    assert!(error.hint().contains("secret's *ID*"));
    assert!(!error.to_string().contains("1b7a9d1e"), "{error}");
    let other = Answer { secret: Some("q8Q~x"), ..Answer::new(Operation::Token, 401, body) }.into_error();
    assert!(!other.hint().contains("*ID*"));
}

#[test]
fn transport_kinds_have_rows_and_words() {
    use TransportErrorKind::{Connect, Dns, Interrupted, Other, Proxy, Timeout, Tls, TooLong};
    let mut text = String::new();
    for kind in [Dns, Connect, Proxy, Tls, Timeout, Interrupted, TooLong, Other] {
        let error = TransportError { kind, host: "manage.office.com".to_owned(), detail: "words".to_owned() };
        let error = ApiError::of_transport(Operation::List, &error);
        assert!(table::row(&error.code).is_some(), "{}", error.code);
        assert_eq!(error.reaction, Reaction::Retry);
        let _ = writeln!(text, "failed to {error}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_bad_body_is_told_in_terms_of_the_table() {
    let of = |kind, detail: &str| ApiError::from(BlobError { kind, at: 7, detail: detail.to_owned() });
    assert_eq!(of(BlobErrorKind::Truncated, "x").reaction, Reaction::Retry);
    assert_eq!(of(BlobErrorKind::Invalid, "x").reaction, Reaction::BlobRefused);
    assert_eq!(of(BlobErrorKind::OverLimit, "x").reaction, Reaction::BlobRefused);
    let answer = of(BlobErrorKind::ErrorAnswer, r#"{"error":{"code":"AF20051","message":"m"}}"#);
    assert_eq!((answer.reaction, answer.detail.as_str()), (Reaction::BlobExpired, "m"));
}

/// A server may give back what it was sent in any place, even as its code.
#[test]
fn a_code_that_repeats_the_secret_is_not_shown() {
    let body = br#"{"error":"hunter2-hunter2","error_description":"no"}"#;
    let secret = Some("hunter2-hunter2");
    let error = Answer { secret, ..Answer::new(Operation::Token, 400, body) }.into_error();
    assert_eq!(error.code, "HTTP 400");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}
