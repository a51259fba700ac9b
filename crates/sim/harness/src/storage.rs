//! Where the journal of a run lies: on a simulated disk under the real SQLite.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use trailhound_env::{Clock, Storage};
use trailhound_journal::{JournalConfig, JournalError, Mode, SqliteJournal};
use trailhound_model::hours;
use trailhound_sim_disk::SimDisk;

const DATA_DIR: &str = "/data";
const DATABASE_FILE: &str = "/data/journal.sqlite";

/// Largest journal of an older version that is unpacked, in bytes.
const MAX_UNPACKED_BYTES: u64 = 64 << 20;

/// The journal's disk, and a real folder for small files that the product reads itself.
pub(crate) struct JournalDisk {
    pub(crate) disk: SimDisk,
    scratch: TempDir,
}

impl JournalDisk {
    pub(crate) fn new(seed: u64) -> io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let scratch = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        Ok(Self { disk: SimDisk::new(seed), scratch })
    }

    /// Where secrets lie.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Puts the file of an older version there, as its process left it.
    pub(crate) fn unpack(&self, packed: &Path) -> io::Result<()> {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(packed)?;
        flate2::read::GzDecoder::new(file).take(MAX_UNPACKED_BYTES).read_to_end(&mut bytes)?;
        self.disk.put(Path::new(DATABASE_FILE), &bytes)
    }

    /// The database file.
    pub(crate) fn file(&self) -> Vec<u8> {
        self.disk.files().remove(&PathBuf::from(DATABASE_FILE)).unwrap_or_default()
    }

    /// The disk as a process sees it that starts now.
    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        self.disk.storage()
    }
}

/// Opens the journal as a fresh process does.
pub(crate) fn open(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Result<SqliteJournal, JournalError> {
    let settings = JournalConfig {
        storage,
        mode: Mode::Inline,
        // Of a small cache most reads go to the file, as they do in a large journal.
        cache_bytes: 64 << 10,
        retention: hours(1),
        // Small pages are quick to copy, and split more often.
        page_bytes: 4_096,
        ..JournalConfig::new(DATA_DIR)
    };
    SqliteJournal::open(settings, clock)
}

/// Whether the machine that a process saw through this is still up.
pub(crate) fn is_up(storage: &dyn Storage) -> bool {
    storage.facts(Path::new(DATABASE_FILE)).is_ok()
}
