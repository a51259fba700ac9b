//! A disk that is full: a clear message, and nothing lost once there is room.

use std::path::{Path, PathBuf};
use std::process::Command;

use trailhound_sim_microsoft::EventsPerHour;

use crate::support::{Finished, Running, Site, trailhound};

/// A file system of its own in memory; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where the test may not mount.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }

    fn grow(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the file system goes when its last file is closed.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn collect(site: &Site) -> Finished {
    let args = site.collect_args();
    trailhound(site.path(), &args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn try_on(full: &str) {
    let site = Site::new(|config| {
        config.tenants[0].events_per_hour = EventsPerHour::scaled(2.0);
        // A start request that the full disk kept from being sent may be on record as sent, and then stands for
        // a quarter of an hour.
        config.tenants[0].subscribed_from_start = true;
    });
    let Some(disk) = SmallDisk::mount(&site.at(full), "2m") else {
        eprintln!("skipped: this user may not mount a file system");
        return;
    };
    let failed = collect(&site);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    let last_words = failed.stderr.rsplit("error: ").next().unwrap();
    assert!(last_words.contains("full") || last_words.contains("no space left"), "{last_words}");
    assert!(last_words.contains("hint: free some space and run the same command again"), "{last_words}");

    disk.grow("200m");
    let rest = collect(&site);
    assert_eq!(rest.code, Some(0), "{}", rest.stderr);
    site.assert_exactly_once();
    drop(disk);
}

#[test]
fn the_journals_disk_is_full() {
    try_on("data");
}

#[test]
fn an_outputs_disk_is_full() {
    try_on("out");
}

/// Many streams and outputs meet it again and again; whoever reads the log at night reads it once.
#[test]
fn a_daemon_tells_a_full_journal_once_as_what_it_is() {
    let site = Site::new(|config| {
        config.tenants[0].events_per_hour = EventsPerHour::scaled(2.0);
        config.tenants[0].subscribed_from_start = true;
    });
    let Some(disk) = SmallDisk::mount(&site.at("data"), "2m") else {
        eprintln!("skipped: this user may not mount a file system");
        return;
    };
    let mut daemon = Running::start(site.path(), &["run"]);
    daemon.until("the full disk is told", |daemon| daemon.stderr().contains("the journal cannot be written"));
    // Long enough for a dozen failures.
    assert_eq!(daemon.wait_for(std::time::Duration::from_secs(10)), None);
    let log = daemon.stderr();
    let errors: Vec<&str> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    let words = format!("the disk that holds the journal is full: `{}`", site.at("data").display());
    assert!(errors[0].contains(&words), "{}", errors[0]);
    assert!(!log.contains("output failed"), "{log}");
    drop(daemon);
    drop(disk);
}
