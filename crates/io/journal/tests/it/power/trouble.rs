//! One trouble after another, by a seed.

use trailhound_journal::{JournalError, JournalErrorKind};
use trailhound_sim_disk::SimDisk;

use crate::power::player::{Process, World};
use crate::power::workload::Dice;

/// Troubles in one play; then the disk is well.
const MOST: u32 = 20;

pub(crate) struct Trouble {
    dice: Dice,
    /// Writes within which the next one comes.
    within: u64,
    pub(crate) met: u32,
}

impl Trouble {
    pub(crate) fn new(seed: u64, within: u64) -> Self {
        Self { dice: Dice::new(seed), within, met: 0 }
    }

    /// What is to happen next on a disk that is well.
    pub(crate) fn prepare(&mut self, disk: &SimDisk) {
        if self.met == MOST {
            return;
        }
        // Every other one hits what comes first: the opening, and the recovery.
        let distance =
            if self.dice.below(2) == 0 { self.dice.below(40) } else { self.dice.below(self.within) } + 1;
        match self.dice.below(6) {
            0 | 1 => disk.power_loss_at_write(distance),
            2 => disk.power_loss_at_sync(distance / 4 + 1),
            3 => disk.fail_once_after(distance),
            4 => disk.fail_after(distance),
            _ => disk.set_capacity_bytes(disk.used_bytes() + distance * 2_000),
        }
    }
}

impl World for Trouble {
    fn failed(&mut self, disk: &SimDisk, error: &JournalError) -> Result<Process, String> {
        self.met += 1;
        match self.dice.below(3) {
            0 => disk.power_loss(),
            1 => disk.kill(),
            // It closes in the midst of the trouble.
            _ => {}
        }
        if error.kind == JournalErrorKind::Damaged {
            return Err(format!("nothing is damaged: {error}"));
        }
        Ok(Process::Ended)
    }

    /// The disk is well again, and the next is prepared.
    fn ended(&mut self, disk: &SimDisk) {
        disk.work_again();
        disk.set_capacity_bytes(u64::MAX);
        self.prepare(disk);
    }
}
