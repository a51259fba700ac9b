//! The key that seals, and the place in the series of reports: two small files in the data folder.
//!
//! They stand beside the journal, not in it: a report is made beside a running daemon, which alone writes that.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trailhound_env::{Entropy, SystemEntropy};
use trailhound_proof::{Head, SigningKey};

use crate::exit::Exit;
use crate::failure::Failure;

const FOLDER: &str = "proof";
const KEY_FILE: &str = "key";
const SERIES_FILE: &str = "series.json";
const LOCK_FILE: &str = "lock";

/// Held until it is dropped, so that two reports cannot follow the same one.
pub(super) struct Keys {
    pub(super) key: SigningKey,
    folder: PathBuf,
    _lock: File,
}

/// Where the series of reports stands.
#[derive(Serialize, Deserialize)]
pub(super) struct Series {
    /// Names the data folder; drawn once.
    pub(super) ledger: String,
    /// Reports given so far.
    pub(super) exports: u64,
    /// The head of the last one's seal.
    head: String,
}

impl Keys {
    /// Reads the key, or makes it.
    pub(super) fn open(data_dir: &Path) -> Result<Self, Failure> {
        let folder = data_dir.join(FOLDER);
        let place = |error: io::Error| failed(&folder, &error);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(place(error)),
            _ => {}
        }
        let lock = private(&folder.join(LOCK_FILE), false).map_err(place)?;
        lock.lock().map_err(place)?;
        let key = read_or_make(&folder.join(KEY_FILE))?;
        Ok(Self { key, folder, _lock: lock })
    }

    /// Where the series stands; a new one begins.
    pub(super) fn series(&self) -> Result<Series, Failure> {
        let path = self.folder.join(SERIES_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let ledger = SystemEntropy::default().uuid();
                return Ok(Series { ledger, exports: 0, head: Head::NONE.to_hex() });
            }
            Err(error) => return Err(failed(&path, &error)),
        };
        serde_json::from_str(&text).map_err(|error| {
            let hint = "restore it from a backup; to move it away begins a new series of reports";
            Failure::new(
                Exit::Failed,
                format!("the series in `{}` cannot be read: {error}", path.display()),
                hint,
            )
        })
    }

    /// One more report, with this head.
    pub(super) fn advance(&self, series: Series, head: Head) -> Result<(), Failure> {
        let path = self.folder.join(SERIES_FILE);
        let fresh = Series { exports: series.exports + 1, head: head.to_hex(), ..series };
        let text = serde_json::to_string(&fresh)
            .map_err(|error| Failure::new(Exit::Failed, format!("failed to write JSON: {error}"), ""))?;
        write_whole(&path, &text).map_err(|error| failed(&path, &error))
    }
}

impl Series {
    pub(super) fn head(&self) -> Result<Head, Failure> {
        Head::from_hex(&self.head).ok_or_else(|| {
            let what = format!("the series of reports names `{}`, which is no head", self.head);
            Failure::new(Exit::Failed, what, "restore `proof/series.json` in the data folder from a backup")
        })
    }
}

fn read_or_make(path: &Path) -> Result<SigningKey, Failure> {
    let wrong = |error: trailhound_proof::KeyError| {
        let hint = "restore it from a backup; to move it away makes a new key for all later reports";
        Failure::new(Exit::Failed, format!("failed to {error} (`{}`)", path.display()), hint)
    };
    match fs::read_to_string(path) {
        Ok(text) => {
            let mode = fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
            if mode & 0o077 != 0 {
                let hint = "`chmod 600` it; whoever could read it can seal reports in this folder's name";
                tracing::warn!(file = %path.display(), hint, "the key of the reports can be read by others");
            }
            SigningKey::from_secret_text(&text).map_err(wrong)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = SigningKey::make().map_err(wrong)?;
            let text = key.secret_text().map_err(wrong)?;
            write_whole(path, &text).map_err(|error| failed(path, &error))?;
            Ok(key)
        }
        Err(error) => Err(failed(path, &error)),
    }
}

/// Under its name it is whole or not there at all.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = private(&fresh, true)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn private(path: &Path, anew: bool) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(anew).mode(0o600).open(path)
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    let hint = "run the command as the user that runs trailhound; the data folder must be writable";
    Failure::new(Exit::Failed, format!("failed to use `{}`: {error}", path.display()), hint)
}
