//! Signed reports from outside: made, checked, tampered with, and checked without us.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::{Finished, Site, mask, trailhound};

fn collected() -> Site {
    let site = Site::new(|_| {});
    let args = site.collect_args();
    assert_eq!(trailhound(site.path(), &args.iter().map(String::as_str).collect::<Vec<_>>()).code, Some(0));
    site
}

fn export(site: &Site, name: &str) -> Finished {
    trailhound(site.path(), &["prove", "--export", name])
}

#[test]
fn reports_are_sealed_follow_one_another_and_break_when_touched() {
    let site = collected();
    for name in ["one.jsonl", "two.jsonl"] {
        let told = export(&site, name);
        assert_eq!(told.code, Some(0), "{}", told.stderr);
    }
    assert_eq!(export(&site, "one.jsonl").code, Some(2), "a report is never overwritten");
    let mode = std::fs::metadata(site.at("data/proof/key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let pem = trailhound(site.path(), &["prove", "--public-key"]);
    assert!(pem.stdout.starts_with("-----BEGIN PUBLIC KEY-----"), "{}", pem.stdout);
    std::fs::write(site.at("key.pem"), &pem.stdout).unwrap();
    let told =
        trailhound(site.path(), &["prove", "--verify", "one.jsonl", "two.jsonl", "--public-key", "key.pem"]);
    assert_eq!(told.code, Some(0), "{}{}", told.stdout, told.stderr);
    assert!(told.stdout.matches("✓ Whole").count() == 2, "{}", told.stdout);
    let swapped = trailhound(site.path(), &["prove", "--verify", "two.jsonl", "one.jsonl"]);
    assert_eq!(swapped.code, Some(1));
    assert!(swapped.stdout.contains("one is missing or replaced"), "{}", swapped.stdout);

    let report = std::fs::read_to_string(site.at("one.jsonl")).unwrap();
    std::fs::write(site.at("touched.jsonl"), report.replacen("\"records\":1", "\"records\":2", 1)).unwrap();
    let told = trailhound(site.path(), &["prove", "--verify", "touched.jsonl"]);
    assert_eq!(told.code, Some(1));
    assert!(told.stdout.contains("✗ Broken at line"), "{}", told.stdout);
    assert_eq!(trailhound(site.path(), &["prove", "--verify", "absent.jsonl"]).code, Some(2));

    let first = trailhound(site.path(), &["prove", "--verify", "one.jsonl"]);
    let shown = mask(&first.stdout, site.path());
    for words in ["report     1 of the ledger [guid]", "made       [time] by trailhound", "follows    none"] {
        assert!(shown.contains(words), "{shown}");
    }
}

/// Whoever checks a later report must see that it is not of the key, or of the series, of those before it.
#[test]
fn a_key_or_series_that_was_lost_is_told_loudly() {
    let site = collected();
    assert_eq!(export(&site, "one.jsonl").code, Some(0));
    std::fs::remove_file(site.at("data/proof/key")).unwrap();
    let told = export(&site, "two.jsonl");
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stderr.contains("WARN") && told.stderr.contains("was lost or replaced"), "{}", told.stderr);
    let calm = export(&site, "three.jsonl");
    assert!(!calm.stderr.contains("lost"), "it is told once: {}", calm.stderr);

    let told = trailhound(site.path(), &["prove", "--verify", "one.jsonl", "two.jsonl"]);
    assert_eq!(told.code, Some(1), "{}", told.stdout);
    assert!(told.stdout.contains("WARNING") && told.stdout.contains("sealed with 2 keys"), "{}", told.stdout);
    let same = trailhound(site.path(), &["prove", "--verify", "two.jsonl", "three.jsonl"]);
    assert_eq!(same.code, Some(0), "{}", same.stdout);

    std::fs::remove_dir_all(site.at("data/proof")).unwrap();
    let told = export(&site, "four.jsonl");
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let words = ["the key of the reports", "the series of the reports", "the last one was number 3"];
    for word in words {
        assert!(told.stderr.contains(word), "{word}: {}", told.stderr);
    }
    let header = std::fs::read_to_string(site.at("four.jsonl")).unwrap();
    assert!(header.lines().next().unwrap().contains("\"warnings\":["));
}

#[test]
fn empty_reports_and_missing_keys_have_words_of_their_own() {
    let site = collected();
    std::fs::write(site.at("empty.jsonl"), "").unwrap();
    let told = trailhound(site.path(), &["prove", "--verify", "empty.jsonl"]);
    assert_eq!(told.code, Some(1));
    assert!(told.stdout.contains("the file is empty"), "{}", told.stdout);
    let told = trailhound(site.path(), &["prove", "--verify", "empty.jsonl", "--public-key", "absent.pem"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("as a file it cannot be read"), "{}", told.stderr);
}

/// Both need root, as most machines that run these tests for the project have.
#[test]
fn the_keys_belong_to_the_owner_of_the_data_folder_and_can_be_read_where_nothing_can_be_written() {
    use std::os::unix::fs::{MetadataExt, chown};
    let site = collected();
    if chown(site.at("data"), Some(4321), Some(4321)).is_err() {
        eprintln!("skipped: this user may not give files away");
        return;
    }
    assert_eq!(export(&site, "one.jsonl").code, Some(0));
    for name in ["proof", "proof/key", "proof/lock", "proof/series.json", "proof.last"] {
        assert_eq!(std::fs::metadata(site.at("data").join(name)).unwrap().uid(), 4321, "{name}");
    }
    let data = site.at("data");
    let mount = |options: &[&str]| Command::new("mount").args(options).arg(&data).status().unwrap().success();
    if !mount(&["--bind", data.to_str().unwrap()]) || !mount(&["-o", "remount,bind,ro"]) {
        eprintln!("skipped: this user may not mount a file system");
        return;
    }
    let told = trailhound(site.path(), &["prove", "--public-key"]);
    let refused = export(&site, "two.jsonl");
    assert!(Command::new("umount").arg("-l").arg(&data).status().unwrap().success());
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stdout.starts_with("-----BEGIN PUBLIC KEY-----"), "{}", told.stdout);
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    assert!(refused.stderr.contains("the file system is read-only: mount it writable"), "{}", refused.stderr);
}

/// Rows that vanished behind the ledger's back are no retired ones.
#[test]
fn lost_rows_are_told_and_nothing_is_sealed() {
    let site = collected();
    let database = rusqlite::Connection::open(site.at("data/journal.sqlite")).unwrap();
    let lost = database.execute("DELETE FROM blob WHERE state = 1 AND stream = 1", []).unwrap();
    assert!(lost > 0);
    drop(database);
    let told = export(&site, "lost.jsonl");
    assert_eq!(told.code, Some(1), "{}", told.stderr);
    assert!(told.stderr.contains("does not add up"), "{}", told.stderr);
    assert!(!std::path::Path::new(&site.at("lost.jsonl")).exists());
}

/// The check of `docs/prove-format.md`, word for word.
#[test]
fn a_report_can_be_checked_without_trailhound() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("no python3 here: the check without trailhound is left out");
        return;
    }
    let site = collected();
    assert_eq!(export(&site, "one.jsonl").code, Some(0));
    let page = include_str!("../../../../../docs/prove-format.md");
    let script = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    std::fs::write(site.at("check.py"), script).unwrap();
    let python = |file: &str| {
        Command::new("python3").current_dir(site.path()).args(["check.py", file]).output().unwrap()
    };
    let good = python("one.jsonl");
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let report = std::fs::read_to_string(site.at("one.jsonl")).unwrap();
    std::fs::write(site.at("bad.jsonl"), report.replacen("journalled", "Journalled", 1)).unwrap();
    assert!(!python("bad.jsonl").status.success());

    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("no openssl here: the signature is not checked without trailhound");
        return;
    }
    std::fs::write(site.at("key.pem"), trailhound(site.path(), &["prove", "--public-key"]).stdout).unwrap();
    let args = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.pem",
        "-rawin",
        "-in",
        "message",
        "-sigfile",
        "signature",
    ];
    let checked = Command::new("openssl").current_dir(site.path()).args(args).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
