//! What the journal costs: 800 blobs of 500 records through `commit_blob`, then read back by one output.
//!
//! `cargo run --release -p trailhound-journal --example throughput`: CPU seconds are the whole process's,
//! from `/proc/self/stat`, without the making of the records.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};
use trailhound_env::{Clock, Entropy, SeededEntropy, SystemClock};
use trailhound_journal::{BlobCommit, Journal, JournalConfig, SqliteJournal};
use trailhound_model::{
    ContentHash, ContentId, InstanceName, NewChunk, RecordEntry, RecordId, Seq, StreamKey, StreamName,
};

const BLOBS: usize = 800;
const RECORDS_PER_BLOB: usize = 500;
const COMMITTERS: usize = 4;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let entropy = SeededEntropy::new(1);
    let chunks = (0..BLOBS).map(|_| blob_of_records(&entropy)).collect::<Result<Vec<_>, _>>()?;
    let raw_bytes: usize = chunks.iter().map(|chunk| chunk.raw.len()).sum();
    let folder = tempfile::tempdir()?;
    let clock = Arc::new(SystemClock::default());
    let open =
        || SqliteJournal::open(JournalConfig::new(folder.path()), Arc::clone(&clock) as Arc<dyn Clock>);

    let journal = Arc::new(open()?);
    let meter = Meter::start(&clock)?;
    commit_all(&journal, chunks, &clock).await?;
    meter.report("commit", raw_bytes)?;
    drop(journal);

    let meter = Meter::start(&clock)?;
    let journal = open()?;
    meter.report("open again, deriving the duplicate index", raw_bytes)?;

    let meter = Meter::start(&clock)?;
    let mut after = Seq(0);
    while let Some(last) = journal.read(after, 8 << 20).await?.last() {
        after = last.seq;
    }
    meter.report("read from the disk", raw_bytes)?;
    Ok(())
}

async fn commit_all(
    journal: &Arc<SqliteJournal>,
    chunks: Vec<NewChunk>,
    clock: &Arc<SystemClock>,
) -> Result<(), Failure> {
    let key = StreamKey { instance: InstanceName::new("bench")?, stream: StreamName::new("Audit.General")? };
    let stream = journal.register(&key).await?;
    let chunks = Arc::new(std::sync::Mutex::new(chunks.into_iter().enumerate()));
    let tasks: Vec<_> = (0..COMMITTERS)
        .map(|_| {
            let (journal, chunks, clock) = (Arc::clone(journal), Arc::clone(&chunks), Arc::clone(clock));
            tokio::spawn(async move {
                loop {
                    let next = chunks.lock().ok().and_then(|mut chunks| chunks.next());
                    let Some((number, chunk)) = next else { return Ok::<(), Failure>(()) };
                    let content_id = ContentId::new(&format!("20261120$audit_general$na{number:06}"));
                    let (created, at) = (clock.now(), clock.now());
                    let chunks = vec![chunk];
                    let blob = BlobCommit { stream, content_id, created, chunks, staged_chunks: 0, at };
                    journal.commit_blob(blob).await?;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// Records of about 1 KB that compress about as well as real ones.
fn blob_of_records(entropy: &SeededEntropy) -> Result<NewChunk, Failure> {
    let (mut raw, mut entries) = (vec![b'['], Vec::with_capacity(RECORDS_PER_BLOB));
    for number in 0..RECORDS_PER_BLOB {
        if number > 0 {
            raw.push(b',');
        }
        let (id, offset) = (entropy.uuid(), raw.len());
        write!(
            raw,
            r#"{{"CreationTime":"2026-11-20T10:{:02}:{:02}","Id":"{id}","Operation":"FileAccessed","RecordType":6,"UserKey":"{:016x}@example.com","Pad":"{}","SourceFileName":"{}"}}"#,
            number % 60,
            number % 59,
            entropy.next_u64() % 5_000,
            "https://contoso.sharepoint.com/sites/finance/Shared Documents/".repeat(11),
            entropy.uuid(),
        )?;
        entries.push(RecordEntry {
            offset: u32::try_from(offset)?,
            length: u32::try_from(raw.len() - offset)?,
            id: RecordId::from_text(&id),
            hash: ContentHash::of(&raw[offset..]),
        });
    }
    raw.push(b']');
    let mut gzip = GzEncoder::new(Vec::new(), Compression::new(6));
    gzip.write_all(&raw)?;
    Ok(NewChunk { raw: raw.into(), gzip: Some(gzip.finish()?.into()), entries })
}

struct Meter {
    clock: Arc<SystemClock>,
    wall: Duration,
    cpu: Duration,
}

impl Meter {
    fn start(clock: &Arc<SystemClock>) -> Result<Self, Failure> {
        Ok(Self { clock: Arc::clone(clock), wall: clock.monotonic(), cpu: cpu_time()? })
    }

    fn report(self, what: &str, raw_bytes: usize) -> Result<(), Failure> {
        let wall = self.clock.monotonic().saturating_sub(self.wall).as_secs_f64();
        let cpu = cpu_time()?.saturating_sub(self.cpu).as_secs_f64();
        let mb = raw_bytes as f64 / 1e6;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{what}: {mb:.0} MB raw, {wall:.2} s, {:.0} MB/s, {cpu:.2} CPU-s", mb / wall)?;
        Ok(())
    }
}

/// User and system time of this process. Fields 14 and 15 of `stat`, in ticks of 10 ms.
fn cpu_time() -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').ok_or("no name")?.1;
    let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(Duration::from_millis(ticks.sum::<Result<u64, _>>()? * 10))
}
