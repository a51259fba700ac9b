//! The subscription of a stream: look first, start only what is missing, at most once in 15 minutes.

use std::sync::Arc;

use trailhound_ledger::{Lane, SubscriptionStep, subscription_lost, subscription_step};
use trailhound_model::{Delta, StreamFacts, Timestamp};

use super::context::{JobError, StreamContext};

/// What a look at the subscription ended with. The deltas are durable already.
pub(super) struct Subscribed {
    pub enabled: bool,
    pub look_again: Timestamp,
    pub deltas: Vec<Delta>,
}

/// Looks at the subscription and starts it when it is off. `refused`: a listing has just said that it is off,
/// whatever the list of subscriptions says.
pub(super) async fn subscribe(
    context: Arc<StreamContext>,
    facts: StreamFacts,
    refused: bool,
) -> Result<Subscribed, JobError> {
    context.governor.acquire(Lane::Live).await;
    let listed = context.source.enabled_streams().await?.contains(&context.key.stream);
    let now = context.now();
    match subscription_step(now, &facts, listed && !refused, &context.limits) {
        SubscriptionStep::Enabled { look_again } => {
            let deltas = durable(&context, vec![Delta::Subscribed { at: now }]).await?;
            Ok(Subscribed { enabled: true, look_again, deltas })
        }
        SubscriptionStep::Wait(until) => {
            tracing::info!(stream = %context.key, %until, "the subscription is off; it can be started again later");
            Ok(Subscribed { enabled: listed, look_again: until, deltas: Vec::new() })
        }
        SubscriptionStep::Start => start(&context, &facts, now).await,
    }
}

async fn start(context: &StreamContext, facts: &StreamFacts, now: Timestamp) -> Result<Subscribed, JobError> {
    // Durable before it is sent, so that a crash cannot make it two in 15 minutes.
    let mut deltas = vec![Delta::StartSent { at: now }];
    deltas.extend(subscription_lost(now, facts));
    let mut deltas = durable(context, deltas).await?;
    context.governor.acquire(Lane::Live).await;
    context.source.start(&context.key.stream).await?;
    tracing::info!(stream = %context.key, "subscription started");
    deltas.extend(durable(context, vec![Delta::Subscribed { at: context.now() }]).await?);
    let look_again = context.now() + context.limits.subscriptions_every;
    Ok(Subscribed { enabled: true, look_again, deltas })
}

async fn durable(context: &StreamContext, deltas: Vec<Delta>) -> Result<Vec<Delta>, JobError> {
    context.record(deltas.clone()).await?;
    Ok(deltas)
}
