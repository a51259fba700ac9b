//! A Microsoft with large blobs, made while they are sent.

use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Frame};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use trailhound_env::{Clock, SystemClock};
use trailhound_model::{Timestamp, days, hours, seconds};

use crate::error::BenchError;
use crate::server::{MAX_REQUEST_BODY_BYTES, listen, parameter};

/// Bytes of JSON that are made at a time.
const STEP_BYTES: usize = 256 << 10;

/// What is served.
#[derive(Args, Clone, Copy)]
pub(crate) struct ServeMemoryArguments {
    blobs: u32,
    blob_mb: u64,
    record_bytes: usize,
    /// 1: compressed with gzip.
    gzip: u8,
}

/// Prints the port, then serves until the process is killed.
pub(crate) fn run(content: ServeMemoryArguments) -> Result<(), BenchError> {
    let runtime = tokio::runtime::Runtime::new().map_err(BenchError::setup("start the server"))?;
    runtime.block_on(async {
        let (listener, port) = listen().await?;
        let created = SystemClock::default().now() - hours(2);
        let answers = Arc::new(Answers { content, port, created });
        loop {
            let (stream, _) = listener.accept().await.map_err(BenchError::setup("accept"))?;
            let answers = Arc::clone(&answers);
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(Arc::clone(&answers), request));
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

struct Answers {
    content: ServeMemoryArguments,
    port: u16,
    created: Timestamp,
}

async fn answer(
    answers: Arc<Answers>,
    request: Request<hyper::body::Incoming>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let (head, body) = request.into_parts();
    let _ = Limited::new(body, MAX_REQUEST_BODY_BYTES).collect().await;
    let path = head.uri.path();
    if let Some((_, number)) = path.split_once("/audit/blob-") {
        return Ok(answers.blob(number.parse().unwrap_or_default()));
    }
    let text = if path.ends_with("/token") {
        json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": "t" }).to_string()
    } else if path.ends_with("/subscriptions/list") {
        json!([{ "contentType": "Audit.General", "status": "enabled", "webhook": null }]).to_string()
    } else {
        answers.list(head.uri.query().unwrap_or_default())
    };
    let mut answer = Response::new(Full::new(Bytes::from(text)).boxed());
    answer.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a plain value"));
    Ok(answer)
}

impl Answers {
    fn list(&self, query: &str) -> String {
        let time = |name: &str| parameter(query, name).and_then(|text| Timestamp::parse(&text).ok());
        let (from, to) = (time("startTime").unwrap_or_default(), time("endTime").unwrap_or_default());
        let listed =
            (0..self.content.blobs).map(|number| (number, self.created + seconds(u64::from(number))));
        let page: Vec<_> = listed
            .filter(|(_, created)| from <= *created && *created < to)
            .map(|(number, created)| {
                json!({
                    "contentUri": format!("http://127.0.0.1:{}/api/v1.0/t/activity/feed/audit/blob-{number}", self.port),
                    "contentId": format!("blob-{number}"),
                    "contentType": "Audit.General",
                    "contentCreated": created.to_string(),
                    "contentExpiration": (created + days(7)).to_string(),
                })
            })
            .collect();
        serde_json::Value::from(page).to_string()
    }

    fn blob(&self, number: u32) -> Response<BoxBody<Bytes, Infallible>> {
        let mut answer = Response::new(Making::new(self.content, number).boxed());
        answer.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a plain value"));
        if self.content.gzip == 1 {
            answer.headers_mut().insert(CONTENT_ENCODING, "gzip".parse().expect("a plain value"));
        }
        answer
    }
}

/// A blob on its way: never more than a step of it in memory.
struct Making {
    content: ServeMemoryArguments,
    blob: u32,
    record: u64,
    made_bytes: u64,
    filler: String,
    gzip: Option<GzEncoder<Vec<u8>>>,
    ended: bool,
}

impl Making {
    fn new(content: ServeMemoryArguments, blob: u32) -> Self {
        let filler = "SharePoint:FileAccessed;https://contoso.sharepoint.com/sites/finance/Q3.xlsx;";
        let filler = filler.repeat(content.record_bytes / filler.len() + 1);
        let gzip = (content.gzip == 1).then(|| GzEncoder::new(Vec::new(), Compression::fast()));
        Self { content, blob, record: 0, made_bytes: 0, filler, gzip, ended: false }
    }

    fn step(&mut self) -> Vec<u8> {
        let mut text = Vec::with_capacity(STEP_BYTES + self.content.record_bytes + 256);
        while text.len() < STEP_BYTES && !self.ended {
            text.push(if self.record == 0 { b'[' } else { b',' });
            let id = format!("{:08x}-0000-4000-8000-{:012x}", self.blob, self.record);
            let length = self.content.record_bytes.saturating_sub(160);
            let _ = write!(
                text,
                "{{\"CreationTime\":\"2026-11-22T10:00:00\",\"Id\":\"{id}\",\"Operation\":\"FileAccessed\",\"Number\":{},\"Object\":\"{}\"}}",
                self.record,
                &self.filler[..length]
            );
            self.record += 1;
            self.ended = self.made_bytes + text.len() as u64 >= self.content.blob_mb * 1_000_000;
        }
        self.made_bytes += text.len() as u64;
        if self.ended {
            text.push(b']');
        }
        text
    }

    fn next_bytes(&mut self) -> Option<Bytes> {
        while !self.ended {
            let text = self.step();
            let Some(gzip) = &mut self.gzip else { return Some(text.into()) };
            // Writing into memory cannot fail.
            let _ = gzip.write_all(&text);
            if !gzip.get_ref().is_empty() && !self.ended {
                return Some(std::mem::take(gzip.get_mut()).into());
            }
        }
        self.gzip.take().and_then(|gzip| gzip.finish().ok()).map(Bytes::from)
    }
}

impl Body for Making {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next_bytes().map(|bytes| Ok(Frame::data(bytes))))
    }
}
