//! Code that panics where a task of its own would end silently: a stream goes on, or the run says so.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::BoxFuture;
use trailhound_model::*;
use trailhound_outputs::Output;
use trailhound_pipeline::board::StreamPhase;
use trailhound_pipeline::imbalance;
use trailhound_pipeline::source::*;
use trailhound_pipeline::wire::{Mode, Place};

use crate::world::*;

/// A source whose clock offset, which the driver itself asks for, panics in the given calls.
struct Dying {
    inner: Scripted,
    calls: AtomicU32,
    die_in: fn(u32) -> bool,
}

impl Source for Dying {
    fn enabled_streams(&self) -> BoxFuture<'_, Result<BTreeSet<StreamName>, SourceError>> {
        self.inner.enabled_streams()
    }
    fn start<'a>(&'a self, stream: &'a StreamName) -> BoxFuture<'a, Result<(), SourceError>> {
        self.inner.start(stream)
    }
    fn list<'a>(
        &'a self,
        stream: &'a StreamName,
        span: Span,
        next: Option<&'a str>,
    ) -> BoxFuture<'a, Result<SourcePage, SourceError>> {
        self.inner.list(stream, span, next)
    }
    fn fetch<'a>(
        &'a self,
        stream: &'a StreamName,
        blob: &'a Blob,
    ) -> BoxFuture<'a, Result<Box<dyn BlobReader>, SourceError>> {
        self.inner.fetch(stream, blob)
    }
    fn clock_offset_millis(&self) -> Option<i64> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(!(self.die_in)(call), "on purpose, in call {call}");
        None
    }
}

fn dying(
    blobs: Vec<(Blob, Vec<String>, Script)>,
    die_in: fn(u32) -> bool,
) -> impl FnOnce(std::sync::Arc<dyn trailhound_env::Clock>) -> Dying {
    move |clock| {
        let inner =
            Scripted { clock, blobs, down: None, fetches: Mutex::default(), starts: Mutex::default() };
        Dying { inner, calls: AtomicU32::default(), die_in }
    }
}

fn records_of(blobs: &[(Blob, Vec<String>, Script)]) -> Vec<String> {
    let mut all: Vec<String> = blobs.iter().flat_map(|(_, records, _)| records.clone()).collect();
    all.sort();
    all
}

#[test]
fn a_single_collection_names_the_stream_whose_driver_died() {
    let once = Mode::Once { since: None, until: None };
    let outcome = play(once, None, 0, dying(history(2, |_| Script::Serve), |call| call == 30));
    let [failure] = &outcome.failures[..] else { panic!("{:?}", outcome.failures) };
    assert_eq!(failure.place, Place::Stream(key()));
    assert!(failure.what.contains("on purpose, in call 30"), "{}", failure.what);
    assert!(failure.hint.contains("report"), "{}", failure.hint);
}

#[test]
fn a_daemon_starts_a_dead_driver_again_and_loses_nothing() {
    let blobs = history(12, |_| Script::Serve);
    let outcome =
        play(Mode::Follow, Some(hours(2)), 0, dying(blobs.clone(), |call| call % 41 == 0 && call < 400));
    let mut lines = outcome.lines.clone();
    lines.sort();
    assert_eq!(lines, records_of(&blobs));
    assert_eq!(outcome.reports.iter().filter_map(imbalance).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_stream_whose_driver_always_dies_is_shown_and_tried_ever_more_rarely() {
    let outcome =
        play(Mode::Follow, Some(hours(3)), 0, dying(history(1, |_| Script::Serve), |call| call > 20));
    let status = &outcome.board.snapshot().streams[&key()];
    assert_eq!(status.phase, StreamPhase::Retrying);
    let (at, what, _) = status.last_error.as_ref().unwrap();
    assert!(what.contains("on purpose"), "{what}");
    assert!(*at > START + hours(2), "it was given up");
    let call: u32 = what
        .split("call ")
        .nth(1)
        .unwrap()
        .trim_end_matches(|c: char| !c.is_ascii_digit())
        .chars()
        .take_while(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .unwrap();
    assert!(call < 60, "3 hours are 10 short waits and then one each 15 minutes, not {call} calls");
}

/// An output that panics in its first deliveries.
fn panicking(deaths: u32) -> impl FnOnce(std::sync::Arc<Mutex<Vec<String>>>) -> Box<dyn Output> {
    move |lines| memory(lines, deaths, || panic!("the output, on purpose"))
}

#[test]
fn an_output_that_panics_is_tried_again_and_a_single_collection_names_it() {
    let blobs = history(4, |_| Script::Serve);
    let never = |_| false;
    let outcome = play_to(Mode::Follow, Some(hours(1)), panicking(3), dying(blobs.clone(), never));
    let mut lines = outcome.lines.clone();
    lines.sort();
    assert_eq!(lines, records_of(&blobs));
    let once = Mode::Once { since: None, until: None };
    let outcome = play_to(once, None, panicking(1000), dying(blobs, never));
    let [failure] = &outcome.failures[..] else { panic!("{:?}", outcome.failures) };
    assert_eq!(failure.place, Place::Output(OutputName::new("memory").unwrap()));
    assert!(failure.what.contains("the output, on purpose"), "{}", failure.what);
}
