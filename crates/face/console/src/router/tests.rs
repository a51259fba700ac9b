//! Each endpoint, without a socket.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::router;
use crate::MAX_BODY_BYTES;
use crate::test_support::state;

async fn ask(reasons: &[&str], request: Request<Body>) -> Response<Body> {
    router(state(reasons)).oneshot(request).await.unwrap()
}

async fn get(reasons: &[&str], path: &str) -> Response<Body> {
    ask(reasons, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn problem(response: Response<Body>) -> Value {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let status = response.status().as_u16();
    let problem: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(problem["status"], status);
    assert!(problem["title"].is_string() && problem["detail"].is_string() && problem["type"].is_string());
    problem
}

#[tokio::test]
async fn a_living_process_is_healthy_even_when_it_is_not_ready() {
    let response = get(&["token refused"], "/healthz").await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn readiness_names_its_reasons() {
    assert_eq!(get(&[], "/readyz").await.status(), StatusCode::OK);
    let response = get(&["contoso: token refused", "siem: disk full"], "/readyz").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(body, json!({ "ready": false, "reasons": ["contoso: token refused", "siem: disk full"] }));
}

#[tokio::test]
async fn metrics_are_prometheus_text() {
    let response = get(&[], "/metrics").await;
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let line = "trailhound_records_total{application=\"contoso\",stream=\"Audit.Exchange\"} 7";
    let body = text(response).await;
    assert!(body.lines().any(|found| found == line), "{body}");
}

#[tokio::test]
async fn the_registry_needs_a_session_whatever_the_method() {
    for method in ["GET", "POST", "DELETE"] {
        let request =
            Request::builder().method(method).uri("/api/v1/applications").body(Body::empty()).unwrap();
        let response = ask(&[], request).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(response.headers().contains_key("www-authenticate"));
        problem(response).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_that_repeats_no_query() {
    let response = get(&[], "/secrets?token=hunter2").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let problem = problem(response).await;
    assert!(problem["detail"].as_str().unwrap().contains("`/secrets`"));
    assert!(!problem.to_string().contains("hunter2"));
}

#[tokio::test]
async fn a_wrong_method_and_a_large_body_are_problems() {
    let response = ask(&[], Request::post("/metrics").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    problem(response).await;
    let large = Request::get("/healthz").header("content-length", MAX_BODY_BYTES + 1);
    let response = ask(&[], large.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    problem(response).await;
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    for path in ["/", "/healthz", "/readyz", "/metrics", "/api/v1/applications", "/nothing"] {
        let response = get(&[], path).await;
        let headers = response.headers();
        assert!(
            headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"),
            "{path}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
    }
}

#[tokio::test]
async fn the_front_page_names_the_endpoints() {
    let page = text(get(&[], "/").await).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert!(page.contains(&format!("href=\"{path}\"")), "{path}");
    }
}
