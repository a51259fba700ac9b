//! A real full disk: a small memory file system.

use std::path::{Path, PathBuf};
use std::process::Command;

use trailhound_journal::{Journal, JournalErrorKind, Mode};
use trailhound_model::Seq;

use crate::support::{at, chunk, commit_of, key, open};

/// A mounted memory file system of a few MiB, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Self {
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"]).arg(at).status();
        assert!(done.unwrap().success(), "mounting needs the right to do so");
        Self(at.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[tokio::test]
#[ignore = "needs the right to mount; run with --run-ignored"]
async fn a_full_disk_loses_nothing_and_collection_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(folder.path());
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![0u8; 2 << 20]).unwrap();
    let data = disk.0.join("data");
    let journal = open(&data, Mode::Threaded);
    let stream = journal.register(&key("s")).await.unwrap();
    // Bytes that do not compress.
    let mut random = 1u64;
    let mut noise = |length: usize| -> String {
        std::iter::repeat_with(|| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + 1 + u8::try_from((random >> 33) % 90).unwrap())
        })
        .filter(|c| !matches!(c, '"' | '\\'))
        .take(length)
        .collect()
    };
    let mut blob = |number: u64| {
        commit_of(
            stream,
            &format!("b{number}"),
            at(number),
            vec![chunk(&[(u128::from(number) + 1, &noise(100_000))])],
        )
    };
    let mut acknowledged = 0;
    let refused = loop {
        let next = blob(acknowledged);
        match journal.commit_blob(next.clone()).await {
            Ok(_) => acknowledged += 1,
            Err(error) => {
                assert_eq!(error.kind, JournalErrorKind::Full, "{error}");
                break next;
            }
        }
        assert!(acknowledged < 1_000, "the disk never got full");
    };
    assert_eq!(*journal.newest().borrow(), Seq(acknowledged));
    assert_eq!(journal.read(Seq(0), usize::MAX).await.unwrap().len() as u64, acknowledged);
    assert_eq!(journal.commit_blob(refused.clone()).await.unwrap_err().kind, JournalErrorKind::Full);
    std::fs::remove_file(ballast).unwrap();
    let committed = journal.commit_blob(refused).await.unwrap();
    assert_eq!((committed.repeated, committed.counts.duplicates), (false, 0));
    drop(journal);
    let journal = open(&data, Mode::Threaded);
    assert_eq!(journal.read(Seq(0), usize::MAX).await.unwrap().len() as u64, acknowledged + 1);
    drop(journal);
}
