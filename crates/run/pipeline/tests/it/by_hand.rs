//! Orders by hand: to a running pipeline and to a journal that nobody drives.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use trailhound_env::{Clock, VirtualClock};
use trailhound_journal::{Journal, JournalConfig, Mode as JournalMode, SqliteJournal};
use trailhound_ledger::{BudgetLimits, Limits};
use trailhound_model::*;
use trailhound_pipeline::Stop;
use trailhound_pipeline::board::Board;
use trailhound_pipeline::by_hand::{CHANGE_PREFIX, Change, Controls, Done, Order, Wish};
use trailhound_pipeline::wire::{Instance, Mode, Plant, run};

use crate::world::*;

/// A pipeline that follows in virtual time, and the way to it.
struct World {
    clock: Arc<dyn Clock>,
    journal: Arc<dyn Journal>,
    controls: Controls,
    source: Arc<Scripted>,
    folder: tempfile::TempDir,
}

impl World {
    fn new(blobs: Vec<(Blob, Vec<String>, Script)>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(START));
        let folder = tempfile::tempdir().unwrap();
        let settings =
            JournalConfig { mode: JournalMode::Inline, ..JournalConfig::new(folder.path().join("data")) };
        let journal: Arc<dyn Journal> = Arc::new(SqliteJournal::open(settings, Arc::clone(&clock)).unwrap());
        let source = Arc::new(Scripted {
            clock: Arc::clone(&clock),
            blobs,
            down: None,
            fetches: Mutex::default(),
            starts: Mutex::default(),
        });
        Self { clock, journal, controls: Controls::default(), source, folder }
    }

    /// Starts the pipeline; answers how to stop it.
    fn follow(&self) -> (Stop, tokio::task::JoinHandle<()>) {
        let plant = Plant {
            journal: Arc::clone(&self.journal),
            clock: Arc::clone(&self.clock),
            entropy: Arc::new(trailhound_env::SeededEntropy::new(7)),
            board: Board::new(),
            instances: vec![Instance {
                name: key().instance,
                source: Arc::clone(&self.source) as Arc<dyn trailhound_pipeline::source::Source>,
                streams: vec![stream()],
                start: None,
                poll_every: None,
                budget: BudgetLimits::default(),
                quota: quota(),
            }],
            outputs: Vec::new(),
            limits: Limits::daemon(),
            controls: self.controls.clone(),
        };
        let stop = Stop::new();
        let stopped = stop.clone();
        (
            stop,
            tokio::spawn(
                async move { assert!(run(plant, Mode::Follow, &stopped).await.unwrap().is_empty()) },
            ),
        )
    }

    async fn ask(&self, wish: Wish) -> Done {
        let order = Order { wish, who: "ada (uid 7)".to_owned() };
        let (journal, now) = (self.journal.as_ref(), self.clock.now());
        self.controls.ask(journal, &key(), order, now, &Limits::daemon()).await.unwrap()
    }

    async fn counts(&self) -> BlobCounts {
        self.journal.report().await.unwrap().remove(0).counts.blobs
    }

    async fn pass(&self, time: Duration) {
        self.clock.sleep(time).await;
    }

    async fn change(&self, number: u32) -> Change {
        let (_, text) =
            self.journal.control(&format!("{CHANGE_PREFIX}{number:010}")).await.unwrap().expect("a change");
        serde_json::from_str(&text).unwrap()
    }
}

fn play<F: Future<Output = ()>>(story: impl FnOnce() -> F) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(story());
}

fn retry_all() -> Wish {
    Wish::Retry { blobs: Vec::new() }
}

#[test]
fn blobs_that_were_given_up_are_fetched_when_somebody_asks() {
    play(|| async {
        let fixed = START + hours(8);
        let world =
            World::new(history(24, |n| if n % 40 == 7 { Script::FailUntil(fixed) } else { Script::Serve }));
        let (stop, ended) = world.follow();
        world.pass(hours(9)).await;
        assert_eq!(world.counts().await.gap, 3);

        let done = world.ask(retry_all()).await;
        assert_eq!((done.reopened, done.hastened, done.refused_blobs), (3, 0, 0), "{done:?}");
        world.pass(minutes(1)).await;
        let counts = world.counts().await;
        assert_eq!((counts.gap, counts.pending, counts.journalled), (0, 0, counts.listed));
        assert_eq!(world.ask(retry_all()).await, Done::default(), "nothing is left to do");

        let change = world.change(1).await;
        assert_eq!((change.command.as_str(), change.who.as_str()), ("retry", "ada (uid 7)"));
        assert_eq!((change.reopened, change.finished, change.asked_blobs), (3, true, 0));
        assert_eq!(
            world.journal.control("changes").await.unwrap().unwrap().1,
            "1",
            "an order without effect is none"
        );
        stop.stop();
        ended.await.unwrap();
    });
}

#[test]
fn single_blobs_are_tried_again_and_the_others_told() {
    play(|| async {
        let fixed = START + hours(2);
        let world = World::new(history(6, |n| if n < 2 { Script::FailUntil(fixed) } else { Script::Serve }));
        let (stop, ended) = world.follow();
        world.pass(hours(2)).await;
        let ids = ["blob-0", "blob-5", "blob-none"].map(ContentId::new).to_vec();
        let done = world.ask(Wish::Retry { blobs: ids }).await;
        assert_eq!((done.hastened, done.refused_blobs), (1, 1), "{done:?}");
        assert_eq!(done.refused[0].content_id, ContentId::new("blob-5"));
        assert_eq!(done.unknown, [ContentId::new("blob-none")]);
        world.pass(seconds(30)).await;
        assert_eq!(world.counts().await.pending, 1, "only the one that was asked for was not waited for");
        stop.stop();
        ended.await.unwrap();
    });
}

#[test]
fn a_rewind_finds_what_appeared_behind_the_coverage() {
    play(|| async {
        let late = START + hours(1);
        let world = World::new(history(40, |n| if n == 3 { Script::AppearsAt(late) } else { Script::Serve }));
        let (stop, ended) = world.follow();
        world.pass(hours(1) + minutes(1)).await;
        let before = world.counts().await;
        assert_eq!(before.listed, 159);
        let fetched = world.source.fetches.lock().unwrap().clone();

        let done = world.ask(Wish::Rewind { to: START - hours(50) }).await;
        assert_eq!((done.again.len(), done.lost, done.horizon), (1, None, None), "{done:?}");
        assert_eq!(done.again[0].from, START - hours(50));
        world.pass(minutes(10)).await;
        let after = world.counts().await;
        assert_eq!((after.listed, after.journalled), (160, 160));
        let again: BTreeMap<_, _> = world.source.fetches.lock().unwrap().clone();
        assert!(fetched.iter().all(|(id, times)| again[id] == *times), "a journalled blob was fetched again");
        let report = world.journal.report().await.unwrap().remove(0);
        assert_eq!(report.covered.len(), 1, "listed again without a hole: {:?}", report.covered);
        stop.stop();
        ended.await.unwrap();
    });
}

#[test]
fn a_rewind_beyond_the_reach_says_what_is_lost_and_moves_the_horizon() {
    play(|| async {
        let world = World::new(history(2, |_| Script::Serve));
        let (stop, ended) = world.follow();
        world.pass(days(2)).await;
        let done = world.ask(Wish::Rewind { to: START - days(20) }).await;
        assert_eq!(done.horizon, None, "the horizon lies out of reach already");
        assert_eq!(done.lost.unwrap().from, START - days(20));
        world.pass(hours(1)).await;
        let report = world.journal.report().await.unwrap().remove(0);
        assert_eq!(report.covered.len(), 1, "{:?}", report.covered);
        assert!(report.gaps.is_empty(), "{:?}", report.gaps);
        stop.stop();
        ended.await.unwrap();
    });
}

#[test]
fn a_stream_that_waits_after_a_refusal_tries_at_once() {
    play(|| async {
        let world = World::new(history(3, |_| Script::DeniedUntil(START + hours(3))));
        let (stop, ended) = world.follow();
        world.pass(hours(3) + seconds(1)).await;
        assert_eq!(world.counts().await.journalled, 0);
        let done = world.ask(retry_all()).await;
        assert!(done.was_waiting, "{done:?}");
        world.pass(seconds(20)).await;
        assert_eq!(world.counts().await.journalled, 12);
        assert!(!world.ask(retry_all()).await.was_waiting);
        stop.stop();
        ended.await.unwrap();
    });
}

#[test]
fn without_a_driver_the_journal_is_changed_and_the_next_run_goes_by_it() {
    play(|| async {
        let fixed = START + hours(8);
        let world =
            World::new(history(24, |n| if n == 9 { Script::FailUntil(fixed) } else { Script::Serve }));
        let (stop, ended) = world.follow();
        world.pass(hours(9)).await;
        stop.stop();
        ended.await.unwrap();
        assert_eq!(world.counts().await.gap, 1);

        let done = world.ask(Wish::Rewind { to: START - hours(30) }).await;
        assert_eq!((done.reopened, done.again.len()), (1, 1), "{done:?}");
        let id = world.journal.register(&key()).await.unwrap();
        let facts = world.journal.load(id).await.unwrap();
        assert_eq!(facts.covered.last(), Some(START - hours(30)));
        assert!(facts.pending.contains_key(&ContentId::new("blob-9")));

        let (stop, ended) = world.follow();
        world.pass(minutes(30)).await;
        assert_eq!(world.counts().await.journalled, 96);
        stop.stop();
        ended.await.unwrap();
        drop(world.folder);
    });
}

#[test]
fn orders_between_listings_leave_facts_and_journal_equal() {
    // Each answer compares the two (in debug builds); this makes many, at odd moments.
    play(|| async {
        let world = World::new(history(100, |n| match n % 11 {
            3 => Script::FailFirst(9),
            5 => Script::AppearsAt(START + minutes(n)),
            _ => Script::Serve,
        }));
        let (stop, ended) = world.follow();
        for step in 0..120u64 {
            world.pass(Duration::from_millis(step * 137 % 4_000)).await;
            let to = START - hours(step * 7 % 110);
            world.ask(if step % 3 == 0 { retry_all() } else { Wish::Rewind { to } }).await;
        }
        world.pass(hours(7)).await;
        world.ask(Wish::Rewind { to: START - hours(110) }).await;
        world.pass(hours(1)).await;
        let counts = world.counts().await;
        assert_eq!((counts.listed, counts.journalled), (400, 400), "{counts:?}");
        stop.stop();
        ended.await.unwrap();
    });
}
