//! `/healthz`: does the process live?

/// 200 while it can answer at all; says nothing about the work (that is `/readyz`).
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}
