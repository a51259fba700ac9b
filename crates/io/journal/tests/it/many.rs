//! Calls for many streams at once: each does what so many single calls would, in one durable step.

use trailhound_journal::{Applied, Journal, JournalErrorKind, Mode, StreamId};
use trailhound_model::{Delta, Gap, GapReason, Span, StreamKey, seconds};

use crate::support::{at, blob, day, id, key, open};

const BOTH: [Mode; 2] = [Mode::Threaded, Mode::Inline];

fn keys(count: usize) -> Vec<StreamKey> {
    (0..count).map(|n| key(&format!("stream-{n}"))).collect()
}

fn listed(minute: u64) -> Delta {
    let to = at(60_000 * (minute + 1));
    Delta::Listed { span: Span { from: at(60_000 * minute), to }, sweeps: Vec::new(), at: to }
}

#[tokio::test]
async fn many_streams_are_registered_and_loaded_in_the_order_asked() {
    for mode in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path(), mode);
        let known = journal.register(&key("stream-2")).await.unwrap();
        let ids = journal.register_many(keys(4)).await.unwrap();
        assert_eq!(ids[2], known);
        assert_eq!(journal.register_many(keys(4)).await.unwrap(), ids, "again changes nothing");
        for (number, stream) in ids.iter().enumerate() {
            journal.record(*stream, vec![Delta::Horizon { from: day(number as u64) }]).await.unwrap();
        }
        let backwards: Vec<StreamId> = ids.iter().rev().copied().collect();
        let horizons = journal.load_many(backwards).await.unwrap();
        let horizons: Vec<_> = horizons.into_iter().map(|facts| facts.horizon.unwrap()).collect();
        assert_eq!(horizons, [day(3), day(2), day(1), day(0)]);
    }
}

#[tokio::test]
async fn deltas_of_many_streams_stand_or_fall_together() {
    for mode in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path(), mode);
        let ids = journal.register_many(keys(3)).await.unwrap();
        let found = |name: &str| Delta::Found { blobs: vec![blob(name, at(0))], at: at(5) };
        journal.record(ids[1], vec![found("known")]).await.unwrap();
        let all = vec![
            (ids[0], vec![listed(0)]),
            (ids[1], vec![found("known"), listed(1)]),
            (ids[2], vec![found("fresh")]),
        ];
        let applied = journal.record_many(all.clone()).await.unwrap();
        assert_eq!(
            applied,
            [
                Applied::default(),
                Applied::default(),
                Applied { new_blobs: vec![blob("fresh", at(0))], ..Applied::default() }
            ]
        );
        let facts = journal.load_many(ids.clone()).await.unwrap();
        assert_eq!(facts[1].covered.spans(), [Span { from: at(60_000), to: at(120_000) }]);
        assert!(facts[2].pending.contains_key(&id("fresh")));

        let unknown = vec![(ids[0], vec![listed(7)]), (StreamId(99), vec![listed(0)])];
        let refused = journal.record_many(unknown).await.unwrap_err();
        assert_eq!(refused.kind, JournalErrorKind::Refused);
        assert_eq!(journal.load_many(ids).await.unwrap(), facts, "nothing of the refused call stands");
    }
}

#[tokio::test]
async fn poisoned_blobs_are_found_by_reason_and_age() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), Mode::Threaded);
    let ids = journal.register_many(keys(2)).await.unwrap();
    let gap = |name: &str, created, reason| {
        let span = Span { from: created, to: created + seconds(1) };
        Delta::Gap(Gap { span, reason, content_id: Some(id(name)), at: day(3) })
    };
    let poison = || GapReason::Poison("not JSON".to_owned());
    for (stream, name, created, reason) in [
        (ids[0], "old", day(0), poison()),
        (ids[0], "sick", day(2), poison()),
        (ids[1], "sicker", day(2), poison()),
        (ids[1], "expired", day(2), GapReason::Expired),
    ] {
        let found = Delta::Found { blobs: vec![blob(name, created)], at: created };
        journal.record(stream, vec![found, gap(name, created, reason)]).await.unwrap();
    }
    let whole = Span { from: day(2), to: day(3) };
    let off = Gap { span: whole, reason: GapReason::SubscriptionOff, content_id: None, at: day(3) };
    journal.record(ids[0], vec![Delta::Gap(off)]).await.unwrap();
    let poisoned = journal.poisoned(day(1)).await.unwrap();
    assert_eq!(poisoned, [(ids[0], vec![id("sick")]), (ids[1], vec![id("sicker")])].into());
}
