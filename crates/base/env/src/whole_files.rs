//! Files that are written once, whole, and then only read: what an immutable index lives in.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::Arc;

use crate::folders::{make_folders, sync_folder};

/// Modes of a new file and a new folder.
#[cfg(unix)]
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// A flat folder of immutable files. Names are plain file names, without separators.
pub trait WholeFiles: Send + Sync + 'static {
    /// Begins a new file; a name that is taken is refused with `AlreadyExists`. Until [`NewFile::finish`] has
    /// returned, a crash may leave nothing of it, a part, or all: whoever needs to know keeps a list elsewhere.
    fn create(&self, name: &str) -> io::Result<Box<dyn NewFile>>;

    /// Opens a finished file for reading; it stays readable after it was removed.
    fn open(&self, name: &str) -> io::Result<Arc<dyn WholeFile>>;

    /// Removes the file; absent is fine. A crash soon after may bring it back.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// The names of all files, finished or not, in no order.
    fn list(&self) -> io::Result<Vec<String>>;
}

/// A file that is being written. Dropping it leaves it unfinished.
pub trait NewFile: Send {
    /// Appends all of `bytes`, or fails; after a failure the file is of no use.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes all of it and its name durable.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// A finished file.
pub trait WholeFile: Send + Sync {
    /// Length in bytes.
    fn len_bytes(&self) -> io::Result<u64>;

    /// Fills `buffer` from `offset` on; `UnexpectedEof` when the file ends before.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

/// A folder of the machine's file system, for its owner only (on Unix folder `0700`, files `0600`).
#[derive(Debug, Clone)]
pub struct RealWholeFiles {
    folder: PathBuf,
}

impl RealWholeFiles {
    /// Makes the folder when it is absent, its name durable.
    pub fn at(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        make_folders(&folder, FOLDER_MODE)?;
        Ok(Self { folder })
    }
}

impl WholeFiles for RealWholeFiles {
    fn create(&self, name: &str) -> io::Result<Box<dyn NewFile>> {
        let mut options = OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, FILE_MODE);
        let file = options.open(self.folder.join(name))?;
        Ok(Box::new(RealNewFile { file, folder: self.folder.clone() }))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn WholeFile>> {
        Ok(Arc::new(RealWholeFile::of(File::open(self.folder.join(name))?)))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.folder.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            // A name that is no text is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }
}

struct RealNewFile {
    file: File,
    folder: PathBuf,
}

impl NewFile for RealNewFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.file.sync_all()?;
        // A new name is durable only when its folder is.
        sync_folder(&self.folder)
    }
}

#[cfg(unix)]
struct RealWholeFile(File);

#[cfg(unix)]
impl RealWholeFile {
    fn of(file: File) -> Self {
        Self(file)
    }

    fn file(&self) -> &File {
        &self.0
    }
}

/// Without reads at a place the file's own position is shared, under a lock.
#[cfg(not(unix))]
struct RealWholeFile {
    file: File,
    moving: std::sync::Mutex<()>,
}

#[cfg(not(unix))]
impl RealWholeFile {
    fn of(file: File) -> Self {
        Self { file, moving: std::sync::Mutex::new(()) }
    }

    fn file(&self) -> &File {
        &self.file
    }
}

impl WholeFile for RealWholeFile {
    fn len_bytes(&self) -> io::Result<u64> {
        Ok(self.file().metadata()?.len())
    }

    #[cfg(unix)]
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, buffer, offset)
    }

    #[cfg(not(unix))]
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let _moving = self.moving.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_read_anywhere_and_listed_until_it_is_removed() {
        let root = std::env::temp_dir().join(format!("trailhound-whole-files-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let files = RealWholeFiles::at(root.join("ids")).unwrap();
        let files = RealWholeFiles::at(files.folder).unwrap();
        assert!(files.list().unwrap().is_empty());
        let mut new = files.create("1.run").unwrap();
        new.append(b"one").unwrap();
        new.append(b"two").unwrap();
        assert_eq!(files.create("1.run").err().unwrap().kind(), ErrorKind::AlreadyExists);
        new.finish().unwrap();
        let file = files.open("1.run").unwrap();
        let mut buffer = [0; 3];
        file.read_exact_at(&mut buffer, 2).unwrap();
        assert_eq!((&buffer, file.len_bytes().unwrap()), (b"etw", 6));
        assert_eq!(file.read_exact_at(&mut buffer, 4).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(files.list().unwrap(), ["1.run"]);
        files.remove("1.run").unwrap();
        files.remove("1.run").unwrap();
        assert_eq!(files.open("1.run").err().unwrap().kind(), ErrorKind::NotFound);
        file.read_exact_at(&mut buffer, 0).unwrap();
        fs::remove_dir_all(&root).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn files_and_folder_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let root = std::env::temp_dir().join(format!("trailhound-whole-modes-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let files = RealWholeFiles::at(root.join("ids")).unwrap();
        files.create("1.run").unwrap().finish().unwrap();
        let mode = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("ids"), mode("ids/1.run")), (0o700, 0o600));
        fs::remove_dir_all(&root).unwrap();
    }
}
