use proptest::prelude::*;
use trailhound_ledger::{FairQueue, Lane};

#[test]
fn live_goes_first_and_the_backlog_has_its_quarter() {
    let mut queue = FairQueue::default();
    for n in 0..8 {
        queue.push(1, Lane::Back, ("back", n));
    }
    for n in 0..6 {
        queue.push(2, Lane::Live, ("live", n));
    }
    assert_eq!((queue.waiting(Lane::Live), queue.waiting(Lane::Back)), (6, 8));
    let order: Vec<&str> = std::iter::from_fn(|| queue.pop()).map(|(lane, _)| lane).collect();
    let expected = ["live", "live", "live", "back", "live", "live", "live", "back", "back", "back"];
    assert_eq!(&order[..10], expected);
    assert!(queue.is_empty());
}

#[test]
fn a_stream_with_a_hundred_thousand_blobs_does_not_delay_the_poll_of_another() {
    let mut queue = FairQueue::default();
    for n in 0..100_000 {
        queue.push(1, Lane::Live, n);
    }
    queue.pop();
    queue.push(2, Lane::Live, 999_999);
    assert_eq!(queue.pop(), Some(1));
    assert_eq!(queue.pop(), Some(999_999));
    assert_eq!(queue.pop(), Some(2));
}

proptest! {
    /// Everybody comes out once, in the order of arrival within stream and lane, and nobody waits longer than
    /// the turns of the others.
    #[test]
    fn nobody_is_forgotten_or_overtaken(pushes in proptest::collection::vec((0u32..6, any::<bool>(), 0usize..4), 0..200)) {
        let mut queue = FairQueue::default();
        let (mut popped, mut pushed) = (Vec::new(), 0usize);
        for (stream, live, pops) in pushes {
            queue.push(stream, if live { Lane::Live } else { Lane::Back }, (stream, live, pushed));
            pushed += 1;
            popped.extend((0..pops).filter_map(|_| queue.pop()));
        }
        popped.extend(std::iter::from_fn(|| queue.pop()));
        prop_assert_eq!(popped.len(), pushed);
        prop_assert!(queue.is_empty());
        for stream in 0..6 {
            for live in [false, true] {
                let own: Vec<usize> = popped.iter().filter(|p| (p.0, p.1) == (stream, live)).map(|p| p.2).collect();
                prop_assert!(own.is_sorted(), "{own:?}");
            }
        }
    }
}
