//! One exchange on reqwest.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Proxy};
use tokio::time::timeout;
use trailhound_env::{Body, HttpTransport, Response, TransportError, TransportErrorKind};

use crate::classify::Classifier;
use crate::profile::{NetError, NetProfile, ca_error};

/// Idle connections kept per host, in number. All instances without a proxy or CA of their own share them: as many as
/// the pipeline has calls under way, or each poll would begin with a handshake.
const MAX_IDLE_PER_HOST: usize = 256;
/// Silence after which a connection is probed, so that a firewall does not forget it.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// The network by one profile. Cheap to share, not to make: see [`crate::TransportPool`].
pub struct ReqwestTransport {
    client: Client,
    first_byte_timeout: Duration,
    idle_timeout: Duration,
    classifier: Classifier,
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

impl ReqwestTransport {
    /// Reads the CA file and the environment's proxies; sends nothing.
    pub fn new(profile: &NetProfile) -> Result<Self, NetError> {
        Self::with_cas(profile, profile.read_ca_file()?.as_deref())
    }

    pub(crate) fn with_cas(profile: &NetProfile, ca_pem: Option<&[u8]>) -> Result<Self, NetError> {
        let cas = ca_pem.map_or(Ok(Vec::new()), |pem| read_cas(profile, pem))?;
        let system = builder(profile)?.tls_certs_merge(cas.iter().cloned()).build();
        let client = match system {
            Ok(client) => client,
            // A bare container has no CAs of its own: then the extra ones alone count, and without any, every
            // TLS handshake fails with its reason while plain http to a loopback address works.
            Err(_) => builder(profile)?
                .tls_certs_only(cas)
                .build()
                .map_err(|error| NetError::SetUp(error.without_url().to_string()))?,
        };
        Ok(Self {
            client,
            first_byte_timeout: profile.connect_timeout + profile.first_byte_timeout,
            idle_timeout: profile.idle_timeout,
            classifier: Classifier::new(profile.proxy_url()?.as_ref()),
        })
    }
}

impl HttpTransport for ReqwestTransport {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let host = request.uri().host().unwrap_or_default().to_owned();
            let request = reqwest::Request::try_from(request)
                .map_err(|error| self.classifier.before_answer(&error, &host))?;
            let answer = timeout(self.first_byte_timeout, self.client.execute(request)).await;
            let answer = answer
                .map_err(|_| silence(&host, self.first_byte_timeout))?
                .map_err(|error| self.classifier.before_answer(&error, &host))?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let bytes = answer.bytes_stream().boxed();
            let reading =
                Reading { bytes, host, idle_timeout: self.idle_timeout, classifier: self.classifier.clone() };
            Ok(Response { status, headers, body: reading.into_body() })
        }
        .boxed()
    }
}

/// A body on its way.
struct Reading {
    bytes: BoxStream<'static, reqwest::Result<Bytes>>,
    host: String,
    idle_timeout: Duration,
    classifier: Classifier,
}

impl Reading {
    fn into_body(self) -> Body {
        // After an error the stream ends.
        stream::unfold(Some(self), |reading| async move {
            let mut reading = reading?;
            match timeout(reading.idle_timeout, reading.bytes.next()).await {
                Ok(None) => None,
                Ok(Some(Ok(part))) => Some((Ok(part), Some(reading))),
                Ok(Some(Err(error))) => Some((Err(reading.classifier.in_body(&error, &reading.host)), None)),
                Err(_) => Some((Err(silence(&reading.host, reading.idle_timeout)), None)),
            }
        })
        .boxed()
    }
}

fn silence(host: &str, waited: Duration) -> TransportError {
    TransportError {
        kind: TransportErrorKind::Timeout,
        host: host.to_owned(),
        detail: format!("nothing came for {} ms", waited.as_millis()),
    }
}

fn builder(profile: &NetProfile) -> Result<ClientBuilder, NetError> {
    let builder = Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(profile.connect_timeout)
        .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
        .tcp_keepalive(TCP_KEEPALIVE);
    let Some(url) = profile.proxy_url()? else { return Ok(builder) };
    let refuse = || NetError::Proxy(crate::profile::without_credentials(url.as_str()));
    Ok(builder.proxy(Proxy::all(url.as_str()).map_err(|_| refuse())?))
}

fn read_cas(profile: &NetProfile, pem: &[u8]) -> Result<Vec<Certificate>, NetError> {
    let path = profile.extra_ca_file.as_deref().unwrap_or(std::path::Path::new(""));
    let cas = Certificate::from_pem_bundle(pem).map_err(|_| ca_error(path, "it is not PEM"))?;
    if cas.is_empty() {
        return Err(ca_error(path, "it holds no certificate"));
    }
    // Read as roots here, so that a damaged one is an error of this file and not of the system's.
    Client::builder()
        .tls_certs_only(cas.iter().cloned())
        .build()
        .map_err(|_| ca_error(path, "a certificate in it is damaged"))?;
    Ok(cas)
}
