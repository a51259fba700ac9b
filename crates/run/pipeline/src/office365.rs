//! Office 365 as a [`Source`]: the Management Activity API behind the pipeline's contract.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use trailhound_env::Body;
use trailhound_health::{CredentialEnd, CredentialKind};
use trailhound_microsoft::{ApiError, BlobDecoder, Client, ContentType, NextPage, Operation};
use trailhound_model::{Blob, NewChunk, Span, StreamName, Timestamp};

use crate::source::{BlobReader, Reaction, Source, SourceError, SourcePage};

/// One application instance of type `office365`.
pub struct Office365 {
    client: Arc<Client>,
    secret_expires: Option<Timestamp>,
}

impl Office365 {
    /// Wraps a client.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client, secret_expires: None }
    }

    /// With the end of its credential, as the configuration knows it.
    pub fn with_secret_expires(self, secret_expires: Option<Timestamp>) -> Self {
        Self { secret_expires, ..self }
    }
}

impl Source for Office365 {
    fn enabled_streams(&self) -> BoxFuture<'_, Result<BTreeSet<StreamName>, SourceError>> {
        Box::pin(async {
            let subscriptions = self.client.subscriptions().await.map_err(SourceError::from)?;
            let enabled = subscriptions.into_iter().filter(|s| s.enabled).filter_map(|s| s.known);
            Ok(enabled.filter_map(|known| StreamName::new(known.as_str()).ok()).collect())
        })
    }

    fn start<'a>(&'a self, stream: &'a StreamName) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async move {
            let started = self.client.start(content_type(stream)?).await.map_err(SourceError::from)?;
            tracing::debug!(%stream, ?started, "start request answered");
            Ok(())
        })
    }

    fn list<'a>(
        &'a self,
        stream: &'a StreamName,
        span: Span,
        next: Option<&'a str>,
    ) -> BoxFuture<'a, Result<SourcePage, SourceError>> {
        Box::pin(async move {
            let page = match next {
                None => self.client.list(content_type(stream)?, span).await,
                Some(address) => self.client.list_next(&NextPage::new(address)).await,
            };
            let page = page.map_err(SourceError::from)?;
            let next = page.next.map(|next| next.as_str().to_owned());
            Ok(SourcePage { blobs: page.blobs, next })
        })
    }

    fn fetch<'a>(
        &'a self,
        _stream: &'a StreamName,
        blob: &'a Blob,
    ) -> BoxFuture<'a, Result<Box<dyn BlobReader>, SourceError>> {
        Box::pin(async move {
            let body = self.client.fetch(blob).await.map_err(SourceError::from)?;
            let reader: Box<dyn BlobReader> = Box::new(ContentReader {
                decoder: Some(BlobDecoder::new(body.gzip)),
                body: body.stream,
                ready: VecDeque::new(),
                wire_bytes: 0,
            });
            Ok(reader)
        })
    }

    fn clock_offset_millis(&self) -> Option<i64> {
        self.client.clock_offset_millis()
    }

    fn credential_ends(&self) -> Option<CredentialEnd> {
        // What the certificate says is true after a renewal too, when the configuration may be out of date.
        let certificate = self.client.certificate_ends();
        certificate
            .map(|at| CredentialEnd { at, kind: CredentialKind::Certificate })
            .or(self.secret_expires.map(|at| CredentialEnd { at, kind: CredentialKind::Configured }))
    }
}

struct ContentReader {
    /// `None` once the end was reached.
    decoder: Option<BlobDecoder>,
    body: Body,
    ready: VecDeque<NewChunk>,
    wire_bytes: u64,
}

impl BlobReader for ContentReader {
    fn next_chunk(&mut self) -> BoxFuture<'_, Result<Option<NewChunk>, SourceError>> {
        Box::pin(async { self.read_on().await.map_err(SourceError::from) })
    }

    fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }
}

impl ContentReader {
    async fn read_on(&mut self) -> Result<Option<NewChunk>, ApiError> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Ok(Some(chunk));
            }
            let Some(decoder) = &mut self.decoder else { return Ok(None) };
            match self.body.next().await {
                Some(part) => {
                    let part = part?;
                    self.wire_bytes += part.len() as u64;
                    self.ready.extend(decoder.push(part)?);
                }
                None => {
                    if let Some(decoder) = self.decoder.take() {
                        self.ready.extend(decoder.finish()?);
                    }
                }
            }
        }
    }
}

fn content_type(stream: &StreamName) -> Result<ContentType, SourceError> {
    ContentType::parse(stream.as_str()).ok_or_else(|| SourceError {
        reaction: Reaction::Configuration,
        code: "stream".to_owned(),
        what: format!("find the content stream `{stream}`: Office 365 has none of that name"),
        hint: "correct `streams` in the configuration".to_owned(),
        link: "",
        retry_after: None,
    })
}

impl From<ApiError> for SourceError {
    fn from(error: ApiError) -> Self {
        Self {
            reaction: reaction(&error),
            code: error.code.clone(),
            what: error.to_string(),
            hint: error.hint().to_owned(),
            link: error.link,
            retry_after: error.retry_after,
        }
    }
}

fn reaction(error: &ApiError) -> Reaction {
    use trailhound_microsoft::Reaction as Api;
    match error.reaction {
        // A refused window means a wrong clock; the answer's `Date` has corrected it for the next attempt.
        Api::Retry | Api::FixWindow => Reaction::Retry,
        // The login counts on its own: the quota of the API is not used up.
        Api::Throttled if error.operation == Operation::Token => Reaction::Retry,
        Api::Throttled => Reaction::Throttled,
        Api::StartSubscription => Reaction::StartSubscription,
        Api::BlobExpired => Reaction::BlobExpired,
        Api::BlobRefused => Reaction::BlobRefused,
        Api::HostRefused if error.operation == Operation::Fetch => Reaction::BlobRefused,
        Api::RestartWindow | Api::HostRefused => Reaction::RestartWindow,
        Api::AuditingOff => Reaction::AuditingOff,
        Api::Credential => Reaction::Credential,
        Api::Permission => Reaction::Permission,
        Api::Configuration => Reaction::Configuration,
    }
}
