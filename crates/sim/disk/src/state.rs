//! The whole disk: files, names, and what is to go wrong when.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::dice::Dice;
use crate::fault::{Answer, Fault};
use crate::file::SimFile;
use crate::names::{Entry, FileId, Names};

pub(crate) struct State {
    pub(crate) dice: Dice,
    pub(crate) names: Names,
    pub(crate) files: BTreeMap<FileId, SimFile>,
    /// Lock files that somebody holds.
    pub(crate) held: BTreeSet<PathBuf>,
    /// Counts power losses and kills: who came before the last one is dead.
    pub(crate) boot: u64,
    pub(crate) plan: Plan,
    /// Done so far.
    pub(crate) writes: u64,
    pub(crate) syncs: u64,
    last_id: u64,
}

/// What is to go wrong.
pub(crate) struct Plan {
    /// At which of all writes, or of all syncs, the power goes.
    pub(crate) cut_at_write: Option<u64>,
    pub(crate) cut_at_sync: Option<u64>,
    /// Writes and syncs that still succeed.
    pub(crate) steps_left: Option<u64>,
    /// Whether after that one fails, or all.
    pub(crate) fails_once: bool,
    pub(crate) capacity_bytes: u64,
    /// Syncs are answered and not done.
    pub(crate) lies: bool,
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            names: Names::default(),
            files: BTreeMap::new(),
            held: BTreeSet::new(),
            boot: 0,
            plan: Plan::default(),
            writes: 0,
            syncs: 0,
            last_id: 0,
        }
    }

    /// A number that this disk has not given before.
    pub(crate) fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn file(&mut self, file: FileId) -> Answer<&mut SimFile> {
        self.files.get_mut(&file).ok_or(Fault::Absent)
    }

    /// A new empty file under the name.
    pub(crate) fn make_file(&mut self, path: &Path) -> Answer<FileId> {
        self.change(|state| {
            let file = state.new_id();
            state.names.add(path, Entry::File(file))?;
            state.files.insert(file, SimFile::default());
            Ok(file)
        })
    }

    /// Writes what fits; a failing device may have written a part.
    pub(crate) fn write(&mut self, file: FileId, offset: usize, bytes: &[u8]) -> Answer<()> {
        let length = self.file(file)?.bytes().len();
        let room = self.room_bytes();
        let end_with_room = length.saturating_add(usize::try_from(room).unwrap_or(usize::MAX));
        let fitting = bytes.len().min(end_with_room.saturating_sub(offset));
        let done = self.change(|state| {
            state.file(file)?.write(offset, &bytes[..fitting]);
            if fitting < bytes.len() { Err(Fault::Full) } else { Ok(()) }
        });
        if done == Err(Fault::Failing) {
            let part = self.dice.below(fitting + 1);
            self.file(file)?.write(offset, &bytes[..part]);
        }
        done
    }

    /// One change of a file or a name.
    pub(crate) fn change<T>(&mut self, apply: impl FnOnce(&mut Self) -> Answer<T>) -> Answer<T> {
        self.writes += 1;
        self.step()?;
        let done = apply(self);
        if self.plan.cut_at_write == Some(self.writes) {
            self.lose_power();
            return Err(Fault::Dead);
        }
        done
    }

    pub(crate) fn sync_file(&mut self, file: FileId) -> Answer<()> {
        match self.before_sync() {
            Ok(true) => self.file(file)?.sync(),
            Ok(false) => {}
            Err(fault) => {
                if let (Fault::Failing, Some(file)) = (fault, self.files.get_mut(&file)) {
                    file.fail_to_sync(&self.dice);
                }
                return Err(fault);
            }
        }
        Ok(())
    }

    pub(crate) fn sync_folder(&mut self, folder: &Path) -> Answer<()> {
        if self.before_sync()? {
            self.names.sync(folder);
            self.forget_unnamed();
        }
        Ok(())
    }

    /// All that is there, with what connections share.
    pub(crate) fn used_bytes(&self) -> u64 {
        let named: BTreeSet<FileId> = self.names.files().map(|(_, file)| file).collect();
        let counted = self.files.iter().filter(|(id, file)| file.open_handles > 0 || named.contains(id));
        let sizes = counted.map(|(_, file)| {
            file.bytes().len() as u64 + file.memory.upgrade().map_or(0, |memory| memory.used_bytes())
        });
        sizes.sum()
    }

    /// What may still be written. Nothing is counted where nothing is limited: each write asks.
    pub(crate) fn room_bytes(&self) -> u64 {
        match self.plan.capacity_bytes {
            u64::MAX => u64::MAX,
            capacity => capacity.saturating_sub(self.used_bytes()),
        }
    }

    /// Whether the device answers at all.
    pub(crate) fn answers(&self) -> Answer<()> {
        let fails = self.plan.steps_left == Some(0) && !self.plan.fails_once;
        if fails { Err(Fault::Failing) } else { Ok(()) }
    }

    /// Frees files without a name that nobody has open.
    pub(crate) fn forget_unnamed(&mut self) {
        let names = &self.names;
        self.files.retain(|&id, file| file.open_handles > 0 || names.mentions(id));
    }

    pub(crate) fn lose_power(&mut self) {
        self.names.lose_power(&self.dice);
        for file in self.files.values_mut() {
            file.lose_power(&self.dice);
        }
        let capacity_bytes = self.plan.capacity_bytes;
        self.plan = Plan { capacity_bytes, ..Plan::default() };
        self.end_all();
    }

    /// Everybody who is there is dead from now on.
    pub(crate) fn end_all(&mut self) {
        for file in self.files.values_mut() {
            file.let_go();
        }
        self.held.clear();
        self.boot += 1;
        self.forget_unnamed();
    }

    /// Whether the sync is to be done.
    fn before_sync(&mut self) -> Answer<bool> {
        self.syncs += 1;
        self.step()?;
        if self.plan.cut_at_sync == Some(self.syncs) {
            self.lose_power();
            return Err(Fault::Dead);
        }
        Ok(!self.plan.lies)
    }

    fn step(&mut self) -> Answer<()> {
        match &mut self.plan.steps_left {
            None => return Ok(()),
            Some(left @ 1..) => {
                *left -= 1;
                return Ok(());
            }
            Some(_) => {}
        }
        if self.plan.fails_once {
            self.plan.steps_left = None;
        }
        Err(Fault::Failing)
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            cut_at_write: None,
            cut_at_sync: None,
            steps_left: None,
            fails_once: false,
            capacity_bytes: u64::MAX,
            lies: false,
        }
    }
}
