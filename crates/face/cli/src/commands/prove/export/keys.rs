//! The key that seals, and the place in the series of reports: two small files in the data folder.
//!
//! They stand beside the journal, not in it: a report is made beside a running daemon, which alone writes that.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trailhound_env::{Entropy, SystemEntropy};
use trailhound_proof::{Head, PublicKey, SigningKey};

use crate::exit::Exit;
use crate::failure::{Failure, file_hint};

const FOLDER: &str = "proof";
const KEY_FILE: &str = "key";
const SERIES_FILE: &str = "series.json";
const LOCK_FILE: &str = "lock";
/// Beside the folder: what the last report was, so that a folder that is lost is missed.
const LAST_FILE: &str = "proof.last";

/// Held until it is dropped, so that two reports cannot follow the same one.
pub(super) struct Keys {
    pub(super) key: SigningKey,
    folder: PathBuf,
    last: Option<Last>,
    key_was_made: bool,
    series_was_there: bool,
    _lock: File,
}

/// The last report.
#[derive(Serialize, Deserialize)]
struct Last {
    public_key: String,
    ledger: String,
    export: u64,
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
        give_to_owner(&folder);
        let lock = private(&folder.join(LOCK_FILE), false).map_err(place)?;
        give_to_owner(&folder.join(LOCK_FILE));
        lock.lock().map_err(place)?;
        let last = fs::read_to_string(last_file(&folder)).ok();
        let last = last.and_then(|text| serde_json::from_str(&text).ok());
        let series_was_there = folder.join(SERIES_FILE).exists();
        let path = folder.join(KEY_FILE);
        let (key, key_was_made) = match read_key(&path)? {
            Some(key) => (key, false),
            None => (make_key(&path)?, true),
        };
        Ok(Self { key, folder, last, key_was_made, series_was_there, _lock: lock })
    }

    /// The public key, if there is a pair. Writes nothing.
    pub(super) fn public(data_dir: &Path) -> Result<Option<PublicKey>, Failure> {
        Ok(read_key(&data_dir.join(FOLDER).join(KEY_FILE))?.map(|key| key.public()))
    }

    /// What was lost since the last report, a sentence each.
    pub(super) fn lost(&self, series: &Series) -> Vec<String> {
        let mut lost = Vec::new();
        let last_key = self.last.as_ref().map(|last| last.public_key.as_str());
        let is_other = last_key.is_some_and(|known| known != self.key.public().to_hex());
        if is_other || (self.key_was_made && self.series_was_there) {
            let before = last_key.unwrap_or("another one");
            lost.push(format!(
                "the key of the reports (`{}`) was lost or replaced: from this report on they carry the key {}, and \
                 those before it {before}",
                self.folder.join(KEY_FILE).display(),
                self.key.public().to_hex()
            ));
        }
        if let Some(last) = &self.last
            && (series.ledger != last.ledger || series.exports < last.export)
        {
            lost.push(format!(
                "the series of the reports (`{}`) was lost or is an old one: this report is number {} of the ledger {}, \
                 and the last one was number {} of the ledger {}",
                self.folder.join(SERIES_FILE).display(),
                series.exports + 1,
                series.ledger,
                last.export,
                last.ledger
            ));
        }
        lost
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
        write_whole(&path, &text).map_err(|error| failed(&path, &error))?;
        let last =
            Last { public_key: self.key.public().to_hex(), ledger: fresh.ledger, export: fresh.exports };
        let text = serde_json::to_string(&last)
            .map_err(|error| Failure::new(Exit::Failed, format!("failed to write JSON: {error}"), ""))?;
        let path = last_file(&self.folder);
        write_whole(&path, &text).map_err(|error| failed(&path, &error))
    }
}

fn last_file(folder: &Path) -> PathBuf {
    folder.with_file_name(LAST_FILE)
}

impl Series {
    pub(super) fn head(&self) -> Result<Head, Failure> {
        Head::from_hex(&self.head).ok_or_else(|| {
            let what = format!("the series of reports names `{}`, which is no head", self.head);
            Failure::new(Exit::Failed, what, "restore `proof/series.json` in the data folder from a backup")
        })
    }
}

fn wrong_key(path: &Path, error: trailhound_proof::KeyError) -> Failure {
    let hint = "restore it from a backup; to move it away makes a new key for all later reports";
    Failure::new(Exit::Failed, format!("failed to {error} (`{}`)", path.display()), hint)
}

/// `None`: there is none.
fn read_key(path: &Path) -> Result<Option<SigningKey>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let mode = fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
            if mode & 0o077 != 0 {
                let hint = "`chmod 600` it; whoever could read it can seal reports in this folder's name";
                tracing::warn!(file = %path.display(), hint, "the key of the reports can be read by others");
            }
            SigningKey::from_secret_text(&text).map(Some).map_err(|error| wrong_key(path, error))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

fn make_key(path: &Path) -> Result<SigningKey, Failure> {
    let wrong = |error: trailhound_proof::KeyError| wrong_key(path, error);
    let key = SigningKey::make().map_err(wrong)?;
    let text = key.secret_text().map_err(wrong)?;
    write_whole(path, &text).map_err(|error| failed(path, &error))?;
    Ok(key)
}

/// What root makes in the folder of another user is that user's, who could not go on with it otherwise. Who may not
/// give it away has no need to.
fn give_to_owner(path: &Path) {
    let Some(owner) = path.parent().and_then(|folder| fs::metadata(folder).ok()) else { return };
    if fs::metadata(path).is_ok_and(|made| made.uid() != owner.uid()) {
        let given = std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid()));
        tracing::debug!(path = %path.display(), ?given, "given to the owner of the folder");
    }
}

/// Under its name it is whole or not there at all.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = private(&fresh, true)?;
    give_to_owner(&fresh);
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
    let hint = file_hint(
        error,
        "run the command as the user that runs trailhound; the data folder must be writable",
    );
    Failure::new(Exit::Failed, format!("failed to use `{}`: {error}", path.display()), hint)
}
