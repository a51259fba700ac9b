//! A process killed at any moment loses nothing that was acknowledged, and doubles nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use trailhound_journal::{Journal, JournalConfig, Mode, SqliteJournal, StreamId};
use trailhound_model::{NewChunk, RecordId, Seq, promises::blobs_balance};

use crate::support::{START, at, chunk, commit_of, config, id, key, open_at};

const FOLDER_VARIABLE: &str = "TRAILHOUND_TEST_KILL_FOLDER";
const FIRST_VARIABLE: &str = "TRAILHOUND_TEST_KILL_FIRST";
const ROUNDS: u64 = 20;
const TASKS: u64 = 4;

/// So few ids in memory that files of ids are made and merged all the time, and killed in the middle.
fn open(folder: &Path) -> SqliteJournal {
    open_at(JournalConfig { ids_in_memory: 8, ..config(folder, Mode::Threaded) }, START)
}

/// Two records: one of its own, one that the blob before and after have too.
fn records(number: u64) -> NewChunk {
    let padding = "p".repeat(usize::try_from(number % 7).unwrap() * 3_000);
    chunk(&[(u128::from(number) << 1 | 1, padding.as_str()), (u128::from(number / 2 + 1) << 1, "shared")])
}

async fn commit(journal: &SqliteJournal, stream: StreamId, number: u64) -> bool {
    let name = format!("blob-{number}");
    let mut blob = commit_of(stream, &name, at(number), vec![records(number)]);
    if number.is_multiple_of(5) {
        let staged = blob.chunks.remove(0);
        journal.stage(stream, &id(&name), 0, staged).await.unwrap();
        blob.staged_chunks = 1;
    }
    journal.commit_blob(blob).await.unwrap().repeated
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child process of `what_was_acknowledged_survives_being_killed`"]
async fn child_that_commits_until_killed() {
    let folder = std::env::var(FOLDER_VARIABLE).expect("started by the other test");
    let first: u64 = std::env::var(FIRST_VARIABLE).unwrap().parse().unwrap();
    let journal = Arc::new(open(Path::new(&folder)));
    let stream = journal.register(&key("s")).await.unwrap();
    let tasks = (0..TASKS).map(|task| {
        let journal = Arc::clone(&journal);
        tokio::spawn(async move {
            for number in (first + task..).step_by(usize::try_from(TASKS).unwrap()) {
                commit(&journal, stream, number).await;
                let mut out = std::io::stdout().lock();
                writeln!(out, "acknowledged {number}").unwrap();
                out.flush().unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// Runs the child, kills it after it acknowledged `until` blobs, returns which.
fn run_and_kill(folder: &Path, first: u64, until: usize) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::child_that_commits_until_killed", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER_VARIABLE, folder)
        .env(FIRST_VARIABLE, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let number_in =
        |line: String| line.split_once("acknowledged ").and_then(|(_, number)| number.parse::<u64>().ok());
    let mut acknowledged = Vec::new();
    while acknowledged.len() < until {
        let line = lines.next().expect("the child goes on until it is killed").unwrap();
        acknowledged.extend(number_in(line));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died counts too; the last line may be cut.
    acknowledged.extend(lines.map_while(Result::ok).filter_map(number_in));
    acknowledged
}

async fn check(folder: &Path, acknowledged: &BTreeSet<u64>) {
    // The file was not closed in good order: opening runs the integrity check.
    let journal = open(folder);
    let stream = journal.register(&key("s")).await.unwrap();
    let mut chunks_of: BTreeMap<String, u32> = BTreeMap::new();
    let mut delivered: BTreeMap<RecordId, u32> = BTreeMap::new();
    let mut after = Seq(0);
    loop {
        let chunks = journal.read(after, 1 << 20).await.unwrap();
        let Some(last) = chunks.last() else { break };
        after = last.seq;
        for chunk in &chunks {
            *chunks_of.entry(chunk.content_id.to_string()).or_default() += 1;
            for (entry, _, _) in chunk.deliverable() {
                *delivered.entry(entry.id.unwrap()).or_default() += 1;
            }
        }
    }
    assert!(chunks_of.values().all(|&times| times == 1), "a blob is there twice: {chunks_of:?}");
    assert!(delivered.values().all(|&times| times == 1), "a record is delivered twice");
    for number in acknowledged {
        assert!(
            chunks_of.contains_key(&format!("blob-{number}")),
            "blob {number} was acknowledged and is lost"
        );
        assert!(delivered.contains_key(&RecordId(u128::from(*number) << 1 | 1)));
        assert!(delivered.contains_key(&RecordId(u128::from(*number / 2 + 1) << 1)));
        assert!(commit(&journal, stream, *number).await, "known again after the crash");
    }
    let counts = journal.recount(stream).await.unwrap();
    assert!(blobs_balance(&counts));
    assert_eq!(counts.journalled, chunks_of.len() as u64);
    assert_eq!(journal.report().await.unwrap()[0].counts.blobs, counts);
}

#[tokio::test]
async fn what_was_acknowledged_survives_being_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..ROUNDS {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let until = usize::try_from(random % 40).unwrap() + 1;
        // Some blobs of the round before come again: those that were in flight when it was killed.
        let first = acknowledged.last().map_or(0, |last: &u64| last.saturating_sub(3));
        let said = run_and_kill(folder.path(), first, until);
        assert!(said.len() >= until, "round {round}");
        acknowledged.extend(said);
        check(folder.path(), &acknowledged).await;
    }
    let files = std::fs::read_dir(folder.path().join("ids")).unwrap().count();
    assert!((1..=12).contains(&files), "{files} files of ids");
}
