//! How fast blobs are decoded: made-up records of about 1.3 KB, 4,000 to a blob, gzipped.
//!
//! `cargo run --release -p trailhound-microsoft --example decode [DECOMPRESSED_MB]`

use std::fmt::Write as _;
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use trailhound_env::{Clock, SystemClock};
use trailhound_microsoft::BlobDecoder;

/// What a network read brings at a time, in bytes.
const READ_BYTES: usize = 16 << 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let megabytes: u64 = std::env::args().nth(1).map_or(Ok(520), |text| text.parse())?;
    let clock = SystemClock::default();
    for records_per_blob in [500, 4_000, 40_000] {
        let raw = blob(records_per_blob)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&raw)?;
        let wire = Bytes::from(encoder.finish()?);
        let rounds = (megabytes * 1_000_000 / raw.len() as u64).max(1);
        for gzip in [true, false] {
            let body = if gzip { wire.clone() } else { Bytes::from(raw.clone()) };
            let start = (clock.monotonic(), cpu_seconds());
            let (mut bytes, mut records) = (0, 0);
            for _ in 0..rounds {
                let (decoded, found) = decode(&body, gzip)?;
                bytes += decoded;
                records += found;
            }
            let wall = clock.monotonic().saturating_sub(start.0).as_secs_f64();
            let seconds = cpu_seconds().zip(start.1).map_or(wall, |(now, then)| now - then);
            println!(
                "{records_per_blob} records a blob, gzip {gzip} ({:.1}:1): {:.0} MB, {records} records in \
                 {seconds:.2} CPU seconds ({wall:.2} s) = {:.0} MB/s",
                raw.len() as f64 / wire.len() as f64,
                bytes as f64 / 1e6,
                bytes as f64 / 1e6 / seconds,
            );
        }
    }
    Ok(())
}

/// Processor time of this thread, where the system tells it (Linux): other work then does not count.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

fn decode(body: &Bytes, gzip: bool) -> Result<(u64, usize), Box<dyn std::error::Error>> {
    let mut decoder = BlobDecoder::new(gzip);
    let mut records = 0;
    for at in (0..body.len()).step_by(READ_BYTES) {
        let chunks = decoder.push(body.slice(at..body.len().min(at + READ_BYTES)))?;
        records += chunks.iter().map(|chunk| chunk.entries.len()).sum::<usize>();
    }
    let bytes = decoder.raw_bytes();
    records += decoder.finish()?.map_or(0, |chunk| chunk.entries.len());
    Ok((bytes, records))
}

/// Records shaped like those of the directory: bags of names and values, JSON inside strings.
fn blob(records: u64) -> Result<Vec<u8>, std::fmt::Error> {
    let mut text = String::from("[");
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 16
    };
    for n in 0..records {
        let (a, b, c) = (next(), next(), next());
        write!(
            text,
            "{}{{\"CreationTime\":\"2026-11-20T16:{:02}:{:02}\",\"Id\":\"{:08x}-{:04x}-4{:03x}-a000-{b:012x}\",\
             \"Operation\":\"UserLoggedIn\",\"OrganizationId\":\"11111111-2222-3333-4444-555555555555\",\
             \"RecordType\":15,\"ResultStatus\":\"Success\",\"UserKey\":\"{a:016x}\",\"UserType\":0,\"Version\":1,\
             \"Workload\":\"AzureActiveDirectory\",\"ClientIP\":\"203.0.{}.{}\",\"ObjectId\":\"{c:012x}\",\
             \"UserId\":\"user{}@contoso.example\",\"AzureActiveDirectoryEventType\":1,\"ExtendedProperties\":[\
             {{\"Name\":\"ResultStatusDetail\",\"Value\":\"Success\"}},{{\"Name\":\"UserAgent\",\"Value\":\"Mozilla/5.0 \
             (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36\"}},\
             {{\"Name\":\"additionalDetails\",\"Value\":\"{{\\\"k\\\":\\\"{b:x}\\\",\\\"n\\\":[1,2,3]}}\"}}],\
             \"ModifiedProperties\":[],\"Actor\":[{{\"ID\":\"{a:012x}\",\"Type\":0}},{{\"ID\":\"user@contoso.example\",\
             \"Type\":5}}],\"ActorContextId\":\"11111111-2222-3333-4444-555555555555\",\"ActorIpAddress\":\"203.0.113.7\",\
             \"InterSystemsId\":\"{c:016x}\",\"IntraSystemId\":\"{b:016x}\",\"SupportTicketId\":\"\",\"Target\":[{{\"ID\":\
             \"{a:x}\",\"Type\":0}}],\"TargetContextId\":\"11111111-2222-3333-4444-555555555555\",\"ApplicationId\":\
             \"{c:x}\",\"DeviceProperties\":[{{\"Name\":\"OS\",\"Value\":\"Windows10\"}},{{\"Name\":\"BrowserType\",\"Value\":\
             \"Chrome\"}},{{\"Name\":\"IsCompliantAndManaged\",\"Value\":\"False\"}}],\"ErrorNumber\":\"0\"}}",
            if n > 0 { "," } else { "" },
            n % 60,
            a % 60,
            a & 0xffff_ffff,
            b & 0xffff,
            c & 0xfff,
            a % 256,
            b % 256,
            c % 5_000,
            a % 40 + 90,
        )?;
    }
    text.push(']');
    Ok(text.into_bytes())
}
