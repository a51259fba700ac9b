//! Listing a span: page by page, each page durable before the next is asked for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use trailhound_ledger::{Lane, Listing, Ticket, halves, still_valid};
use trailhound_model::{Blob, Delta, Span, Timestamp, seconds};

use super::context::{JobError, StreamContext};
use crate::source::{Reaction, SourceError, SourcePage};

/// Most pages of one span; more means that the server leads us in circles.
const MAX_PAGES_PER_SPAN: u32 = 200_000;

/// Attempts at one page before its whole span is put off.
pub(super) const PAGE_ATTEMPTS: u32 = 4;

/// Carries a listing out. Sends every delta that became durable; the last one says that the span is covered.
/// `due`: when it should have begun. `probe`: nothing has worked lately, so the first page is asked for once.
///
/// A long span whose pages fail now and then would never be listed to its end, each time from its first page on:
/// what fails past its first page goes on in halves.
pub(super) async fn list(
    context: Arc<StreamContext>,
    listing: Listing,
    lane: Lane,
    mut due: Option<Timestamp>,
    probe: bool,
    deltas: mpsc::Sender<Delta>,
) -> Result<(), JobError> {
    let mut pieces: VecDeque<Span> = listing.span.pieces(context.limits.window).collect();
    let mut attempts = if probe { 1 } else { PAGE_ATTEMPTS };
    while let Some(piece) = pieces.pop_front() {
        let ticket = context.governor.acquire(lane).await;
        let (begun, rewinds) = (context.now(), context.rewinds.load(Ordering::Relaxed));
        if !still_valid(piece, begun, &context.limits) {
            return Ok(()); // it grew too old while it waited: plan again
        }
        if let Some(due) = due.take() {
            context.series.polled(begun.since(due));
        }
        let first = (ticket, std::mem::replace(&mut attempts, PAGE_ATTEMPTS));
        let mut done = Done::default();
        if let Err(error) = list_piece(&context, piece, lane, first, &deltas, &mut done).await {
            let two = halves(piece, &context.limits).filter(|_| done.pages > 0);
            let (Some(two), JobError::Source(cause)) = (two, &error) else { return Err(error) };
            if !is_passing(cause) && cause.reaction != Reaction::RestartWindow {
                return Err(error);
            }
            context.series.source_failure(&context.key, &cause.code);
            tracing::info!(
                stream = %context.key, code = cause.code, error = %cause, span = %piece, pages = done.pages,
                "failed past the first page, listed in halves"
            );
            two.into_iter().rev().for_each(|half| pieces.push_front(half));
            continue;
        }
        let sweeps = if pieces.is_empty() { listing.sweeps.clone() } else { Vec::new() };
        let covered = Delta::Listed { span: piece, sweeps, at: begun };
        if !context.cover_unless_rewound(covered, rewinds, done.found == 0, &deltas).await? {
            return Ok(()); // what it asked for first may have changed: plan again
        }
    }
    Ok(())
}

/// What came of a piece so far.
#[derive(Default)]
struct Done {
    pages: u32,
    /// Blobs that were new.
    found: u64,
}

/// All pages of one piece. `first`: ticket and attempts of the first page.
async fn list_piece(
    context: &StreamContext,
    piece: Span,
    lane: Lane,
    first: (Ticket, u32),
    deltas: &mpsc::Sender<Delta>,
    done: &mut Done,
) -> Result<(), JobError> {
    let (mut ticket, mut attempts) = first;
    let mut next: Option<String> = None;
    while done.pages < MAX_PAGES_PER_SPAN {
        let page = page_with_patience(context, piece, lane, (ticket, attempts), next.as_deref()).await?;
        done.found += page_listed(context, piece, page.blobs, deltas).await?;
        done.pages += 1;
        let Some(following) = page.next else { return Ok(()) };
        if next.as_ref() == Some(&following) {
            return Err(circles("the listing names the same next page again").into());
        }
        next = Some(following);
        attempts = PAGE_ATTEMPTS;
        ticket = context.governor.acquire(lane).await;
    }
    Err(circles("the listing has too many pages").into())
}

/// Makes what a page names durable, before anything is made of it; an empty page is nothing to write.
async fn page_listed(
    context: &StreamContext,
    piece: Span,
    blobs: Vec<Blob>,
    deltas: &mpsc::Sender<Delta>,
) -> Result<u64, JobError> {
    let (at, named) = (context.now(), blobs.len());
    let page = Delta::Found { blobs, at };
    let found = if named == 0 {
        // The driver is gone only when everything stops.
        let _ = deltas.send(page).await;
        0
    } else {
        context.record_and_tell(vec![page], deltas).await?.new_blobs.len() as u64
    };
    context.board.stream(&context.key, |status| {
        status.pages += 1;
        status.listed_blobs += found;
        status.last_success = Some(at);
    });
    tracing::debug!(stream = %context.key, span = %piece, named, new = found, "page listed");
    Ok(found)
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
    (mut ticket, attempts): (Ticket, u32),
    next: Option<&str>,
) -> Result<SourcePage, SourceError> {
    let mut attempt = 1;
    loop {
        let place = context.calls.enter(lane).await;
        let answer = context.source.list(&context.key.stream, piece, next).await;
        drop(place);
        context.governor.settle(ticket, &answer);
        context.listings_fail.store(answer.is_err(), Ordering::Relaxed);
        match answer {
            Err(error) if is_passing(&error) && attempt < attempts => {
                let wait = error.retry_after.unwrap_or(seconds(1 << (attempt - 1)));
                tracing::debug!(stream = %context.key, code = error.code, attempt, "page failed, again");
                context.series.source_failure(&context.key, &error.code);
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
