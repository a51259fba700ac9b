//! What is done to a journal, step by step. Every step may be repeated when its end is unknown.

use trailhound_journal::{Journal, JournalError, Receipt, SqliteJournal, StreamId};
use trailhound_model::{
    DeliveryCounts, Delta, Gap, GapReason, NewChunk, OutputName, Seq, Span, Timestamp, hours,
};

use crate::support::{blob, chunk, commit_of, day, id, key};

/// One step. A step is one call, or calls of which only the last one is visible.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Registers stream `s1`, `s2`, ... by number.
    Register(u32),
    OpenReader(&'static str),
    /// A page of a listing names these blobs, and the hour is covered.
    Listed {
        stream: u32,
        blobs: Vec<u64>,
    },
    /// A blob; its first chunks are staged.
    Commit {
        stream: u32,
        blob: u64,
        chunks: Vec<Vec<(u128, String)>>,
        staged: usize,
    },
    /// A fetch that breaks off.
    StageOnly {
        stream: u32,
        blob: u64,
        chunks: u32,
        seed: u64,
    },
    Gap {
        stream: u32,
        blob: u64,
    },
    /// The reader has all but the newest `behind` chunks.
    Receipt {
        reader: &'static str,
        behind: u64,
    },
    DropReader(&'static str),
    Control {
        key: &'static str,
        value: u64,
    },
    Forget(Timestamp),
    /// Closes the journal in good order and opens it again; the player does it.
    Restart,
}

impl Step {
    /// Runs it; for a commit tells whether the journal had it already.
    pub(crate) async fn run(&self, journal: &SqliteJournal) -> Result<Option<bool>, JournalError> {
        match self {
            Self::Register(number) => {
                let stream = journal.register(&key(&format!("s{number}"))).await?;
                assert_eq!(stream, StreamId(*number));
            }
            Self::OpenReader(name) => drop(journal.open_reader(&output(name)).await?),
            Self::DropReader(name) => journal.drop_reader(&output(name)).await?,
            Self::Listed { stream, blobs } => {
                let found = blobs.iter().map(|&n| blob(&name(n), created(n))).collect();
                let (start, end) = (created(0), created(0) + hours(1));
                let deltas = vec![
                    Delta::Found { blobs: found, at: start },
                    Delta::Listed { span: Span::new(start, end).unwrap(), sweeps: Vec::new(), at: end },
                ];
                journal.record(StreamId(*stream), deltas).await?;
            }
            Self::Commit { stream, blob, chunks, staged } => {
                return commit(journal, StreamId(*stream), *blob, chunks, *staged).await.map(Some);
            }
            Self::StageOnly { stream, blob, chunks, seed } => {
                for number in 0..*chunks {
                    let chunk = chunk(&[(u128::from(*seed), noise(*seed, 20_000).as_str())]);
                    journal.stage(StreamId(*stream), &id(&name(*blob)), number, chunk).await?;
                }
            }
            Self::Gap { stream, blob } => {
                let span =
                    Span::new(created(*blob), created(*blob) + std::time::Duration::from_millis(1)).unwrap();
                let reason = GapReason::Poison("it is no JSON".to_owned());
                let gap = Gap { span, reason, content_id: Some(id(&name(*blob))), at: created(*blob) };
                journal.record(StreamId(*stream), vec![Delta::Gap(gap)]).await?;
            }
            Self::Receipt { reader, behind } => journal.receipt(receipt(journal, reader, *behind)).await?,
            Self::Control { key, value } => {
                let (stored, value) = (journal.control(key).await?, value.to_string());
                if stored.as_ref().is_none_or(|(_, stored)| *stored != value) {
                    let version = stored.map(|(version, _)| version);
                    assert!(journal.set_control(key, version, &value).await?, "nobody else moves it");
                }
            }
            Self::Forget(now) => drop(journal.forget(*now).await?),
            Self::Restart => {}
        }
        Ok(None)
    }
}

/// A little of everything, for cutting at every single point of it.
pub(crate) fn small() -> Vec<Step> {
    let record = |id: u128, content: &str| vec![vec![(id, content.to_owned())]];
    let commit = |stream, blob, chunks, staged| Step::Commit { stream, blob, chunks, staged };
    let noisy =
        |first: u128| (0..3).map(|n| vec![(first + n, noise(7, 20_000)), (1, "a".to_owned())]).collect();
    vec![
        Step::Register(1),
        Step::OpenReader("file"),
        Step::Listed { stream: 1, blobs: vec![1, 2, 3, 4] },
        commit(1, 1, record(1, "a"), 0),
        Step::Control { key: "mode", value: 1 },
        commit(1, 2, noisy(20), 2),
        Step::Receipt { reader: "file", behind: 1 },
        Step::StageOnly { stream: 1, blob: 3, chunks: 2, seed: 5 },
        Step::Restart,
        commit(1, 4, record(1, "other content"), 0),
        Step::Gap { stream: 1, blob: 3 },
        commit(1, 3, vec![vec![(1, "a".to_owned()), (0, "a".to_owned()), (30, "c".to_owned())]], 1),
        Step::Register(2),
        commit(2, 1, record(1, "a"), 0),
        Step::Receipt { reader: "file", behind: 0 },
        Step::Forget(day(3)),
        Step::Control { key: "mode", value: 2 },
        Step::Forget(day(40)),
        commit(1, 9, record(1, "a"), 0),
    ]
}

/// Steps by a seed, over two streams and two readers.
pub(crate) fn random(seed: u64, steps: usize) -> Vec<Step> {
    let mut dice = Dice::new(seed);
    let mut all = vec![Step::Register(1), Step::Register(2), Step::OpenReader("file")];
    while all.len() < steps {
        let stream = u32::try_from(dice.below(2)).unwrap() + 1;
        let blob = dice.below(60);
        all.push(match dice.below(20) {
            0..=8 => {
                let chunks: Vec<_> = (0..=dice.below(3)).map(|_| dice.records()).collect();
                let staged = usize::try_from(dice.below(chunks.len() as u64 + 1)).unwrap();
                Step::Commit { stream, blob, chunks, staged: if dice.below(2) == 0 { staged } else { 0 } }
            }
            9..=10 => Step::Listed { stream, blobs: (0..dice.below(20)).map(|_| dice.below(60)).collect() },
            11 => Step::StageOnly { stream, blob: blob + 100, chunks: 3, seed: dice.below(1 << 40) },
            12..=14 => Step::Receipt { reader: "file", behind: 0 },
            15 => Step::Control { key: "k", value: dice.below(1 << 40) },
            16 => Step::OpenReader("tcp"),
            17 => Step::DropReader("tcp"),
            18 => Step::Forget(day(dice.below(13))),
            _ => Step::Restart,
        });
    }
    all
}

/// Bytes that do not compress, as text.
fn noise(seed: u64, bytes: usize) -> String {
    let mut dice = Dice::new(seed);
    (0..bytes)
        .map(|_| char::from(b'A' + u8::try_from(dice.below(58)).unwrap()))
        .filter(|c| *c != '\\')
        .collect()
}

pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound.max(1)
    }

    /// Few ids, so that there are duplicates and revisions.
    fn records(&mut self) -> Vec<(u128, String)> {
        (0..=self.below(4))
            .map(|_| {
                let bytes = [1, 10, 100, 5_000, 50_000][usize::try_from(self.below(5)).unwrap()];
                (u128::from(self.below(40)), noise(self.below(3), bytes))
            })
            .collect()
    }
}

async fn commit(
    journal: &SqliteJournal,
    stream: StreamId,
    blob: u64,
    chunks: &[Vec<(u128, String)>],
    staged: usize,
) -> Result<bool, JournalError> {
    let mut chunks: Vec<NewChunk> = chunks.iter().map(|records| made(records)).collect();
    let direct = chunks.split_off(staged);
    for (number, chunk) in (0..).zip(chunks) {
        journal.stage(stream, &id(&name(blob)), number, chunk).await?;
    }
    let mut commit = commit_of(stream, &name(blob), created(blob), direct);
    commit.staged_chunks = u32::try_from(staged).unwrap();
    Ok(journal.commit_blob(commit).await?.repeated)
}

fn made(records: &[(u128, String)]) -> NewChunk {
    chunk(&records.iter().map(|(id, content)| (*id, content.as_str())).collect::<Vec<_>>())
}

fn receipt(journal: &SqliteJournal, reader: &str, behind: u64) -> Receipt {
    let position = Seq(journal.newest().borrow().0.saturating_sub(behind));
    let counts = vec![(key("s1"), DeliveryCounts { delivered: position.0, filtered: 0, dead_lettered: 0 })];
    let output_state = Some(format!("at {}", position.0));
    Receipt { reader: output(reader), position, output_state, counts, at: created(0) }
}

fn output(name: &str) -> OutputName {
    OutputName::new(name).unwrap()
}

fn name(blob: u64) -> String {
    format!("blob-{blob}")
}

fn created(blob: u64) -> Timestamp {
    crate::support::at(blob * 1_000)
}
