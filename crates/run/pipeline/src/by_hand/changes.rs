//! The record of what people changed: an auditor asks.

use serde::{Deserialize, Serialize};
use trailhound_journal::{Journal, JournalError, JournalErrorKind};
use trailhound_model::{ContentId, OutputName, Span, Timestamp};

use super::carry_out::Work;
use super::{Done, Order, Wish};

/// Control values with this prefix and a number of ten digits are changes, oldest first.
pub const CHANGE_PREFIX: &str = "change/";
/// How many changes there are: where the next number is looked for.
const COUNT_KEY: &str = "changes";
/// Blobs that an entry names; the rest is counted.
const MAX_NAMED_BLOBS: usize = 100;
/// Attempts to find a free number while others write too.
const NUMBER_ATTEMPTS: u32 = 1_000;

/// One change, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// RFC 3339.
    pub at: String,
    /// Who asked for it.
    pub who: String,
    /// `retry` or `rewind`.
    pub command: String,
    /// The application.
    pub application: String,
    /// Its stream.
    pub stream: String,
    /// Of a rewind: the moment asked for, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Of a retry of single blobs: the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<ContentId>,
    /// How many single blobs were asked for; 0: all.
    pub asked_blobs: u64,
    /// Whether its end was reached; if not, a part of it may have been done.
    pub finished: bool,
    /// Spans listed again, as `[from, to]` in RFC 3339.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed_again: Vec<[String; 2]>,
    /// Blobs that left their gap row.
    pub reopened: u64,
    /// Pending blobs whose wait was ended.
    pub hastened: u64,
}

/// The command of an entry that is an [`OutsideChange`].
pub const OUTSIDE_COMMAND: &str = "changed from outside";

/// What others did to what an output had delivered, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideChange {
    /// When it was noticed, RFC 3339.
    pub at: String,
    /// Always `nobody known`.
    pub who: String,
    /// [`OUTSIDE_COMMAND`].
    pub command: String,
    /// The output.
    pub output: String,
    /// What happened, in words.
    pub what: String,
}

/// Records it.
pub(crate) async fn note_outside_change(
    journal: &dyn Journal,
    output: &OutputName,
    at: Timestamp,
    what: &str,
) -> Result<(), JournalError> {
    let change = OutsideChange {
        at: at.to_string(),
        who: "nobody known".to_owned(),
        command: OUTSIDE_COMMAND.to_owned(),
        output: output.to_string(),
        what: what.to_owned(),
    };
    add(journal, &encode(&change)?).await?;
    Ok(())
}

/// An entry whose change is under way.
pub(super) struct Entry {
    key: String,
    change: Change,
}

impl Entry {
    /// Makes the entry durable before anything changes.
    pub(super) async fn begin(work: &Work<'_>, order: &Order) -> Result<Self, JournalError> {
        let (command, to, blobs) = match &order.wish {
            Wish::Retry { blobs } => ("retry", None, blobs.as_slice()),
            Wish::Rewind { to } => ("rewind", Some(to.to_string()), [].as_slice()),
        };
        let change = Change {
            at: work.now.to_string(),
            who: order.who.clone(),
            command: command.to_owned(),
            application: work.key.instance.to_string(),
            stream: work.key.stream.to_string(),
            to,
            blobs: blobs.iter().take(MAX_NAMED_BLOBS).cloned().collect(),
            asked_blobs: blobs.len() as u64,
            finished: false,
            listed_again: Vec::new(),
            reopened: 0,
            hastened: 0,
        };
        let key = add(work.journal, &encode(&change)?).await?;
        Ok(Self { key, change })
    }

    /// Adds what was done.
    pub(super) async fn end(mut self, journal: &dyn Journal, done: &Done) -> Result<(), JournalError> {
        let pair = |span: &Span| [span.from.to_string(), span.to.to_string()];
        self.change.listed_again = done.again.iter().map(pair).collect();
        (self.change.reopened, self.change.hastened, self.change.finished) =
            (done.reopened, done.hastened, true);
        // Nobody else changes an entry, so its version is the first.
        journal.set_control(&self.key, Some(1), &encode(&self.change)?).await?;
        Ok(())
    }
}

/// Stores it under the next free number; answers its key.
async fn add(journal: &dyn Journal, value: &str) -> Result<String, JournalError> {
    let known = journal.control(COUNT_KEY).await?;
    let mut number: u64 = known.as_ref().and_then(|(_, text)| text.parse().ok()).unwrap_or(0);
    for _ in 0..NUMBER_ATTEMPTS {
        number += 1;
        let key = format!("{CHANGE_PREFIX}{number:010}");
        if journal.set_control(&key, None, value).await? {
            // If another was quicker, the next one finds its number a little later.
            journal.set_control(COUNT_KEY, known.map(|(version, _)| version), &number.to_string()).await?;
            return Ok(key);
        }
    }
    Err(failed("no number is free for the record of changes".to_owned()))
}

fn encode(change: &impl Serialize) -> Result<String, JournalError> {
    serde_json::to_string(change).map_err(|error| failed(format!("the record of changes: {error}")))
}

fn failed(detail: String) -> JournalError {
    JournalError { kind: JournalErrorKind::Refused, detail }
}
