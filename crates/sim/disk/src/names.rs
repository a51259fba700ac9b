//! Names of files and folders: durable only when their folder was synced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::dice::Dice;
use crate::fault::{Answer, Fault};

/// A file, whatever its name is.
pub(crate) type FileId = u64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Folder,
    File(FileId),
}

#[derive(Default)]
pub(crate) struct Names {
    now: BTreeMap<PathBuf, Entry>,
    durable: BTreeMap<PathBuf, Entry>,
    /// Oldest first.
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Add(PathBuf, Entry),
    Move { from: PathBuf, to: PathBuf, entry: Entry },
    Remove(PathBuf, Entry),
}

impl Names {
    pub(crate) fn get(&self, path: &Path) -> Option<Entry> {
        if is_root(path) { Some(Entry::Folder) } else { self.now.get(path).copied() }
    }

    pub(crate) fn file(&self, path: &Path) -> Option<FileId> {
        match self.get(path) {
            Some(Entry::File(file)) => Some(file),
            _ => None,
        }
    }

    /// Whether the name could be another one after a power loss.
    pub(crate) fn is_pending(&self, path: &Path) -> bool {
        self.now.get(path) != self.durable.get(path)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (&Path, FileId)> {
        self.now.iter().filter_map(|(path, entry)| match entry {
            Entry::File(file) => Some((path.as_path(), *file)),
            Entry::Folder => None,
        })
    }

    /// Whether the file has a name, or could have one again after a power loss.
    pub(crate) fn mentions(&self, file: FileId) -> bool {
        let entry = Entry::File(file);
        self.now.values().any(|&named| named == entry)
            || self.durable.values().any(|&named| named == entry)
            || self.pending.iter().any(|change| change.entry() == entry)
    }

    pub(crate) fn add(&mut self, path: &Path, entry: Entry) -> Answer<()> {
        match path.parent().map(|parent| self.get(parent)) {
            Some(Some(Entry::Folder)) => self.change(Change::Add(path.to_owned(), entry)),
            _ => return Err(Fault::Absent),
        }
        Ok(())
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> Answer<()> {
        let entry = self.get(from).ok_or(Fault::Absent)?;
        self.change(Change::Move { from: from.to_owned(), to: to.to_owned(), entry });
        Ok(())
    }

    pub(crate) fn remove(&mut self, path: &Path) -> Answer<()> {
        let entry = self.get(path).ok_or(Fault::Absent)?;
        self.change(Change::Remove(path.to_owned(), entry));
        Ok(())
    }

    pub(crate) fn sync(&mut self, folder: &Path) {
        let pending = std::mem::take(&mut self.pending);
        for change in pending {
            if change.folder() == Some(folder) {
                change.apply(&mut self.durable);
            } else {
                self.pending.push(change);
            }
        }
    }

    /// Every pending change happens or not; what stood in a folder that is gone is gone with it.
    pub(crate) fn lose_power(&mut self, dice: &Dice) {
        let kept_percent = [0, 50, 100][dice.below(3)];
        for change in std::mem::take(&mut self.pending) {
            if dice.happens(kept_percent) {
                change.apply(&mut self.durable);
            }
        }
        let mut there: BTreeMap<PathBuf, Entry> = BTreeMap::new();
        for (path, entry) in std::mem::take(&mut self.durable) {
            // A folder comes before what stands in it.
            let parent = path.parent().unwrap_or(Path::new(""));
            if is_root(parent) || there.get(parent) == Some(&Entry::Folder) {
                there.insert(path, entry);
            }
        }
        self.now.clone_from(&there);
        self.durable = there;
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.pending.push(change);
    }
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<PathBuf, Entry>) {
        match self {
            Self::Add(path, entry) => {
                names.insert(path.clone(), *entry);
            }
            Self::Move { from, to, entry } => {
                remove_exactly(names, from, *entry);
                names.insert(to.clone(), *entry);
            }
            Self::Remove(path, entry) => remove_exactly(names, path, *entry),
        }
    }

    /// The folder whose sync makes it durable.
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Add(path, _) | Self::Move { to: path, .. } | Self::Remove(path, _) => path.parent(),
        }
    }

    fn entry(&self) -> Entry {
        match self {
            Self::Add(_, entry) | Self::Move { entry, .. } | Self::Remove(_, entry) => *entry,
        }
    }
}

/// Another file that got the name since keeps it.
fn remove_exactly(names: &mut BTreeMap<PathBuf, Entry>, path: &Path, entry: Entry) {
    if names.get(path) == Some(&entry) {
        names.remove(path);
    }
}

fn is_root(path: &Path) -> bool {
    path.as_os_str().is_empty() || path == Path::new("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_durable_when_its_folder_is_and_that_folder_s_name_too() {
        let (mut without, mut with) = (0, 0);
        for seed in 0..200 {
            let mut names = Names::default();
            names.add(Path::new("/a"), Entry::Folder).unwrap();
            names.add(Path::new("/a/x"), Entry::File(1)).unwrap();
            names.sync(Path::new("/a"));
            names.rename(Path::new("/a/x"), Path::new("/a/y")).unwrap();
            names.lose_power(&Dice::new(seed));
            let (x, y) = (names.file(Path::new("/a/x")), names.file(Path::new("/a/y")));
            match names.get(Path::new("/a")) {
                Some(_) => assert!(x.is_some() != y.is_some(), "a rename is whole"),
                None => assert_eq!((x, y), (None, None)),
            }
            without += u32::from(names.get(Path::new("/a")).is_none());
            with += u32::from(y.is_some());
        }
        assert!(without > 40 && with > 40, "{without} {with}");
    }

    #[test]
    fn what_is_synced_is_there_for_every_seed() {
        for seed in 0..100 {
            let mut names = Names::default();
            names.add(Path::new("/a"), Entry::Folder).unwrap();
            names.sync(Path::new("/"));
            assert_eq!(names.add(Path::new("/b/x"), Entry::File(1)), Err(Fault::Absent));
            names.add(Path::new("/a/x"), Entry::File(1)).unwrap();
            names.add(Path::new("/a/y"), Entry::File(2)).unwrap();
            names.rename(Path::new("/a/x"), Path::new("/a/y")).unwrap();
            names.sync(Path::new("/a"));
            names.lose_power(&Dice::new(seed));
            assert_eq!(names.files().collect::<Vec<_>>(), [(Path::new("/a/y"), 1)]);
        }
    }
}
