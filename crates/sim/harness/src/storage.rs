//! Where the journal of a run lies, and what a death leaves of it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use trailhound_env::Clock;
use trailhound_journal::{JournalConfig, JournalError, Mode, SqliteJournal};
use trailhound_model::hours;

/// Held by the running process alone; a death frees it.
const LOCK_FILE: &str = "lock";
const DATABASE_FILE: &str = "journal.sqlite";

/// The journal's disk.
pub(crate) enum Storage {
    /// A folder in memory. What was written stays, whatever dies.
    RealFolder {
        /// Everything of the run.
        scratch: TempDir,
        /// Counts deaths: each leaves its folder to the next life as it was at that moment.
        deaths: u32,
    },
}

impl Storage {
    pub(crate) fn in_memory() -> io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let scratch = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        Ok(Self::RealFolder { scratch, deaths: 0 })
    }

    /// Where secrets and other small files of the run lie.
    pub(crate) fn scratch(&self) -> &Path {
        let Self::RealFolder { scratch, .. } = self;
        scratch.path()
    }

    /// The data folder of the present life.
    pub(crate) fn data_dir(&self) -> PathBuf {
        let Self::RealFolder { scratch, deaths } = self;
        scratch.path().join(format!("data-{deaths}"))
    }

    /// Puts the file of an older version there, as its process left it.
    pub(crate) fn unpack(&self, packed: &Path) -> io::Result<()> {
        std::fs::create_dir_all(self.data_dir())?;
        let mut unpacked = flate2::read::GzDecoder::new(std::fs::File::open(packed)?);
        let mut file = std::fs::File::create(self.data_dir().join(DATABASE_FILE))?;
        io::copy(&mut unpacked, &mut file).map(drop)
    }

    /// The database file.
    pub(crate) fn file(&self) -> io::Result<Vec<u8>> {
        std::fs::read(self.data_dir().join(DATABASE_FILE))
    }

    /// Opens the journal as a fresh process does.
    pub(crate) fn open(&self, clock: Arc<dyn Clock>) -> Result<SqliteJournal, JournalError> {
        let settings = JournalConfig {
            mode: Mode::Inline,
            // Of a small cache most reads go to the file, as they do in a large journal.
            cache_bytes: 64 << 10,
            retention: hours(1),
            ..JournalConfig::new(self.data_dir())
        };
        SqliteJournal::open(settings, clock)
    }

    /// The process has just died: what it wrote is the data folder of the next life. Must be called before its
    /// journal is dropped, since a dropped journal closes its file in good order.
    pub(crate) fn outlive(&mut self) -> io::Result<()> {
        let before = self.data_dir();
        let Self::RealFolder { deaths, .. } = self;
        *deaths += 1;
        copy(&before, &self.data_dir())
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_name() != LOCK_FILE {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
