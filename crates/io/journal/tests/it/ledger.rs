//! Deltas against a plain model: applying one twice changes nothing (L4), and the sums balance (L5).

use std::collections::BTreeMap;

use proptest::prelude::*;
use trailhound_journal::{Journal, Mode, SqliteJournal, StreamId, StreamReport};
use trailhound_model::{
    BlobCounts, ContentId, Delta, Gap, GapReason, PendingBlob, Span, StreamFacts, SweepTier,
    promises::blobs_balance,
};

use crate::support::{START, at, blob, commit_of, config, id, key, open_at};

/// The state that the deltas describe, kept in plain maps.
#[derive(Clone, Default)]
struct Model {
    facts: StreamFacts,
    known: BTreeMap<ContentId, (PendingBlob, State)>,
    gaps: Vec<Gap>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Pending,
    Journalled,
    Gap,
}

impl Model {
    fn apply(&mut self, delta: &Delta) {
        let facts = &mut self.facts;
        match delta {
            Delta::Horizon { from } => {
                facts.horizon = Some(facts.horizon.map_or(*from, |known| known.min(*from)));
            }
            Delta::Found { blobs, at } => {
                for blob in blobs {
                    let found = PendingBlob::found(blob.clone(), *at);
                    self.known.entry(blob.content_id.clone()).or_insert((found, State::Pending));
                }
                facts.last_success = facts.last_success.max(Some(*at));
            }
            Delta::Listed { span, sweeps, at } => {
                facts.covered.insert(*span);
                for tier in sweeps {
                    let last = facts.sweeps.entry(*tier).or_insert(*at);
                    *last = (*last).max(*at);
                }
                facts.last_success = facts.last_success.max(Some(*at));
            }
            Delta::Journalled { content_id, at, .. } => {
                let found = PendingBlob::found(blob(content_id.as_str(), *at), *at);
                let (_, state) = self.known.entry(content_id.clone()).or_insert((found, State::Pending));
                if *state != State::Journalled {
                    *state = State::Journalled;
                    self.gaps.retain(|gap| gap.content_id.as_ref() != Some(content_id));
                    facts.last_success = facts.last_success.max(Some(*at));
                }
            }
            Delta::Failed { content_id, strike, next_try, error } => {
                if let Some((pending, State::Pending)) = self.known.get_mut(content_id)
                    && pending.next_try < *next_try
                {
                    pending.attempts += 1;
                    pending.strikes += u32::from(*strike);
                    pending.next_try = *next_try;
                    pending.last_error.clone_from(error);
                }
            }
            Delta::Gap(gap) => self.apply_gap(gap),
            Delta::Reopened { content_id, at } => {
                if let Some((pending, state @ State::Gap)) = self.known.get_mut(content_id) {
                    *state = State::Pending;
                    let found_at = pending.found_at;
                    *pending = PendingBlob { found_at, ..PendingBlob::found(pending.blob.clone(), *at) };
                    self.gaps.retain(|gap| gap.content_id.as_ref() != Some(content_id));
                }
            }
            Delta::Hastened { content_id, at } => {
                if let Some((pending, State::Pending)) = self.known.get_mut(content_id) {
                    let found_at = pending.found_at;
                    *pending = PendingBlob { found_at, ..PendingBlob::found(pending.blob.clone(), *at) };
                }
            }
            Delta::Uncovered { span, .. } => {
                facts.covered.remove(*span);
                self.cut_span_gaps(*span);
            }
            Delta::Subscribed { at } => facts.subscribed_at = facts.subscribed_at.max(Some(*at)),
            Delta::StartSent { at } => facts.start_sent_at = facts.start_sent_at.max(Some(*at)),
        }
    }

    fn apply_gap(&mut self, gap: &Gap) {
        let Some(content_id) = &gap.content_id else {
            self.facts.covered.insert(gap.span);
            let is_same = |known: &Gap| {
                known.content_id.is_none() && known.span == gap.span && known.reason == gap.reason
            };
            if !self.gaps.iter().any(is_same) {
                self.gaps.push(gap.clone());
            }
            return;
        };
        if let Some((_, state @ State::Pending)) = self.known.get_mut(content_id) {
            *state = State::Gap;
            self.gaps.push(gap.clone());
        }
    }

    fn cut_span_gaps(&mut self, span: Span) {
        let (cut, mut gaps): (Vec<Gap>, Vec<Gap>) = self.gaps.drain(..).partition(|gap| {
            let is_out_of_reach = gap.content_id.is_none() && gap.reason == GapReason::OlderThanRetention;
            is_out_of_reach && gap.span.intersect(span).is_some()
        });
        let mut cut = cut;
        cut.sort_by_key(|gap| gap.at);
        for gap in cut {
            let outside = [Span::new(gap.span.from, span.from), Span::new(span.to, gap.span.to)];
            for span in outside.into_iter().flatten() {
                if !gaps.iter().any(|known| known.span == span && known.reason == gap.reason) {
                    gaps.push(Gap { span, ..gap.clone() });
                }
            }
        }
        self.gaps = gaps;
    }

    fn facts(&self) -> StreamFacts {
        let pending = self.known.iter().filter(|(_, (_, state))| *state == State::Pending);
        let pending = pending.map(|(id, (pending, _))| (id.clone(), pending.clone())).collect();
        StreamFacts { pending, ..self.facts.clone() }
    }

    fn counts(&self) -> BlobCounts {
        let of = |wanted| self.known.values().filter(|(_, state)| *state == wanted).count() as u64;
        BlobCounts {
            listed: self.known.len() as u64,
            journalled: of(State::Journalled),
            gap: of(State::Gap),
            pending: of(State::Pending),
        }
    }

    fn gaps(&self) -> Vec<Gap> {
        let mut gaps = self.gaps.clone();
        gaps.sort_by_key(|gap| (gap.span, gap.content_id.clone(), gap.reason.word()));
        gaps
    }
}

fn time() -> impl Strategy<Value = u64> {
    0u64..60
}

fn span() -> impl Strategy<Value = Span> {
    (time(), 1u64..15).prop_map(|(from, length)| Span::new(at(from), at(from + length)).unwrap())
}

fn name() -> impl Strategy<Value = ContentId> {
    (0u8..5).prop_map(|number| id(&format!("b{number}")))
}

fn delta() -> impl Strategy<Value = Delta> {
    let found = (proptest::collection::vec(name(), 0..4), time()).prop_map(|(names, now)| Delta::Found {
        blobs: names.iter().map(|name| blob(name.as_str(), at(7))).collect(),
        at: at(now),
    });
    let listed = (span(), proptest::collection::vec(0u8..3, 0..3), time()).prop_map(|(span, tiers, now)| {
        Delta::Listed { span, sweeps: tiers.into_iter().map(SweepTier).collect(), at: at(now) }
    });
    let failed = (name(), any::<bool>(), 0u64..100).prop_map(|(content_id, strike, next)| Delta::Failed {
        content_id,
        strike,
        next_try: at(next),
        error: format!("failure {next}"),
    });
    let blob_gap = (name(), time()).prop_map(|(name, now)| {
        let span = Span::new(at(7), at(8)).unwrap();
        let reason = GapReason::Poison(format!("at {now}"));
        Delta::Gap(Gap { span, reason, content_id: Some(name), at: at(now) })
    });
    let span_gap = (span(), any::<bool>(), time()).prop_map(|(span, was_off, now)| {
        let reason = if was_off { GapReason::SubscriptionOff } else { GapReason::OlderThanRetention };
        Delta::Gap(Gap { span, reason, content_id: None, at: at(now) })
    });
    let uncovered = (span(), time()).prop_map(|(span, now)| Delta::Uncovered { span, at: at(now) });
    prop_oneof![
        1 => time().prop_map(|from| Delta::Horizon { from: at(from) }),
        4 => found,
        2 => listed,
        3 => (name(), time()).prop_map(|(content_id, now)| Delta::Journalled {
            content_id, counts: trailhound_model::RecordCounts::default(), bytes: 0, at: at(now),
        }),
        4 => failed,
        4 => blob_gap,
        2 => span_gap,
        2 => uncovered,
        2 => (name(), time()).prop_map(|(content_id, now)| Delta::Hastened { content_id, at: at(now) }),
        3 => (name(), time()).prop_map(|(content_id, now)| Delta::Reopened { content_id, at: at(now) }),
        1 => time().prop_map(|now| Delta::Subscribed { at: at(now) }),
        1 => time().prop_map(|now| Delta::StartSent { at: at(now) }),
    ]
}

async fn send(journal: &SqliteJournal, stream: StreamId, delta: &Delta) {
    if let Delta::Journalled { content_id, at, .. } = delta {
        journal.commit_blob(commit_of(stream, content_id.as_str(), *at, vec![])).await.unwrap();
    } else {
        journal.record(stream, vec![delta.clone()]).await.unwrap();
    }
}

/// A gap of a blob that was never found is refused; the model leaves such deltas out.
fn is_refused(model: &Model, delta: &Delta) -> bool {
    matches!(delta, Delta::Gap(Gap { content_id: Some(id), .. }) if !model.known.contains_key(id))
}

async fn check(journal: &SqliteJournal, stream: StreamId, model: &Model) -> StreamReport {
    assert_eq!(journal.load(stream).await.unwrap(), model.facts());
    let counts = journal.recount(stream).await.unwrap();
    assert_eq!(counts, model.counts());
    assert!(blobs_balance(&counts), "{counts:?}");
    let report = journal.report().await.unwrap().remove(0);
    assert_eq!(report.counts.blobs, counts, "kept sums and counted ones");
    assert_eq!(report.gaps.len(), model.gaps().len());
    let mut gaps = report.gaps.clone();
    gaps.sort_by_key(|gap| (gap.span, gap.content_id.clone(), gap.reason.word()));
    assert_eq!(gaps, model.gaps());
    report
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn the_rows_say_what_the_deltas_said_and_repeating_changes_nothing(
        deltas in proptest::collection::vec(delta(), 1..25)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let journal = open_at(config(folder.path(), Mode::Inline), START);
            let stream = journal.register(&key("s")).await.unwrap();
            let mut model = Model::default();
            for delta in &deltas {
                if is_refused(&model, delta) {
                    journal.record(stream, vec![delta.clone()]).await.unwrap_err();
                    continue;
                }
                model.apply(delta);
                send(&journal, stream, delta).await;
                check(&journal, stream, &model).await;
                // The same again, at once: as after a call whose end was unknown.
                send(&journal, stream, delta).await;
                check(&journal, stream, &model).await;
            }
            // The whole history again, after a restart.
            drop(journal);
            let journal = open_at(config(folder.path(), Mode::Inline), START);
            check(&journal, stream, &model).await;
            for delta in &deltas {
                if is_refused(&model, delta) {
                    continue;
                }
                model.apply(delta);
                send(&journal, stream, delta).await;
            }
            check(&journal, stream, &model).await;
        });
    }
}

#[tokio::test]
async fn deltas_are_recorded_all_or_none_and_new_blobs_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open_at(config(folder.path(), Mode::Threaded), START);
    let stream = journal.register(&key("s")).await.unwrap();
    let found = |names: &[&str]| Delta::Found {
        blobs: names.iter().map(|name| blob(name, at(0))).collect(),
        at: at(1),
    };
    let applied = journal.record(stream, vec![found(&["a", "b"]), found(&["b", "c"])]).await.unwrap();
    let names: Vec<&str> = applied.new_blobs.iter().map(|blob| blob.content_id.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let journalled = Delta::Journalled {
        content_id: id("a"),
        counts: trailhound_model::RecordCounts::default(),
        bytes: 0,
        at: at(2),
    };
    journal.record(stream, vec![found(&["d"]), journalled]).await.unwrap_err();
    assert_eq!(journal.load(stream).await.unwrap().pending.len(), 3);
    journal.record(StreamId(stream.0 + 1), vec![found(&["d"])]).await.unwrap_err();
}
