//! The static server: the part of Microsoft's API that a collection needs, over TLS, from memory.

mod answers;

use std::convert::Infallible;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use answers::Answers;
pub(crate) use answers::parameter;
use http_body_util::{BodyExt, Limited};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::certificates::{SERVER_CERTIFICATE, SERVER_KEY};
use crate::error::BenchError;

/// The only bodies that are sent here are token requests.
pub(crate) const MAX_REQUEST_BODY_BYTES: usize = 64 * 1024;

/// Loads everything, prints the port as one line, and serves until the process is killed.
pub(crate) fn run(folder: &Path) -> Result<(), BenchError> {
    let answers = Arc::new(Answers::load(folder)?);
    let acceptor = acceptor(folder)?;
    let runtime = tokio::runtime::Runtime::new().map_err(BenchError::setup("start the server"))?;
    runtime.block_on(async {
        let (listener, _) = listen().await?;
        loop {
            let (stream, _) = listener.accept().await.map_err(BenchError::setup("accept"))?;
            tokio::spawn(exchange(stream, acceptor.clone(), Arc::clone(&answers)));
        }
    })
}

/// Listens on a free port of this machine and prints it as one line, for whoever started the server.
pub(crate) async fn listen() -> Result<(TcpListener, u16), BenchError> {
    let bound = TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = bound.map_err(BenchError::setup("listen"))?;
    let port = listener.local_addr().map_err(BenchError::setup("listen"))?.port();
    println!("{port}");
    std::io::stdout().flush().map_err(BenchError::setup("say the port"))?;
    Ok((listener, port))
}

async fn exchange(stream: TcpStream, acceptor: TlsAcceptor, answers: Arc<Answers>) {
    // An answer goes out at once, not when the client has acknowledged the one before.
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let answers = Arc::clone(&answers);
        async move {
            let (head, body) = request.into_parts();
            let _ = Limited::new(body, MAX_REQUEST_BODY_BYTES).collect().await;
            Ok::<_, Infallible>(answers.answer(&head))
        }
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// HTTP/1.1 only, so that both contestants speak the same.
fn acceptor(folder: &Path) -> Result<TlsAcceptor, BenchError> {
    let what = "set up TLS";
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(folder.join(SERVER_CERTIFICATE))
        .and_then(Iterator::collect)
        .map_err(BenchError::setup(what))?;
    let key = PrivateKeyDer::from_pem_file(folder.join(SERVER_KEY)).map_err(BenchError::setup(what))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BenchError::setup(what))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(BenchError::setup(what))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
