//! The API's error bodies.

use serde_json::json;

use crate::config::FeedSwitches;
use crate::request_log::Operation;
use crate::response::SimResponse;

const NO_PUBLISHER: &str = "00000000-0000-0000-0000-000000000000";

/// `AF` error of any status.
pub(crate) fn error(status: u16, code: &str, message: &str) -> SimResponse {
    SimResponse::json(status, &json!({"error": {"code": code, "message": message}}))
}

/// 400 with `AF{number}`.
pub(crate) fn bad(number: u32, message: &str) -> SimResponse {
    error(400, &format!("AF{number}"), message)
}

pub(crate) fn missing(parameter: &str) -> SimResponse {
    bad(20_001, &format!("Missing parameter: {parameter}."))
}

pub(crate) fn wrong_type(parameter: &str, expected: &str) -> SimResponse {
    bad(20_002, &format!("Invalid parameter type: {parameter}. Expected type: {expected}"))
}

pub(crate) fn internal() -> SimResponse {
    error(500, "AF50000", "An internal error occurred. Retry the request.")
}

/// What ASP.NET says to a token that it does not take.
pub(crate) fn unauthorized() -> SimResponse {
    SimResponse::json_text(
        401,
        "{\"Message\":\"Authorization has been denied for this request.\"}".to_owned(),
    )
    .with_header("www-authenticate", "Bearer")
}

pub(crate) fn permission(roles: &[String]) -> SimResponse {
    let message = format!(
        "The permission set ({}) sent in the request does not include the expected permission.",
        roles.join(" ")
    );
    error(401, "AF10001", &message)
}

pub(crate) fn throttled(feed: &FeedSwitches, operation: Operation, publisher: Option<&str>) -> SimResponse {
    let message =
        format!("Too many requests. Method={operation:?}, PublisherId={}", publisher.unwrap_or(NO_PUBLISHER));
    let response = error(feed.throttle_status, "AF429", &message);
    if feed.throttle_retry_after_seconds == 0 {
        return response;
    }
    response.with_header("retry-after", &feed.throttle_retry_after_seconds.to_string())
}

/// The unified audit log is off: one exception's text, split at its first colon.
pub(crate) fn auditing_off(
    tenant: &str,
    client: &str,
    publisher: &str,
    stream: &str,
    correlation: &str,
) -> SimResponse {
    let code = format!(
        "StartSubscription [CorrId={correlation}][TenantId={tenant},ContentType={stream},ApplicationId={client},PublisherId={publisher}][AppId"
    );
    let frames = [
        "Microsoft.Office.Compliance.Audit.API.AzureManager.<GetSubscriptionTableClientForTenantAsync>d__52.MoveNext()",
        "System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw()",
        "System.Runtime.CompilerServices.TaskAwaiter.HandleNonSuccessAndDebuggerNotification(Task task)",
        "Microsoft.Office.Compliance.Audit.API.AzureManager.<GetSubscriptionsAsync>d__21.MoveNext()",
        "Microsoft.Office.Compliance.Audit.API.StartController.<StartSubscription>d__0.MoveNext()",
    ];
    let place = " in d:\\dbs\\sh\\nibr\\src\\Audit\\AzureManager.cs:line 2012\r\n--- End of stack trace from previous location where exception was thrown ---\r\n   at ";
    let trace = frames.join(place);
    let message = format!(
        "{client}] failed. Exception: Microsoft.Office.Compliance.Audit.DataServiceException: Tenant {tenant} does not exist.\r\n   at {trace}"
    );
    SimResponse::json(400, &json!({"error": {"code": code, "message": message}}))
}
