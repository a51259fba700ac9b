//! The journal on a simulated disk: power losses, full disks and failures at every single point.
//!
//! What must hold: everything acknowledged is there (promise L2), nothing is there by half, a repetition changes nothing
//! (L4), the sums agree (L5). A failure names its point and seed.

mod player;
mod trouble;
mod workload;

use trailhound_journal::{JournalError, JournalErrorKind, Mode};
use trailhound_sim_disk::SimDisk;

use player::{Play, Process};
use trouble::Trouble;
use workload::{random, small};

/// Room that the sweep of full disks adds from one to the next, in bytes: less than a page.
const ROOM_STEP_BYTES: u64 = 6_000;

fn at_point(what: &str, point: u64) -> impl FnOnce(String) -> String {
    move |why| format!("{what} {point}: {why}")
}

#[tokio::test]
async fn power_lost_at_every_write_loses_nothing() {
    let play = Play::new(Mode::Inline, small()).await;
    for point in 1..=play.writes {
        let disk = SimDisk::new(point);
        disk.power_loss_at_write(point);
        let failures = play.survive(&disk, &mut Process::Ended).await;
        let failures = failures.map_err(at_point("write", point)).unwrap();
        // A loss while the journal is being closed is seen by nobody.
        assert!(failures <= 1, "write {point}");
    }
}

#[tokio::test]
async fn power_lost_at_every_sync_loses_nothing() {
    let play = Play::new(Mode::Inline, small()).await;
    for point in 1..=play.syncs {
        for seed in 0..4 {
            let disk = SimDisk::new(seed);
            disk.power_loss_at_sync(point);
            let done = play.survive(&disk, &mut Process::Ended).await;
            done.map_err(at_point("sync", point)).unwrap();
        }
    }
}

/// Power losses, failures, full disks and kills in any order, also while it recovers from the last, and with threads.
#[tokio::test]
async fn whatever_goes_wrong_after_what_nothing_is_lost() {
    let more: u64 = std::env::var("TRAILHOUND_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut met = 0;
    // 66: a failed sync of the log, a kill, commits after what it left, a power loss.
    for seed in (0..12 + more).chain([66]) {
        let mode = if seed % 4 == 3 { Mode::Threaded } else { Mode::Inline };
        let play = Play::new(mode, random(seed, 60)).await;
        let disk = SimDisk::new(seed);
        let mut trouble = Trouble::new(seed, play.writes / 6);
        trouble.prepare(&disk);
        play.survive(&disk, &mut trouble).await.map_err(at_point("seed", seed)).unwrap();
        met += trouble.met;
    }
    assert!(met > 30, "{met}");
}

#[tokio::test]
async fn a_full_disk_says_so_changes_nothing_and_is_forgotten_when_there_is_room() {
    let play = Play::new(Mode::Inline, small()).await;
    let mut refused = 0;
    for point in 0..=play.peak_bytes / ROOM_STEP_BYTES {
        let disk = SimDisk::new(point);
        let mut capacity_bytes = point * ROOM_STEP_BYTES;
        disk.set_capacity_bytes(capacity_bytes);
        let mut free_some = |disk: &SimDisk, error: &JournalError| {
            refused += 1;
            if error.kind != JournalErrorKind::Full {
                return Err(format!("the disk is full, and it says: {error}"));
            }
            // More than a step writes: the log grows with every attempt.
            capacity_bytes += 60 * ROOM_STEP_BYTES;
            disk.set_capacity_bytes(capacity_bytes);
            Ok(Process::GoesOnUnchanged)
        };
        play.survive(&disk, &mut free_some).await.map_err(at_point("room step", point)).unwrap();
    }
    assert!(refused > 50, "{refused}");
}

#[tokio::test]
async fn a_disk_that_fails_once_at_any_point_is_no_reason_to_lie() {
    let play = Play::new(Mode::Inline, small()).await;
    for point in 0..play.writes + play.syncs {
        let disk = SimDisk::new(point);
        disk.fail_once_after(point);
        let done = play.survive(&disk, &mut Process::GoesOn).await;
        done.map_err(at_point("step", point)).unwrap();
    }
}

#[tokio::test]
async fn a_disk_that_stops_answering_at_any_point_and_comes_back_has_everything() {
    let play = Play::new(Mode::Inline, small()).await;
    for point in 0..play.writes + play.syncs {
        let disk = SimDisk::new(point);
        disk.fail_after(point);
        let mut failures = 0;
        let mut repair = |disk: &SimDisk, error: &JournalError| {
            failures += 1;
            if error.kind == JournalErrorKind::Damaged {
                return Err(format!("nothing is damaged: {error}"));
            }
            disk.work_again();
            Ok(Process::GoesOn)
        };
        play.survive(&disk, &mut repair).await.map_err(at_point("step", point)).unwrap();
        assert!(failures <= 1, "step {point}");
    }
}

/// The same test on a disk that answers syncs without doing them: so the others can fail.
#[tokio::test]
async fn a_disk_that_lies_about_syncs_is_caught() {
    let play = Play::new(Mode::Inline, small()).await;
    let mut caught = 0;
    for point in 100..=play.writes {
        let disk = SimDisk::new(point);
        // A folder with a journal in it, made when the disk was honest.
        drop(player::open(&disk, Mode::Inline).unwrap());
        disk.lie_about_syncs(true);
        disk.power_loss_at_write(point);
        caught += u32::from(play.survive(&disk, &mut Process::Ended).await.is_err());
    }
    assert!(caught > 50, "{caught} of {}", play.writes);
}
