use std::collections::BTreeSet;
use std::sync::Mutex;

use trailhound_model::*;
use trailhound_pipeline::imbalance;
use trailhound_pipeline::wire::Mode;

use crate::world::*;

const ONCE: Mode = Mode::Once { since: None, until: None };

fn scripted(
    blobs: Vec<(Blob, Vec<String>, Script)>,
    down: Option<Span>,
) -> impl FnOnce(std::sync::Arc<dyn trailhound_env::Clock>) -> Scripted {
    move |clock| Scripted { clock, blobs, down, fetches: Mutex::default(), starts: Mutex::default() }
}

/// Every record of the given blobs, each once, nothing else.
fn assert_complete(outcome: &Outcome, blobs: &[(Blob, Vec<String>, Script)]) {
    let expected: BTreeSet<&String> = blobs.iter().flat_map(|(_, records, _)| records).collect();
    let got: BTreeSet<&String> = outcome.lines.iter().collect();
    assert_eq!(got, expected);
    assert_eq!(outcome.lines.len(), expected.len(), "something came twice");
    assert_eq!(outcome.reports.iter().filter_map(imbalance).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_single_collection_takes_everything_once_over_many_pages() {
    let mut blobs = history(72, |_| Script::Serve);
    let repeated = blobs[3].1[0].clone();
    blobs[200].1.push(repeated); // the same record in a later blob
    let outcome = play(ONCE, None, 0, scripted(blobs.clone(), None));
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    assert_complete(&outcome, &blobs);
    assert_eq!(outcome.readers_left, 0, "a removed output keeps its place for ever");
    let status = outcome.board.snapshot().streams[&key()].clone();
    assert_eq!((status.listed_blobs, status.fetched_blobs), (288, 288));
    assert_eq!((status.records.fetched, status.records.duplicates), (865, 1));
    assert!(status.finished && status.pages > 40);
}

#[test]
fn a_blob_that_fails_for_ever_becomes_a_gap_row_and_the_rest_goes_on() {
    let blobs = history(24, |n| match n {
        40 => Script::FailForEver,
        50 => Script::FailFirst(3),
        60 => Script::PanicFirst,
        _ => Script::Serve,
    });
    let outcome = play(ONCE, None, 0, scripted(blobs.clone(), None));
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    let [gap] = &outcome.reports[0].gaps[..] else { panic!("{:?}", outcome.reports[0].gaps) };
    assert_eq!(gap.content_id, Some(ContentId::new("blob-40")));
    assert!(matches!(&gap.reason, GapReason::Poison(why) if why.contains("HTTP 500")), "{}", gap.reason);
    let good: Vec<_> = blobs.into_iter().filter(|(_, _, script)| *script != Script::FailForEver).collect();
    assert_complete(&outcome, &good);
}

#[test]
fn three_days_without_microsoft_lose_nothing_and_blame_no_blob() {
    let blobs = history(30, |_| Script::Serve);
    let down = Span::new(START + seconds(2), START + days(3));
    let outcome = play(Mode::Follow, Some(days(3) + hours(2)), 0, scripted(blobs.clone(), down));
    assert_complete(&outcome, &blobs);
    assert!(outcome.reports[0].gaps.is_empty(), "{:?}", outcome.reports[0].gaps);
}

#[test]
fn an_output_that_fails_for_a_while_gets_everything_once_in_the_end() {
    let blobs = history(12, |_| Script::Serve);
    let outcome = play(Mode::Follow, Some(hours(2)), 9, scripted(blobs.clone(), None));
    assert_complete(&outcome, &blobs);
}

#[test]
fn a_single_collection_says_which_output_it_could_not_fill() {
    let blobs = history(2, |_| Script::Serve);
    let outcome = play(ONCE, None, 1000, scripted(blobs, None));
    let [failure] = &outcome.failures[..] else { panic!("{:?}", outcome.failures) };
    assert_eq!((failure.what.as_str(), failure.hint.as_str()), ("write", "wait"));
}

#[test]
fn equal_worlds_end_equal() {
    let run = || {
        let blobs = history(24, |n| if n % 9 == 0 { Script::FailFirst(2) } else { Script::Serve });
        play(ONCE, None, 2, scripted(blobs, None)).lines
    };
    assert_eq!(run(), run());
}
