//! Fetching a blob into the journal.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::SemaphorePermit;
use trailhound_journal::{BlobCommit, Committed};
use trailhound_ledger::Lane;
use trailhound_model::{Blob, CHUNK_BYTES, NewChunk, hours};

use super::context::{JobError, StreamContext};
use crate::source::{BlobReader, Reaction, SourceError};

/// Raw bytes of whole blobs that may wait for their commit in the process, in KiB. A single larger chunk takes
/// all of it.
pub(crate) const COMMIT_ROOM_KIB: u32 = 12 << 10;

/// Large blobs that are read at once in the process. Others let go of what they have, and are asked for again when it
/// is their turn: meanwhile they hold neither memory nor a place for fetches.
pub(crate) const MAX_LARGE_FETCHES: usize = 3;
/// A first chunk of this size is followed by another, or nearly was one.
const LARGE_BYTES: usize = CHUNK_BYTES / 2;

/// A blob that is durable in the journal.
pub(super) struct Fetched {
    pub committed: Committed,
    pub wire_bytes: u64,
}

/// Streams one blob into the journal. All but the last chunk of a large one are set aside first; the last
/// goes in with the commit, which makes all of them visible at once.
pub(super) async fn fetch(context: Arc<StreamContext>, blob: Blob) -> Result<Fetched, JobError> {
    let Begun { mut reader, first: mut last, places, let_go_bytes } = begin(&context, &blob).await?;
    let mut staged_chunks = 0;
    while let Some(following) = match &last {
        Some(_) => reader.next_chunk().await?,
        None => None,
    } {
        if let Some(full) = last.replace(following) {
            context.journal.stage(context.id, &blob.content_id, staged_chunks, full).await?;
            staged_chunks += 1;
        }
    }
    // The commit waits for the disk; meanwhile the next blob may be fetched, as far as there is room.
    let kibibytes = last.as_ref().map_or(1, |chunk| u32::try_from(chunk.raw.len() >> 10).unwrap_or(u32::MAX));
    let room = kibibytes.clamp(1, COMMIT_ROOM_KIB);
    let _room = context.commit_room.acquire_many(room).await.map_err(|_| stopping())?;
    drop(places);
    let commit = BlobCommit {
        stream: context.id,
        content_id: blob.content_id,
        created: blob.created,
        chunks: last.into_iter().collect(),
        staged_chunks,
        at: context.now(),
    };
    let committed = context.journal.commit_blob(commit).await?;
    context.pace.committed(committed.bytes);
    Ok(Fetched { committed, wire_bytes: let_go_bytes + reader.wire_bytes() })
}

/// A blob whose first chunk is here, with the places that it may be read on in.
struct Begun<'a> {
    reader: Box<dyn BlobReader>,
    first: Option<NewChunk>,
    places: (SemaphorePermit<'a>, Option<SemaphorePermit<'a>>),
    /// What was read on the wire before it had to wait for its turn among the large ones.
    let_go_bytes: u64,
}

/// Asks for a blob; for a large one without a place a second time, when it has one.
async fn begin<'a>(context: &'a StreamContext, blob: &Blob) -> Result<Begun<'a>, JobError> {
    let recent = context.now().since(blob.created) < hours(1);
    let lane = if recent { Lane::Live } else { Lane::Back };
    // History that comes in large blobs is not asked for twice each; what is live never waits for a guess.
    let mut takes_large = lane == Lane::Back && context.expects_large.load(Ordering::Relaxed);
    let mut let_go_bytes = 0;
    loop {
        // Its own turn first: whoever waits for a throttled tenant must not hold what others could use.
        let ticket = context.governor.acquire(lane).await;
        // Nobody waits for a large place while it holds one for a fetch: small blobs pass, and nothing locks up.
        let mut large =
            if takes_large { Some(context.large.acquire().await.map_err(|_| stopping())?) } else { None };
        let permit = context.permits.acquire().await.map_err(|_| stopping())?;
        context.pace.keep_in_step(context.clock.as_ref()).await;

        let answer = context.source.fetch(&context.key.stream, blob).await;
        context.governor.settle(ticket, &answer);
        let mut reader = answer?;
        let first = reader.next_chunk().await?;
        let is_large = first.as_ref().is_some_and(|chunk| chunk.raw.len() >= LARGE_BYTES);
        context.expects_large.store(is_large, Ordering::Relaxed);
        if !is_large {
            large = None;
        } else if large.is_none() {
            large = context.large.try_acquire().ok();
        }
        if !is_large || large.is_some() {
            return Ok(Begun { reader, first, places: (permit, large), let_go_bytes });
        }
        let_go_bytes += reader.wire_bytes();
        takes_large = true;
    }
}

fn stopping() -> SourceError {
    SourceError {
        reaction: Reaction::Retry,
        code: "stopping".to_owned(),
        what: "fetch a blob, since the process is stopping".to_owned(),
        hint: String::new(),
        link: "",
        retry_after: None,
    }
}
