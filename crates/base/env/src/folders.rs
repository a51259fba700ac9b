//! Folders whose names survive a power loss.

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Makes what is missing of a folder's path with `mode`, each name durable before the next stands in it. Who made
/// what is there already may have been stopped before its name was durable, so that is done again.
pub(crate) fn make_folders(folder: &Path, mode: u32) -> io::Result<()> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folders(parent, mode)?;
    }
    if folder.is_dir() {
        return match sync_names_beside(folder) {
            Err(error) if is_others_affair(error.kind()) => Ok(()),
            answer => answer,
        };
    }
    match make_folder(folder, mode) {
        Err(error) if !folder.is_dir() => Err(error),
        _ => sync_names_beside(folder),
    }
}

/// Makes the name of `path` durable, or its removal.
pub(crate) fn sync_names_beside(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(parent) if parent.try_exists()? => sync_folder(parent),
        _ => Ok(()),
    }
}

/// Makes the names in the folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn make_folder(folder: &Path, mode: u32) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
    builder.create(folder)
}

/// A parent that we may not open or that takes no sync is none that we could have made something in.
fn is_others_affair(kind: ErrorKind) -> bool {
    use ErrorKind::{InvalidInput, PermissionDenied, ReadOnlyFilesystem, Unsupported};
    matches!(kind, PermissionDenied | ReadOnlyFilesystem | InvalidInput | Unsupported)
}
