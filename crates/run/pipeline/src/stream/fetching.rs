//! Fetching a blob into the journal.

use std::sync::Arc;

use trailhound_journal::{BlobCommit, Committed};
use trailhound_ledger::Lane;
use trailhound_model::{Blob, CHUNK_BYTES, hours};

use super::context::{JobError, StreamContext};
use crate::source::{Reaction, SourceError};

/// Raw bytes of whole blobs that may wait for their commit in the process, in KiB. A single larger chunk takes
/// all of it.
pub(crate) const COMMIT_ROOM_KIB: u32 = 12 << 10;

/// Large blobs that are read at once in the process. Each of the other fetches under way holds at most one chunk, and
/// waits with it when more is to come.
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
    let recent = context.now().since(blob.created) < hours(1);
    // Its own turn first: whoever waits for a throttled tenant must not hold what others could use.
    let ticket = context.governor.acquire(if recent { Lane::Live } else { Lane::Back }).await;
    let permit = context.permits.acquire().await.map_err(|_| stopping())?;
    context.pace.keep_in_step(context.clock.as_ref()).await;

    let answer = context.source.fetch(&context.key.stream, &blob).await;
    context.governor.settle(ticket, &answer);
    let mut reader = answer?;
    let mut last = reader.next_chunk().await?;
    let is_large = last.as_ref().is_some_and(|chunk| chunk.raw.len() >= LARGE_BYTES);
    let large = if is_large { Some(context.large.acquire().await.map_err(|_| stopping())?) } else { None };
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
    drop((permit, large));
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
    Ok(Fetched { committed, wire_bytes: reader.wire_bytes() })
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
