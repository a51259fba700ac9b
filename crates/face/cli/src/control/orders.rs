//! A request, carried out on every stream that it names.

use std::collections::BTreeSet;

use trailhound_journal::Journal;
use trailhound_ledger::Limits;
use trailhound_model::{ContentId, InstanceName, Span, StreamKey, StreamName, Timestamp};
use trailhound_pipeline::by_hand::{Controls, Done, Order, Wish};

use super::wire::{Answer, BlobRefusal, Command, MAX_BLOBS, Period, Request, StreamAnswer, VERSION};

/// Why a request was not carried out, or not on every stream: what, hint.
pub(crate) type Refusal = (String, String);

/// Carries it out, stream after stream. `who`: as the record of changes shall name the person.
pub(crate) async fn carry_out(
    request: Request,
    who: &str,
    controls: &Controls,
    journal: &dyn Journal,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if request.version != VERSION {
        let what =
            format!("version {} of the control channel is asked for, this is {VERSION}", request.version);
        return Err((what, "use the same version of trailhound on both sides".to_owned()));
    }
    let wish = wish_of(&request.command)?;
    let mut answer = Answer { application: request.application.clone(), ..Answer::default() };
    let mut unknown: Option<BTreeSet<ContentId>> = None;
    for key in chosen(&request, journal).await? {
        let order = Order { wish: wish.clone(), who: who.to_owned() };
        let done = controls.ask(journal, &key, order, now, &Limits::daemon()).await;
        let done = done.map_err(|error| {
            let hint = "run the command again: what was done already is not done twice";
            (error.to_string(), hint.to_owned())
        })?;
        let here: BTreeSet<ContentId> = done.unknown.iter().cloned().collect();
        unknown = Some(match unknown {
            Some(before) => before.intersection(&here).cloned().collect(),
            None => here,
        });
        answer.streams.push(told(&key, done));
    }
    answer.unknown = unknown.unwrap_or_default().iter().map(ToString::to_string).collect();
    Ok(answer)
}

fn wish_of(command: &Command) -> Result<Wish, Refusal> {
    match command {
        Command::Retry { blobs } if blobs.len() > MAX_BLOBS => {
            let what = format!("{} blobs are named, {MAX_BLOBS} at most can be", blobs.len());
            Err((what, "leave `--blob` out to try all again".to_owned()))
        }
        Command::Retry { blobs } => {
            Ok(Wish::Retry { blobs: blobs.iter().map(|id| ContentId::new(id)).collect() })
        }
        Command::Status => Err(("a question is no order".to_owned(), String::new())),
        Command::Rewind { to } => match Timestamp::parse(to) {
            Ok(to) => Ok(Wish::Rewind { to }),
            Err(error) => Err((error.to_string(), String::new())),
        },
    }
}

/// The streams of the application that the journal knows.
async fn chosen(request: &Request, journal: &dyn Journal) -> Result<Vec<StreamKey>, Refusal> {
    let bad_name = |error: trailhound_model::InvalidName| (error.to_string(), String::new());
    let instance = InstanceName::new(&request.application).map_err(bad_name)?;
    let stream = request.stream.as_deref().map(StreamName::new).transpose().map_err(bad_name)?;
    let sums = journal.sums().await.map_err(|error| (error.to_string(), error.kind.hint().to_owned()))?;
    let known = sums.into_iter().map(|sums| sums.key);
    let of_this = known.filter(|key| key.instance == instance);
    Ok(of_this.filter(|key| stream.as_ref().is_none_or(|name| key.stream == *name)).collect())
}

fn told(key: &StreamKey, done: Done) -> StreamAnswer {
    let period = |span: Span| Period { from: span.from.to_string(), to: span.to.to_string() };
    let refusal = |refused: trailhound_pipeline::by_hand::Refused| BlobRefusal {
        content_id: refused.content_id.to_string(),
        why: refused.why,
    };
    StreamAnswer {
        stream: key.stream.to_string(),
        reopened: done.reopened,
        hastened: done.hastened,
        was_waiting: done.was_waiting,
        listed_again: done.again.into_iter().map(period).collect(),
        lost: done.lost.map(period),
        horizon: done.horizon.map(|at| at.to_string()),
        refused: done.refused.into_iter().map(refusal).collect(),
        refused_blobs: done.refused_blobs,
    }
}
