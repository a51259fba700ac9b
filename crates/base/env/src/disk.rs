//! The disk as a parameter: just what appending outputs need.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::folders::{make_folders, sync_names_beside};

/// A folder tree that files can be appended to and cut.
pub trait Disk: Send + Sync + 'static {
    /// Opens for appending; makes the file and its folders when absent, and makes their names durable.
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Length in bytes; `None` when there is no such file.
    fn length(&self, path: &Path) -> io::Result<Option<u64>>;

    /// Reads bytes from byte `from` on into `into`; how many there were, 0 at the end of the file.
    fn read(&self, path: &Path, from: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Cuts the file to `length` bytes, durably.
    fn truncate(&self, path: &Path, length: u64) -> io::Result<()>;

    /// Removes the file; absent is fine.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// An open file at its end.
pub trait DiskFile: Send {
    /// Appends all of `bytes`, or fails; after a failure the file's end is unknown.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything appended so far durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// Mode of a new file, before the umask: what is written may concern people, so it is not for everybody.
#[cfg(unix)]
const FILE_MODE: u32 = 0o640;
/// Mode of a new folder, before the umask.
const FOLDER_MODE: u32 = 0o750;

/// The machine's file system. On Unix new files are `0640` and new folders `0750`, less what the umask takes;
/// the modes of what is there already stay.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let fresh = !path.try_exists()?;
        if let Some(parent) = path.parent().filter(|_| fresh) {
            make_folders(parent, FOLDER_MODE)?;
        }
        let file = open_or_make(path)?;
        // Also when it is not fresh: who made it may have been stopped before this.
        sync_names_beside(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        match fs::metadata(path) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&self, path: &Path, from: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        file.read(into)
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(length)?;
        file.sync_data()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => sync_names_beside(path),
        }
    }
}

fn open_or_make(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, FILE_MODE);
    options.open(path)
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_and_lengths_are_told_and_cut() {
        let root = std::env::temp_dir().join(format!("trailhound-disk-{}", std::process::id()));
        let path = root.join("a/b/c.ndjson");
        let mut file = RealDisk.open_append(&path).unwrap();
        file.append(b"one\ntwo\n").unwrap();
        file.sync().unwrap();
        let mut read = [0; 8];
        assert_eq!(RealDisk.read(&path, 4, &mut read).unwrap(), 4);
        assert_eq!(&read[..4], b"two\n");
        assert_eq!(RealDisk.read(&path, 8, &mut read).unwrap(), 0);
        RealDisk.truncate(&path, 4).unwrap();
        assert_eq!(RealDisk.length(&path).unwrap(), Some(4));
        RealDisk.remove(&path).unwrap();
        RealDisk.remove(&path).unwrap();
        assert_eq!(RealDisk.length(&path).unwrap(), None);
        fs::remove_dir_all(&root).unwrap();
    }
    #[cfg(unix)]
    #[test]
    fn new_files_and_folders_are_not_for_everybody() {
        use std::os::unix::fs::PermissionsExt;
        let root = std::env::temp_dir().join(format!("trailhound-modes-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        RealDisk.open_append(&root.join("a/b/c.ndjson")).unwrap();
        // The umask of whoever runs this may take more.
        for (path, most) in [("a", FOLDER_MODE), ("a/b", FOLDER_MODE), ("a/b/c.ndjson", FILE_MODE)] {
            let told = mode(&root.join(path));
            assert_eq!((told & !most, told & 0o600), (0, 0o600), "{path}: {told:o}");
        }
        let theirs = root.join("theirs");
        fs::write(&theirs, "").unwrap();
        fs::set_permissions(&theirs, fs::Permissions::from_mode(0o664)).unwrap();
        RealDisk.open_append(&theirs).unwrap();
        assert_eq!(mode(&theirs), 0o664, "what is there keeps its mode");
        fs::remove_dir_all(&root).unwrap();
    }
}
