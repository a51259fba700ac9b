//! What goes over the socket, and what `--json` prints.

use serde::{Deserialize, Serialize};

use super::status::Status;

/// Both sides must be of this version.
pub(crate) const VERSION: u32 = 1;
/// Most blobs of one retry.
pub(crate) const MAX_BLOBS: usize = trailhound_journal::MAX_BLOB_ROWS;

/// A request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) version: u32,
    pub(crate) application: String,
    /// Only this stream of it.
    pub(crate) stream: Option<String>,
    pub(crate) command: Command,
    /// The name of the person, as their shell knows it.
    pub(crate) who: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Command {
    /// Only these blobs; empty: all.
    Retry { blobs: Vec<String> },
    /// RFC 3339.
    Rewind { to: String },
    /// How its streams are (application empty: all streams). Changes nothing.
    Status,
}

/// What the other side says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Reply {
    Done(Answer),
    Status(Status),
    Refused { what: String, hint: String },
}

/// What was done.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) application: String,
    pub(crate) streams: Vec<StreamAnswer>,
    /// Blobs asked for that no stream knows.
    pub(crate) unknown: Vec<String>,
    /// A running daemon did it, so that its effect begins at once.
    pub(crate) running: bool,
}

/// What was done to one stream.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct StreamAnswer {
    pub(crate) stream: String,
    /// Blobs that left their gap row.
    pub(crate) reopened: u64,
    /// Pending blobs whose wait was ended.
    pub(crate) hastened: u64,
    /// The stream waited after failures, and tries at once.
    pub(crate) was_waiting: bool,
    /// What counted as listed and is listed again.
    pub(crate) listed_again: Vec<Period>,
    /// What was asked for and is out of Microsoft's reach.
    pub(crate) lost: Option<Period>,
    /// The stream is covered from here on now: earlier than before.
    pub(crate) horizon: Option<String>,
    /// Blobs that cannot be had: the first hundred.
    pub(crate) refused: Vec<BlobRefusal>,
    /// How many there are in all.
    pub(crate) refused_blobs: u64,
}

/// RFC 3339, the end not included.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Period {
    pub(crate) from: String,
    pub(crate) to: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BlobRefusal {
    pub(crate) content_id: String,
    pub(crate) why: String,
}
