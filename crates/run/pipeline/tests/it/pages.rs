//! Listings of which no page but the first ever comes.

use std::collections::BTreeSet;
use std::sync::Mutex;

use futures::future::BoxFuture;
use trailhound_model::*;
use trailhound_pipeline::source::*;
use trailhound_pipeline::wire::Mode;

use crate::world::*;

/// Every address of a next page is as bad as this says.
struct FirstPagesOnly(Scripted, Reaction);

impl Source for FirstPagesOnly {
    fn enabled_streams(&self) -> BoxFuture<'_, Result<BTreeSet<StreamName>, SourceError>> {
        self.0.enabled_streams()
    }
    fn start<'a>(&'a self, stream: &'a StreamName) -> BoxFuture<'a, Result<(), SourceError>> {
        self.0.start(stream)
    }
    fn list<'a>(
        &'a self,
        stream: &'a StreamName,
        span: Span,
        next: Option<&'a str>,
    ) -> BoxFuture<'a, Result<SourcePage, SourceError>> {
        match next {
            None => self.0.list(stream, span, None),
            Some(_) => Box::pin(async { Err(error(self.1, "list content")) }),
        }
    }
    fn fetch<'a>(
        &'a self,
        stream: &'a StreamName,
        blob: &'a Blob,
    ) -> BoxFuture<'a, Result<Box<dyn BlobReader>, SourceError>> {
        self.0.fetch(stream, blob)
    }
    fn clock_offset_millis(&self) -> Option<i64> {
        self.0.clock_offset_millis()
    }
}

#[test]
fn a_span_whose_pages_never_come_is_listed_in_pieces_of_one_page() {
    for reaction in [Reaction::RestartWindow, Reaction::Retry] {
        let blobs = history(72, |_| Script::Serve);
        let served = blobs.clone();
        let outcome = play(Mode::Once { since: None, until: None }, None, 0, |clock| {
            let (fetches, starts) = (Mutex::default(), Mutex::default());
            FirstPagesOnly(Scripted { clock, blobs: served, down: None, fetches, starts }, reaction)
        });
        assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
        assert_eq!(outcome.lines.len(), 3 * blobs.len(), "{reaction:?}");
        let status = outcome.board.snapshot().streams[&key()].clone();
        assert!(status.finished && status.pages < 200, "{} pages", status.pages);
    }
}
