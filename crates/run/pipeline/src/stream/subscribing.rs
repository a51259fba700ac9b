//! The subscription of a stream: look first, start only what is missing, at most once in 15 minutes.

use std::sync::Arc;

use tokio::sync::mpsc;
use trailhound_ledger::{SubscriptionStep, apply, subscription_lost, subscription_step};
use trailhound_model::{Delta, StreamFacts, Timestamp};

use super::context::{JobError, StreamContext};
use crate::source::{Reaction, SourceError};

/// What a look at the subscription ended with.
pub(super) struct Subscribed {
    pub enabled: bool,
    pub look_again: Timestamp,
    /// Why the last start failed, when another must wait: what happened, what to do.
    pub(super) last_refusal: Option<(String, String)>,
}

/// Looks at the subscription and starts it when it is off. `refused`: a listing has just said that it is off,
/// whatever the list of subscriptions says. `anew`: an answer that another stream had before will not do.
pub(super) async fn subscribe(
    context: Arc<StreamContext>,
    facts: StreamFacts,
    refused: bool,
    anew: bool,
    driver: mpsc::Sender<Delta>,
) -> Result<Subscribed, JobError> {
    let seen = context.looks.seen(&context, anew || refused).await?;
    let listed = seen.enabled.contains(&context.key.stream);
    let now = context.now();
    match subscription_step(now, &facts, listed && !refused, &context.limits) {
        SubscriptionStep::Enabled { look_again } => {
            // Not now: an administrator may have switched it off since, and a gap row begins where it was seen on.
            context.tell_quietly(Delta::Subscribed { at: seen.at }, &driver).await?;
            Ok(Subscribed { enabled: true, look_again, last_refusal: None })
        }
        SubscriptionStep::Wait(until) => {
            tracing::info!(stream = %context.key, %until, "the subscription is off; it can be started again later");
            let last_refusal = recall(&context).await?;
            Ok(Subscribed { enabled: listed, look_again: until, last_refusal })
        }
        SubscriptionStep::Start => start(&context, facts, &driver).await,
    }
}

async fn start(
    context: &StreamContext,
    mut facts: StreamFacts,
    driver: &mpsc::Sender<Delta>,
) -> Result<Subscribed, JobError> {
    context.governor.start_turn().await;
    let now = context.now();
    // Durable before it is sent, so that a crash cannot make it two in 15 minutes.
    let mut deltas = vec![Delta::StartSent { at: now }];
    deltas.extend(subscription_lost(now, &facts));
    for delta in &deltas {
        apply(&mut facts, delta);
    }
    context.record_and_tell(deltas, driver).await?;
    if let Err(error) = context.source.start(&context.key.stream).await {
        if error.reaction == Reaction::Throttled {
            context.governor.start_refused();
        }
        remember(context, &error).await?;
        return Err(error.into());
    }
    tracing::info!(stream = %context.key, "subscription started");
    // It was still off on the way there, which may be long when a token had to be got first.
    let now = context.now();
    let mut deltas: Vec<Delta> = subscription_lost(now, &facts).into_iter().collect();
    deltas.push(Delta::Subscribed { at: now });
    context.record_and_tell(deltas, driver).await?;
    let look_again = now + context.limits.subscriptions_every;
    Ok(Subscribed { enabled: true, look_again, last_refusal: None })
}

fn refusal_key(context: &StreamContext) -> String {
    format!("start-refused/{}", context.key)
}

/// Keeps why a start failed: for a quarter of an hour nobody may ask again, yet people will want to know.
async fn remember(context: &StreamContext, error: &SourceError) -> Result<(), JobError> {
    let key = refusal_key(context);
    let version = context.journal.control(&key).await?.map(|(version, _)| version);
    context.journal.set_control(&key, version, &format!("{}\n{}", error.what, error.hint)).await?;
    Ok(())
}

async fn recall(context: &StreamContext) -> Result<Option<(String, String)>, JobError> {
    let kept = context.journal.control(&refusal_key(context)).await?;
    Ok(kept
        .and_then(|(_, text)| text.split_once('\n').map(|(what, hint)| (what.to_owned(), hint.to_owned()))))
}
