//! What the server tells about itself, to the same machine only.

use std::collections::HashMap;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use serde_json::json;

use crate::response::SimResponse;
use crate::sim::SimMicrosoft;
use crate::stream::Stream;
use crate::truth::{Truth, TruthRecord};

/// Paths of the server that Microsoft does not have.
pub const RESERVED: [&str; 4] = ["/_truth", "/_requests", "/_config", "/_accounts"];

/// Records per piece of `/_truth`.
const TRUTH_LINES_PER_PIECE: usize = 500;

/// An answer of one of [`RESERVED`].
pub(crate) enum AdminAnswer {
    Whole(SimResponse),
    Lines(BoxStream<'static, Bytes>),
}

pub(crate) fn answer(sim: &SimMicrosoft, request: &http::Request<Bytes>) -> AdminAnswer {
    let query: HashMap<String, String> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes()).into_owned().collect();
    match (request.uri().path(), request.method()) {
        ("/_truth", &http::Method::GET) => truth(sim, &query),
        ("/_requests", &http::Method::GET) => requests(sim),
        ("/_accounts", &http::Method::GET) => AdminAnswer::Whole(accounts(sim)),
        ("/_config", &http::Method::GET) => AdminAnswer::Whole(SimResponse::json(200, &config_value(sim))),
        ("/_config", &http::Method::POST) => AdminAnswer::Whole(change(sim, request.body())),
        _ => AdminAnswer::Whole(SimResponse::json(404, &json!({"error": "no such page"}))),
    }
}

fn config_value(sim: &SimMicrosoft) -> serde_json::Value {
    serde_json::to_value(sim.config()).unwrap_or_default()
}

fn change(sim: &SimMicrosoft, body: &[u8]) -> SimResponse {
    let merged = serde_json::from_slice(body)
        .map_err(|error| error.to_string())
        .and_then(|patch| sim.config().merged(&patch).map_err(|error| error.to_string()));
    match merged {
        Ok(config) => {
            sim.configure(|current| *current = config);
            SimResponse::json(200, &config_value(sim))
        }
        Err(error) => SimResponse::json(400, &json!({"error": error})),
    }
}

fn accounts(sim: &SimMicrosoft) -> SimResponse {
    let rows: Vec<_> = sim
        .accounts()
        .into_iter()
        .map(|(tenant, client, accounts)| json!({"tenant": tenant, "client": client, "accounts": accounts}))
        .collect();
    SimResponse::json(200, &json!({"apps": rows, "tokens_leaked": sim.tokens_leaked()}))
}

fn requests(sim: &SimMicrosoft) -> AdminAnswer {
    let mut lines = String::new();
    for line in sim.requests() {
        lines.push_str(&serde_json::to_string(&line).unwrap_or_default());
        lines.push('\n');
    }
    AdminAnswer::Lines(stream::iter([Bytes::from(lines)]).boxed())
}

/// One record a line, in pieces, so that a million of them are never one text.
fn truth(sim: &SimMicrosoft, query: &HashMap<String, String>) -> AdminAnswer {
    let stream_wanted = query.get("stream").map(|text| Stream::parse(text));
    let tenant_wanted = query.get("tenant").cloned();
    let raw = query.get("raw").is_some_and(|value| value == "1" || value == "true");
    let (sim, whole) = (sim.clone(), sim.truth());
    let lines = stream::unfold((whole, 0), move |(whole, from)| {
        let (sim, tenant_wanted) = (sim.clone(), tenant_wanted.clone());
        async move {
            let end = whole.records.len().min(from + TRUTH_LINES_PER_PIECE);
            if from >= end {
                return None;
            }
            let mut lines = String::new();
            for record in &whole.records[from..end] {
                let Some(blob) = whole.blobs_of(record).next() else { continue };
                let other_tenant =
                    tenant_wanted.as_ref().is_some_and(|tenant| !blob.tenant.eq_ignore_ascii_case(tenant));
                if other_tenant || stream_wanted.is_some_and(|wanted| wanted != Some(blob.stream)) {
                    continue;
                }
                lines.push_str(&truth_line(&sim, &whole, record, raw));
                lines.push('\n');
            }
            Some((Bytes::from(lines), (whole, end)))
        }
        .boxed()
    });
    AdminAnswer::Lines(lines.boxed())
}

fn truth_line(sim: &SimMicrosoft, truth: &Truth, record: &TruthRecord, raw: bool) -> String {
    let blobs: Vec<_> = truth.blobs_of(record).collect();
    let mut id = String::new();
    if let Some(bits) = record.id {
        crate::dice::push_guid(&mut id, bits.0);
    }
    let mut line = json!({
        "tenant": blobs[0].tenant.as_ref(),
        "client": blobs[0].client.as_ref(),
        "stream": blobs[0].stream.name(),
        "id": record.id.map(|_| id),
        "hash": format!("{:032x}", record.hash.0),
        "blobs": blobs.iter().map(|blob| blob.content_id.as_str()).collect::<Vec<_>>(),
        "visible": blobs.iter().map(|blob| blob.visible).min().unwrap_or_default().to_string(),
        "until": truth.until(record).to_string(),
        "obtainable": truth.is_obtainable(record),
    });
    if raw {
        line["raw"] = sim.raw(truth, record).into();
    }
    line.to_string()
}
