//! `/`: says what is here, and what is not yet.

use axum::response::Html;

/// A page without script, style or picture.
pub(crate) async fn home() -> Html<&'static str> {
    Html(PAGE)
}

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Trailhound</title></head>
<body>
<h1>Trailhound</h1>
<p>The collector is running. Its web console comes with a later version; these addresses answer now:</p>
<ul>
<li><a href="/healthz">/healthz</a>: the process lives</li>
<li><a href="/readyz">/readyz</a>: the collection works, or why not</li>
<li><a href="/metrics">/metrics</a>: what was counted, for Prometheus</li>
</ul>
</body>
</html>
"#;
