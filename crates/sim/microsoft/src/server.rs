//! The world on a TCP port: HTTP/1.1, with resets, cut bodies and slow bodies as they are on real wires.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, pin_mut};
use http_body_util::{BodyExt, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use trailhound_env::Clock;

use crate::admin::{self, AdminAnswer, RESERVED};
use crate::response::{BodyPart, SimResponse};
use crate::sim::SimMicrosoft;

mod socket;

use socket::Socket;

/// Largest request body, in bytes.
pub const MAX_REQUEST_BYTES: usize = 1 << 20;

/// What is written so far gets this long to leave before the connection is cut.
const FLUSH_TIME: Duration = Duration::from_millis(20);

type WireBody = StreamBody<BoxStream<'static, io::Result<Frame<Bytes>>>>;

/// Serves the world until `shutdown` ends. URIs in answers begin with the `Host` of the request.
/// [`RESERVED`] paths are answered to loopback addresses only.
pub async fn serve(
    sim: SimMicrosoft,
    listener: TcpListener,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let mut connections = JoinSet::new();
    pin_mut!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return Ok(()),
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(sim.clone(), clock.clone(), stream, peer));
                }
                // Out of file descriptors, or the peer is gone already: others still want an answer.
                Err(_) => clock.sleep(FLUSH_TIME).await,
            },
        }
    }
}

async fn connection(
    sim: SimMicrosoft,
    clock: Arc<dyn Clock>,
    stream: tokio::net::TcpStream,
    peer: SocketAddr,
) {
    let reset = Arc::new(AtomicBool::new(false));
    let socket = TokioIo::new(Socket::new(stream, reset.clone()));
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (sim, clock, reset) = (sim.clone(), clock.clone(), reset.clone());
        async move { exchange(&sim, &clock, &reset, request, peer).await }
    });
    // An error here is the reset or the cut that was asked for, or a client that left.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(socket, service).await;
}

async fn exchange(
    sim: &SimMicrosoft,
    clock: &Arc<dyn Clock>,
    reset: &AtomicBool,
    request: http::Request<Incoming>,
    peer: SocketAddr,
) -> io::Result<http::Response<WireBody>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_REQUEST_BYTES).collect().await else {
        return Ok(wire_response(SimResponse::empty(413), clock));
    };
    let request = http::Request::from_parts(head, body.to_bytes());
    if RESERVED.contains(&request.uri().path()) {
        return Ok(reserved(sim, clock, &request, peer));
    }
    let response = sim.handle(clock.now(), &request);
    clock.sleep(response.latency).await;
    if response.reset {
        reset.store(true, Ordering::Relaxed);
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    Ok(wire_response(response, clock))
}

fn reserved(
    sim: &SimMicrosoft,
    clock: &Arc<dyn Clock>,
    request: &http::Request<Bytes>,
    peer: SocketAddr,
) -> http::Response<WireBody> {
    if !peer.ip().to_canonical().is_loopback() {
        return wire_response(SimResponse::empty(403), clock);
    }
    match admin::answer(sim, request) {
        AdminAnswer::Whole(response) => wire_response(response, clock),
        AdminAnswer::Lines(lines) => {
            let frames = lines.map(|bytes| Ok(Frame::data(bytes)));
            let mut response = http::Response::new(StreamBody::new(frames.boxed()));
            let kind = http::HeaderValue::from_static("application/x-ndjson");
            response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
            response
        }
    }
}

/// `Content-Length` stands in the headers unless chunked, so a cut body is shorter than announced.
fn wire_response(response: SimResponse, clock: &Arc<dyn Clock>) -> http::Response<WireBody> {
    let parts: std::collections::VecDeque<BodyPart> = response.body.into();
    let clock = clock.clone();
    let frames = stream::unfold(parts, move |mut parts| {
        let clock = clock.clone();
        async move {
            loop {
                match parts.pop_front()? {
                    BodyPart::Pause(pause) => clock.sleep(pause).await,
                    BodyPart::Data(bytes) => return Some((Ok(Frame::data(bytes)), parts)),
                    BodyPart::Cut => {
                        clock.sleep(FLUSH_TIME).await;
                        parts.clear();
                        return Some((Err(io::ErrorKind::UnexpectedEof.into()), parts));
                    }
                }
            }
        }
    });
    let mut wire = http::Response::new(StreamBody::new(frames.boxed()));
    *wire.status_mut() = response.status;
    *wire.headers_mut() = *response.headers;
    wire
}
