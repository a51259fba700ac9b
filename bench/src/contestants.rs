//! The two programs, and how each is told to fetch everything.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::ContestArguments;
use crate::certificates::CA_FILE;
use crate::error::BenchError;
use crate::measure::{self, Usage};
use crate::records::Shapes;
use crate::verify;
use crate::workload::Workload;

/// The tenant and the app that the server knows.
pub(crate) const TENANT_ID: &str = "b8d5f0a2-6c1e-4f0b-9f57-2f6a1c3e9d10";
pub(crate) const CLIENT_ID: &str = "4f6d2f7e-58a1-4f3c-a6d4-0c8e7d1b2a93";

/// What both need to know.
pub(crate) struct Arena<'a> {
    /// The bench's folder: certificates, blobs, and room for results.
    pub(crate) folder: &'a Path,
    /// The server's port on 127.0.0.1.
    pub(crate) port: u16,
    /// What is served.
    pub(crate) workload: &'a Workload,
    /// How it is run.
    pub(crate) arguments: &'a ContestArguments,
    /// The collector.
    pub(crate) trailhound: PathBuf,
}

/// Who runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contestant {
    /// `trailhound collect`.
    Trailhound,
    /// `curl --parallel --compressed`.
    Curl,
}

impl Contestant {
    /// Its name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Trailhound => "trailhound collect",
            Self::Curl => "curl",
        }
    }

    /// One run into an empty folder, checked, and the folder removed again.
    pub(crate) fn run(self, arena: &Arena<'_>) -> Result<Usage, BenchError> {
        let folder = arena.folder.join(match self {
            Self::Trailhound => "trailhound",
            Self::Curl => "curl",
        });
        remove(&folder)?;
        let results = folder.join("results");
        std::fs::create_dir_all(&results).map_err(BenchError::file("create", &results))?;
        let stdout = folder.join("stdout");
        let usage = match self {
            Self::Trailhound => {
                let command = collect_command(arena, &folder)?;
                let usage = measure::of(&command, &[(SECRET_VARIABLE, "not-a-secret")], &stdout)?;
                succeeded(self, usage)?;
                verify::collected(self.name(), &results, &stdout, arena.workload)?;
                usage
            }
            Self::Curl => {
                let command = curl_command(arena, &folder)?;
                let usage = measure::of(&command, &[], &stdout)?;
                succeeded(self, usage)?;
                verify::downloaded(self.name(), &results, arena.workload)?;
                usage
            }
        };
        if !arena.arguments.keep {
            remove(&folder)?;
        }
        Ok(usage)
    }
}

/// The server has no quota, and curl keeps none: what is measured is the work, not the waiting. The highest value
/// that the configuration takes.
const NO_QUOTA: u32 = 1_000_000;

const SECRET_VARIABLE: &str = "TRAILHOUND_BENCH_SECRET";

fn succeeded(who: Contestant, usage: Usage) -> Result<(), BenchError> {
    match usage.exit_code {
        Some(0) => Ok(()),
        Some(code) => Err(BenchError::wrong(who.name(), format!("ended with exit code {code}"))),
        None => Err(BenchError::wrong(who.name(), "was ended by a signal")),
    }
}

/// Writes the configuration and names the command.
fn collect_command(arena: &Arena<'_>, folder: &Path) -> Result<Vec<String>, BenchError> {
    let root = format!("https://127.0.0.1:{}", arena.port);
    let streams: Vec<String> = Shapes::streams().map(|stream| format!("{stream:?}")).collect();
    let config = format!(
        "data_dir = {data:?}\n\n\
         [[application]]\n\
         name = \"bench\"\n\
         type = \"office365\"\n\
         tenant_id = \"{TENANT_ID}\"\n\
         client_id = \"{CLIENT_ID}\"\n\
         client_secret = {{ env = \"{SECRET_VARIABLE}\" }}\n\
         streams = [{streams}]\n\
         cloud = \"custom\"\n\
         endpoints = {{ api = \"{root}\", login = \"{root}\" }}\n\
         ca_file = {ca:?}\n\
         requests_per_minute = {NO_QUOTA}\n\n\
         [[output]]\n\
         name = \"raw\"\n\
         type = \"file\"\n\
         path = {path:?}\n\
         format = \"raw\"\n",
        data = text(&folder.join("data")),
        streams = streams.join(", "),
        ca = text(&arena.folder.join(CA_FILE)),
        path = text(&folder.join("results/{application}/{stream}/{date}.ndjson")),
    );
    let file = folder.join("bench.toml");
    std::fs::write(&file, config).map_err(BenchError::file("write", &file))?;
    Ok([&text(&arena.trailhound), "collect", "--config", &text(&file), "--json"].map(str::to_owned).to_vec())
}

/// Writes the list of addresses and names the command.
fn curl_command(arena: &Arena<'_>, folder: &Path) -> Result<Vec<String>, BenchError> {
    let mut list = String::new();
    for blob in &arena.workload.blobs {
        let output = text(&folder.join("results").join(format!("{}.json", blob.content_id)));
        let address = format!(
            "https://127.0.0.1:{}/api/v1.0/{TENANT_ID}/activity/feed/audit/{}",
            arena.port, blob.content_id
        );
        writeln!(list, "url = {address:?}\noutput = {output:?}")
            .map_err(BenchError::setup("write the list for curl"))?;
    }
    let file = folder.join("urls.txt");
    std::fs::write(&file, list).map_err(BenchError::file("write", &file))?;
    let most = arena.arguments.parallel.to_string();
    let (ca, file) = (text(&arena.folder.join(CA_FILE)), text(&file));
    let words = [
        "curl",
        "--no-progress-meter",
        "--fail",
        "--parallel",
        "--parallel-max",
        &most,
        "--compressed",
        "--cacert",
        &ca,
        "--config",
        &file,
    ];
    Ok(words.map(str::to_owned).to_vec())
}

/// A path in words; printed with `{:?}` it is a quoted string of TOML and of curl's alike.
fn text(path: &Path) -> String {
    path.display().to_string()
}

fn remove(folder: &Path) -> Result<(), BenchError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(BenchError::file("remove", folder)(error))
        }
        _ => Ok(()),
    }
}
