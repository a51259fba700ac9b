//! Listing a span: page by page, each page durable before the next is asked for.

use std::sync::Arc;

use tokio::sync::mpsc;
use trailhound_ledger::{Lane, Listing, Ticket, still_valid};
use trailhound_model::{Delta, Span, seconds};

use super::context::{JobError, StreamContext};
use crate::source::{Reaction, SourceError, SourcePage};

/// Most pages of one span; more means that the server leads us in circles.
const MAX_PAGES_PER_SPAN: u32 = 200_000;

/// Attempts at one page before its whole span is put off.
const PAGE_ATTEMPTS: u32 = 4;

/// Carries a listing out. Sends every delta that became durable; the last one says that the span is covered.
pub(super) async fn list(
    context: Arc<StreamContext>,
    listing: Listing,
    lane: Lane,
    deltas: mpsc::Sender<Delta>,
) -> Result<(), JobError> {
    let pieces: Vec<Span> = listing.span.pieces(context.limits.window).collect();
    for (index, piece) in pieces.iter().enumerate() {
        let ticket = context.governor.acquire(lane).await;
        let begun = context.now();
        if !still_valid(*piece, begun, &context.limits) {
            return Ok(()); // it grew too old while it waited: plan again
        }
        list_piece(&context, *piece, lane, ticket, &deltas).await?;
        let sweeps = if index + 1 == pieces.len() { listing.sweeps.clone() } else { Vec::new() };
        let covered = Delta::Listed { span: *piece, sweeps, at: begun };
        context.record(vec![covered.clone()]).await?;
        // The driver is gone only when everything stops.
        let _ = deltas.send(covered).await;
    }
    Ok(())
}

async fn list_piece(
    context: &StreamContext,
    piece: Span,
    lane: Lane,
    mut ticket: Ticket,
    deltas: &mpsc::Sender<Delta>,
) -> Result<(), JobError> {
    let mut next: Option<String> = None;
    for _ in 0..MAX_PAGES_PER_SPAN {
        let page = page_with_patience(context, piece, lane, ticket, next.as_deref()).await?;
        let named = page.blobs.len() as u64;
        let at = context.now();
        let applied = context.record(vec![Delta::Found { blobs: page.blobs, at }]).await?;
        context.board.stream(&context.key, |status| {
            status.pages += 1;
            status.listed_blobs += applied.new_blobs.len() as u64;
            status.last_success = Some(at);
        });
        tracing::debug!(stream = %context.key, span = %piece, named, new = applied.new_blobs.len(), "page listed");
        let _ = deltas.send(Delta::Found { blobs: applied.new_blobs, at }).await;
        let Some(following) = page.next else { return Ok(()) };
        if next.as_ref() == Some(&following) {
            return Err(circles("the listing names the same next page again").into());
        }
        next = Some(following);
        ticket = context.governor.acquire(lane).await;
    }
    Err(circles("the listing has too many pages").into())
}

fn circles(what: &str) -> SourceError {
    SourceError {
        reaction: Reaction::RestartWindow,
        code: "paging".to_owned(),
        what: what.to_owned(),
        hint: "nothing to do: the span is listed again from its beginning".to_owned(),
        link: "",
        retry_after: None,
    }
}

/// One page; passing failures are waited out here, so that a long listing need not begin anew.
async fn page_with_patience(
    context: &StreamContext,
    piece: Span,
    lane: Lane,
    mut ticket: Ticket,
    next: Option<&str>,
) -> Result<SourcePage, SourceError> {
    let mut attempt = 1;
    loop {
        let answer = context.source.list(&context.key.stream, piece, next).await;
        context.governor.settle(ticket, &answer);
        match answer {
            Err(error) if is_passing(&error) && attempt < PAGE_ATTEMPTS => {
                let wait = error.retry_after.unwrap_or(seconds(1 << (attempt - 1)));
                tracing::debug!(stream = %context.key, code = error.code, attempt, "page failed, again");
                crate::telemetry::source_failure(&context.key, &error.code);
                if error.reaction != Reaction::Throttled {
                    context.clock.sleep(wait.min(seconds(60))).await;
                }
                attempt += 1;
                // After a throttling answer it is the budget that makes wait.
                ticket = context.governor.acquire(lane).await;
            }
            answer => return answer,
        }
    }
}

fn is_passing(error: &SourceError) -> bool {
    matches!(error.reaction, Reaction::Retry | Reaction::Throttled)
}
