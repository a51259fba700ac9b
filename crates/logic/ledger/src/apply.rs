//! Applying deltas to the facts in memory: the mirror of what the journal made durable.

use std::collections::btree_map::Entry;

use trailhound_model::{Blob, Delta, PendingBlob, StreamFacts, Timestamp};

/// Applies one delta. Doing it twice changes nothing (promise L4).
///
/// `Delta::Found` must hold only blobs that the journal called new: the facts do not know journalled ones.
/// `Delta::Reopened` needs the blob itself, which only the journal has: [`reopen`] what it names.
pub fn apply(facts: &mut StreamFacts, delta: &Delta) {
    match delta {
        Delta::Horizon { from } => {
            facts.horizon = Some(facts.horizon.map_or(*from, |known| known.min(*from)));
        }
        Delta::Found { blobs, at } => {
            succeeded(facts, *at);
            for blob in blobs {
                found(facts, blob, *at);
            }
        }
        Delta::Listed { span, sweeps, at } => {
            succeeded(facts, *at);
            facts.covered.insert(*span);
            for tier in sweeps {
                let last = facts.sweeps.entry(*tier).or_insert(*at);
                *last = (*last).max(*at);
            }
        }
        Delta::Journalled { content_id, at, .. } => {
            succeeded(facts, *at);
            facts.pending.remove(content_id);
        }
        Delta::Failed { content_id, strike, next_try, error } => {
            if let Some(pending) = facts.pending.get_mut(content_id)
                && pending.next_try < *next_try
            {
                pending.attempts += 1;
                pending.strikes += u32::from(*strike);
                pending.next_try = *next_try;
                pending.last_error.clone_from(error);
            }
        }
        Delta::Gap(gap) => match &gap.content_id {
            Some(content_id) => drop(facts.pending.remove(content_id)),
            None => facts.covered.insert(gap.span),
        },
        Delta::Reopened { .. } => {}
        Delta::Hastened { content_id, at } => {
            if let Some(pending) = facts.pending.get_mut(content_id) {
                let found = PendingBlob::found(pending.blob.clone(), *at);
                *pending = PendingBlob { found_at: pending.found_at, ..found };
            }
        }
        Delta::Uncovered { span, .. } => facts.covered.remove(*span),
        Delta::Subscribed { at } => {
            facts.subscribed_at = Some(facts.subscribed_at.map_or(*at, |known| known.max(*at)));
        }
        Delta::StartSent { at } => {
            facts.start_sent_at = Some(facts.start_sent_at.map_or(*at, |known| known.max(*at)));
        }
    }
}

/// Applies `Delta::Reopened`: the blobs that the journal said have left their gap rows are pending again.
pub fn reopen(facts: &mut StreamFacts, blobs: impl IntoIterator<Item = PendingBlob>) {
    facts.pending.extend(blobs.into_iter().map(|pending| (pending.blob.content_id.clone(), pending)));
}

fn succeeded(facts: &mut StreamFacts, at: Timestamp) {
    facts.last_success = Some(facts.last_success.map_or(at, |known| known.max(at)));
}

fn found(facts: &mut StreamFacts, blob: &Blob, at: Timestamp) {
    if let Entry::Vacant(vacant) = facts.pending.entry(blob.content_id.clone()) {
        vacant.insert(PendingBlob::found(blob.clone(), at));
    }
}
