//! The disk as a parameter: just what appending outputs need.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// A folder tree that files can be appended to and cut.
pub trait Disk: Send + Sync + 'static {
    /// Opens for appending; makes the file and its folders when absent, and makes their names durable.
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Length in bytes; `None` when there is no such file.
    fn length(&self, path: &Path) -> io::Result<Option<u64>>;

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

/// The machine's file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let fresh = !path.try_exists()?;
        if let Some(parent) = path.parent().filter(|_| fresh) {
            make_folders(parent)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        if fresh {
            sync_folder(path)?;
        }
        Ok(Box::new(RealFile(file)))
    }

    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        match fs::metadata(path) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(length)?;
        file.sync_data()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => sync_folder(path),
        }
    }
}

/// Makes what is missing of a folder's path, each name durable before the next stands in it.
fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folders(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if !folder.is_dir() => Err(error),
        _ => sync_folder(folder),
    }
}

/// A new name is durable only when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|p| !p.as_os_str().is_empty()) {
        Some(parent) if parent.try_exists()? => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
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
        RealDisk.truncate(&path, 4).unwrap();
        assert_eq!(RealDisk.length(&path).unwrap(), Some(4));
        RealDisk.remove(&path).unwrap();
        RealDisk.remove(&path).unwrap();
        assert_eq!(RealDisk.length(&path).unwrap(), None);
        fs::remove_dir_all(&root).unwrap();
    }
}
