//! The file system under a database, as a parameter.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use crate::folders::{make_folders, sync_folder};
use crate::{RealWholeFiles, WholeFiles};

/// A file system that holds a database and the files beside it. What is made here is for its owner only.
pub trait Storage: Debug + Send + Sync + 'static {
    /// The name under which SQLite knows this file system (a VFS); `None` is the machine's own.
    fn database_vfs(&self) -> Option<&str>;

    /// Makes the folder and those above it when absent. Then all their names are durable, also those that somebody
    /// made before who did not come to it.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;

    /// Takes the file as a lock and makes it when absent; `None` when another process has it. It is held until
    /// the answer is dropped.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn HeldLock>>>;

    /// Makes an empty file when there is none. Its name is durable after [`Storage::sync_folder`].
    fn make_file(&self, path: &Path) -> io::Result<()>;

    /// What is known of the file that the path names; `None` when there is none.
    fn facts(&self, path: &Path) -> io::Result<Option<FileFacts>>;

    /// Makes the file's bytes durable.
    fn sync_file(&self, path: &Path) -> io::Result<()>;

    /// Writes the file's bytes again as they are and makes them durable; absent is fine. After a failed sync the
    /// system may show bytes that it will never write, also to the process that comes next.
    fn rewrite(&self, path: &Path) -> io::Result<()>;

    /// Gives the file another name, in one step, and takes the name from the file that has it. Durable after
    /// [`Storage::sync_folder`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes the file; absent is fine. Durable after [`Storage::sync_folder`].
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in the folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// The immutable files in `folder`, which is made when absent, its name durable.
    fn whole_files(&self, folder: &Path) -> io::Result<Arc<dyn WholeFiles>>;
}

/// A lock, held until it is dropped.
pub trait HeldLock: Send + Sync {}

/// A file behind a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Its length, in bytes.
    pub length_bytes: u64,
    /// Which file it is: another file under the same name has another identity while the first is open.
    pub identity: FileIdentity,
}

/// Tells a file from another one that took its name: device and inode where there are such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity(pub u64, pub u64);

/// Mode of a new file and a new folder.
#[cfg(unix)]
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// Rewritten at a time, in bytes.
const REWRITE_BYTES: usize = 1 << 20;

/// The machine's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealStorage;

impl Storage for RealStorage {
    fn database_vfs(&self) -> Option<&str> {
        None
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        make_folders(folder, FOLDER_MODE)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn HeldLock>>> {
        let file = open_private(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(LockedFile { _file: file }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn make_file(&self, path: &Path) -> io::Result<()> {
        open_private(path).map(drop)
    }

    fn facts(&self, path: &Path) -> io::Result<Option<FileFacts>> {
        match fs::metadata(path) {
            Ok(meta) => Ok(Some(FileFacts { length_bytes: meta.len(), identity: identity(&meta) })),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.sync_all()
    }

    fn rewrite(&self, path: &Path) -> io::Result<()> {
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        let mut buffer = vec![0; REWRITE_BYTES];
        let mut offset = 0;
        loop {
            file.seek(SeekFrom::Start(offset))?;
            let count = file.read(&mut buffer)?;
            if count == 0 {
                return file.sync_all();
            }
            file.seek(SeekFrom::Start(offset))?;
            file.write_all(&buffer[..count])?;
            offset += count as u64;
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        sync_folder(folder)
    }

    fn whole_files(&self, folder: &Path) -> io::Result<Arc<dyn WholeFiles>> {
        Ok(Arc::new(RealWholeFiles::at(folder)?))
    }
}

struct LockedFile {
    _file: File,
}

impl HeldLock for LockedFile {}

/// SQLite gives its side files the mode of the database file.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, FILE_MODE);
    options.open(path)
}

/// An inode is not given away while the file is open.
#[cfg(unix)]
fn identity(file: &fs::Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt;
    FileIdentity(file.dev(), file.ino())
}

/// Elsewhere an open file cannot be removed or replaced.
#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> FileIdentity {
    FileIdentity(0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rewritten_file_is_as_it_was() {
        let folder = std::env::temp_dir().join(format!("trailhound-storage-{}", std::process::id()));
        RealStorage.make_folder(&folder).unwrap();
        let path = folder.join("log");
        RealStorage.rewrite(&path).unwrap();
        assert_eq!(RealStorage.facts(&path).unwrap(), None, "it makes nothing");
        let bytes: Vec<u8> = (0..REWRITE_BYTES + 1_000).map(|n| (n % 251).to_le_bytes()[0]).collect();
        fs::write(&path, &bytes).unwrap();
        RealStorage.rewrite(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
        fs::remove_dir_all(&folder).unwrap();
    }
}
