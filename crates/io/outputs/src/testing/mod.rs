//! The behaviour suite: what every output must do, run against a receiver that can be cut off at any moment.
//!
//! An output's tests implement [`TestBed`] and call [`behaves`]; nothing in the suite knows which output it is.

mod chunks;
mod fn_output;
mod runner;
mod sim_disk;

use std::collections::BTreeMap;

use trailhound_model::{JournalChunk, StreamKey, Timestamp};

use crate::Output;

pub use chunks::{chunk, key};
pub use fn_output::{FnOutput, all_accepted};
pub use runner::{Crash, Runner};
pub use sim_disk::SimDisk;

/// The receiver's side of an output under test.
pub trait TestBed {
    /// The output as a fresh process would make it.
    fn start(&mut self) -> Box<dyn Output>;

    /// Every record that the receiver has, in its order, by stream.
    fn received(&mut self) -> BTreeMap<StreamKey, Vec<Vec<u8>>>;

    /// From now on `steps` more operations succeed, then all fail. `false`: this receiver cannot be cut off.
    fn fail_after(&mut self, steps: u64) -> bool;

    /// The machine loses power: what was not durable may be gone or torn. Operations work again after it.
    fn lose_power(&mut self);
}

/// Upper bound on operations that one batch of the suite may need; keeps a broken output from looping.
const MAX_STEPS: u64 = 2_000;

/// Runs the whole suite. `make` gives a fresh receiver each time.
///
/// # Panics
/// When the output breaks its contract.
pub async fn behaves<B: TestBed>(mut make: impl FnMut() -> B) {
    keeps_order_and_skips_duplicates(make()).await;
    takes_empty_batches(make()).await;
    takes_large_records(make()).await;
    goes_on_after_every_restart(make()).await;
    for crash in [Crash::BeforePrepare, Crash::BeforeIntent, Crash::BeforeDeliver, Crash::BeforeReceipt] {
        for at_batch in 0..batches().len() {
            survives(make(), at_batch, crash).await;
        }
    }
    for at_batch in 0..batches().len() {
        for steps in 0.. {
            assert!(steps < MAX_STEPS, "a small batch took more than {MAX_STEPS} operations");
            if survives(make(), at_batch, Crash::InDeliver { after_steps: steps }).await {
                break;
            }
        }
    }
    a_failure_without_crash_is_made_good(make()).await;
}

/// An instant at which the suite's batches are delivered.
pub fn now() -> Timestamp {
    Timestamp::from_millis(1_795_190_400_000)
}

/// Three batches over three streams, with duplicates, revisions and line breaks.
fn batches() -> Vec<Vec<JournalChunk>> {
    let streams =
        [key("contoso", "Audit.Exchange"), key("contoso", "Audit.General"), key("fabrikam", "DLP.All")];
    vec![
        vec![chunk(1, &streams[0], &["n:{\"a\":1}", "d:{\"dup\":1}", "n:{\"a\":2}"])],
        vec![
            chunk(2, &streams[1], &["n:{\"b\":1}"]),
            chunk(3, &streams[0], &["r:{\"a\":1,\"revised\":true}", "n:{\"a\":3}"]),
            chunk(4, &streams[1], &["n:{\"b\": [ 2 ]}", "d:{\"dup\":2}"]),
        ],
        vec![
            chunk(5, &streams[2], &["n:{\"c\":\"x y\"}"]),
            chunk(6, &streams[1], &["d:{\"dup\":3}"]),
            chunk(7, &streams[0], &["n:{\"a\":4}"]),
        ],
    ]
}

/// What the receiver must have after `batches`, by stream.
fn expected(batches: &[Vec<JournalChunk>]) -> BTreeMap<StreamKey, Vec<Vec<u8>>> {
    let mut all: BTreeMap<StreamKey, Vec<Vec<u8>>> = BTreeMap::new();
    for chunk in batches.iter().flatten() {
        let records = chunk.deliverable().map(|(_, _, raw)| raw.to_vec());
        all.entry(chunk.key.clone()).or_default().extend(records);
    }
    all.retain(|_, records| !records.is_empty());
    all
}

async fn keeps_order_and_skips_duplicates(mut bed: impl TestBed) {
    let mut runner = Runner::start(&mut bed).await;
    for batch in &batches() {
        runner.run(batch, now()).await.expect("a working receiver takes every batch");
    }
    assert_eq!(bed.received(), expected(&batches()), "every record once, in order, without duplicates");
    assert_eq!(runner.counts.delivered, 8, "the counts tell what was delivered");
    assert_eq!(runner.counts.done(), runner.counts.delivered);
}

async fn takes_empty_batches(mut bed: impl TestBed) {
    let mut runner = Runner::start(&mut bed).await;
    let only_duplicates = vec![chunk(1, &key("contoso", "Audit.General"), &["d:{}"])];
    runner.run(&[], now()).await.expect("an empty batch is fine");
    runner.run(&only_duplicates, now()).await.expect("a batch without deliverable records is fine");
    assert_eq!(bed.received(), BTreeMap::new());
}

async fn takes_large_records(mut bed: impl TestBed) {
    let mut runner = Runner::start(&mut bed).await;
    let large = format!("n:{{\"large\":\"{}\"}}", "x".repeat(3 << 20));
    let middle = format!("n:{{\"middle\":\"{}\"}}", "y".repeat(700 << 10));
    let batch = vec![chunk(1, &key("contoso", "Audit.General"), &[&middle, &middle, "n:{}", &large, "n:{}"])];
    runner.run(&batch, now()).await.expect("large records are fine");
    assert!(bed.received() == expected(&[batch]), "large records arrive whole");
}

async fn goes_on_after_every_restart(mut bed: impl TestBed) {
    let mut runner = Runner::start(&mut bed).await;
    for batch in &batches() {
        runner.run(batch, now()).await.expect("a working receiver takes every batch");
        runner.restart(&mut bed).await;
    }
    assert_eq!(bed.received(), expected(&batches()));
}

/// Delivers all batches with one crash. Returns whether the crash never came (the batch was through before).
async fn survives(mut bed: impl TestBed, at_batch: usize, crash: Crash) -> bool {
    let mut runner = Runner::start(&mut bed).await;
    let exactly_once = runner.exactly_once();
    let mut unharmed = false;
    for (at, batch) in batches().iter().enumerate() {
        if at == at_batch {
            unharmed = runner.run_into(crash, batch, now(), &mut bed).await;
            bed.lose_power();
            runner.restart(&mut bed).await;
        }
        if at != at_batch || !unharmed {
            runner.run(batch, now()).await.expect("after a crash it goes on");
        }
    }
    let (received, expected) = (bed.received(), expected(&batches()));
    if exactly_once {
        assert_eq!(received, expected, "exactly once after {crash:?} in batch {at_batch}");
    } else {
        assert_at_least_once(&received, &expected);
    }
    unharmed
}

async fn a_failure_without_crash_is_made_good(mut bed: impl TestBed) {
    if !bed.fail_after(u64::MAX) {
        return;
    }
    let mut runner = Runner::start(&mut bed).await;
    let exactly_once = runner.exactly_once();
    for batch in &batches() {
        for steps in 0..MAX_STEPS {
            bed.fail_after(steps);
            let accepted = runner.attempt(batch, now()).await.is_ok();
            bed.fail_after(u64::MAX);
            if accepted {
                assert!(steps > 0, "nothing can be accepted by a receiver that fails at once");
                break;
            }
            runner.recover().await;
        }
    }
    if exactly_once {
        assert_eq!(bed.received(), expected(&batches()), "exactly once after failed deliveries");
    } else {
        assert_at_least_once(&bed.received(), &expected(&batches()));
    }
}

fn assert_at_least_once(
    received: &BTreeMap<StreamKey, Vec<Vec<u8>>>,
    expected: &BTreeMap<StreamKey, Vec<Vec<u8>>>,
) {
    for (key, records) in expected {
        let have = received.get(key).map_or(&[][..], Vec::as_slice);
        for record in records {
            assert!(have.contains(record), "a record of {key} is missing");
        }
    }
}
