//! The file itself: lock, permissions, damage, versions, reading from outside.

use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::Arc;

use rusqlite::Connection;
use trailhound_journal::{Journal, JournalErrorKind, Mode, Receipt, SqliteJournal};
use trailhound_model::{Delta, Gap, GapReason, OutputName, Seq, Span};

use crate::support::{FixedClock, START, at, chunk, commit_of, config, key, open};

const PAGE_BYTES: u64 = 16_384;

fn failure_to_open(folder: &std::path::Path) -> trailhound_journal::JournalError {
    SqliteJournal::open(config(folder, Mode::Threaded), Arc::new(FixedClock(START))).err().unwrap()
}

#[tokio::test]
async fn a_folder_has_one_process_and_belongs_to_its_owner() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("new/data");
    let journal = open(&folder, Mode::Threaded);
    journal.register(&key("s")).await.unwrap();
    let second = failure_to_open(&folder);
    assert_eq!(second.kind, JournalErrorKind::InUse);
    assert!(second.detail.contains(&folder.display().to_string()), "{second}");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "lock"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    drop(journal);
    open(&folder, Mode::Threaded);
}

#[tokio::test]
async fn damaged_bytes_and_indexes_are_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    for (sql, words) in [
        ("UPDATE payload SET bytes = zeroblob(length(bytes)) WHERE id = 1", "the bytes of chunk 1"),
        ("DELETE FROM payload WHERE id = 1", "the bytes of chunk 1 are missing"),
    ] {
        let folder = folder.path().join(words.len().to_string());
        {
            let journal = open(&folder, Mode::Threaded);
            let stream = journal.register(&key("s")).await.unwrap();
            journal.commit_blob(commit_of(stream, "b", at(0), vec![chunk(&[(1, "x")])])).await.unwrap();
        }
        let conn = Connection::open(folder.join("journal.sqlite")).unwrap();
        conn.execute(sql, []).unwrap();
        let journal = open(&folder, Mode::Threaded);
        let error = journal.read(Seq(0), usize::MAX).await.unwrap_err();
        assert_eq!(error.kind, JournalErrorKind::Damaged);
        assert!(error.detail.contains(words), "{error}");
        drop(journal);
        conn.execute("UPDATE chunk SET record_index = x'0100'", []).unwrap();
        let error = failure_to_open(&folder);
        assert_eq!(error.kind, JournalErrorKind::Damaged);
        assert!(error.detail.contains("index of chunk 1"), "{error}");
    }
}

#[tokio::test]
async fn a_file_not_closed_in_good_order_is_checked_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    {
        let journal = open(folder.path(), Mode::Threaded);
        let stream = journal.register(&key("s")).await.unwrap();
        for number in 0..40 {
            let blob = commit_of(stream, &format!("b{number}"), at(0), vec![]);
            journal.commit_blob(blob).await.unwrap();
        }
    }
    let file = folder.path().join("journal.sqlite");
    // Damage a table that opening does not read.
    let conn = Connection::open(&file).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'reader_stream'";
    let page: u64 = conn.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap().into();
    drop(conn);
    let write_page = |bytes: &[u8]| {
        let file = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
        file.write_all_at(bytes, (page - 1) * PAGE_BYTES).unwrap();
    };
    let whole = std::fs::read(&file).unwrap();
    let start = usize::try_from((page - 1) * PAGE_BYTES).unwrap();
    write_page(&[0xff; 64]);
    open(folder.path(), Mode::Threaded);
    let set_clean = |value: i64| {
        let conn = Connection::open(&file).unwrap();
        conn.execute("UPDATE meta SET value = ?1 WHERE name = 'clean'", [value]).unwrap();
    };
    set_clean(0);
    let error = failure_to_open(folder.path());
    assert_eq!(error.kind, JournalErrorKind::Damaged, "{error}");
    write_page(&whole[start..start + 64]);
    open(folder.path(), Mode::Threaded);
}

#[tokio::test]
async fn an_emptied_file_or_a_log_without_its_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.sqlite");
    drop(open(folder.path(), Mode::Inline));
    std::fs::write(&file, "").unwrap();
    for _ in 0..2 {
        let error = failure_to_open(folder.path());
        assert_eq!(error.kind, JournalErrorKind::Damaged);
        assert!(error.detail.contains("journal.sqlite` is empty"), "{error}");
        assert_eq!(std::fs::metadata(&file).unwrap().len(), 0, "nothing was made of it");
    }
    std::fs::remove_file(&file).unwrap();
    let log = folder.path().join("journal.sqlite-wal");
    std::fs::write(&log, "what was committed last").unwrap();
    let error = failure_to_open(folder.path());
    assert_eq!(error.kind, JournalErrorKind::Damaged);
    assert!(error.detail.contains("its log"), "{error}");
    std::fs::write(&log, "").unwrap();
    drop(open(folder.path(), Mode::Inline));
}

/// What a process can leave behind that was killed while it made the file, up to the renaming.
#[tokio::test]
async fn a_crash_while_the_file_is_made_leaves_nothing_that_is_taken_for_one() {
    let whole = tempfile::tempdir().unwrap();
    drop(open(whole.path(), Mode::Inline));
    let whole = std::fs::read(whole.path().join("journal.sqlite")).unwrap();
    for (bytes, rollback) in [(0, false), (0, true), (1, true), (whole.len() / 2, true), (whole.len(), false)]
    {
        let folder = tempfile::tempdir().unwrap();
        let unfinished = folder.path().join("journal.sqlite.new");
        std::fs::write(folder.path().join("lock"), "").unwrap();
        std::fs::write(&unfinished, &whole[..bytes]).unwrap();
        if rollback {
            std::fs::write(folder.path().join("journal.sqlite.new-journal"), [0xd9; 512]).unwrap();
        }
        let journal = open(folder.path(), Mode::Threaded);
        let stream = journal.register(&key("s")).await.unwrap();
        journal.commit_blob(commit_of(stream, "b", at(0), vec![chunk(&[(1, "x")])])).await.unwrap();
        drop(journal);
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert!(names.iter().all(|name| !name.to_str().unwrap().contains(".new")), "{names:?}");
        assert_eq!(open(folder.path(), Mode::Threaded).read(Seq(0), 1).await.unwrap().len(), 1);
    }
}

/// Killed at any moment of its first start, a process leaves a folder that the next one takes.
#[test]
fn a_first_start_that_is_killed_can_be_repeated() {
    for wait_us in (0..40_000).step_by(2_000) {
        let folder = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["files::child_that_opens", "--exact", "--ignored"])
            .env(FOLDER_VARIABLE, folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_micros(wait_us));
        child.kill().unwrap();
        child.wait().unwrap();
        let file = folder.path().join("journal.sqlite");
        assert!(std::fs::metadata(&file).map_or(true, |file| file.len() > 0), "killed after {wait_us} µs");
        drop(open(folder.path(), Mode::Threaded));
    }
}

const FOLDER_VARIABLE: &str = "TRAILHOUND_TEST_OPEN_FOLDER";

#[test]
#[ignore = "the child process of `a_first_start_that_is_killed_can_be_repeated`"]
fn child_that_opens() {
    let folder = std::env::var(FOLDER_VARIABLE).expect("started by the other test");
    drop(open(std::path::Path::new(&folder), Mode::Threaded));
}

#[test]
fn files_of_others_and_newer_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.sqlite");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    assert_eq!(failure_to_open(folder.path()).kind, JournalErrorKind::Unusable);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "this is no database, and long enough to be read as one: ".repeat(40)).unwrap();
    assert_eq!(failure_to_open(folder.path()).kind, JournalErrorKind::Damaged);
    std::fs::remove_file(&file).unwrap();
    drop(open(folder.path(), Mode::Inline));
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = failure_to_open(folder.path());
    assert_eq!(error.kind, JournalErrorKind::TooNew);
    assert!(error.detail.contains("99"), "{error}");
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    assert_eq!(failure_to_open(&blocked.join("data")).kind, JournalErrorKind::Unusable);
}

#[tokio::test]
async fn a_file_that_was_removed_or_replaced_takes_and_gives_nothing_more() {
    for mode in [Mode::Threaded, Mode::Inline] {
        for replaced in [false, true] {
            let parent = tempfile::tempdir().unwrap();
            let folder = parent.path().join("data");
            let journal = open(&folder, mode);
            let stream = journal.register(&key("s")).await.unwrap();
            journal.commit_blob(commit_of(stream, "b", at(0), vec![chunk(&[(1, "x")])])).await.unwrap();
            let siem = OutputName::new("siem").unwrap();
            journal.open_reader(&siem).await.unwrap();
            let away = parent.path().join("away");
            std::fs::rename(&folder, &away).unwrap();
            if replaced {
                std::fs::create_dir(&folder).unwrap();
                for name in ["journal.sqlite", "journal.sqlite-wal"] {
                    std::fs::copy(away.join(name), folder.join(name)).unwrap();
                }
            }
            let receipt =
                Receipt { reader: siem, position: Seq(1), output_state: None, counts: Vec::new(), at: at(1) };
            let failures = [
                journal.receipt(receipt.clone()).await.unwrap_err(),
                journal.register(&key("t")).await.unwrap_err(),
                journal.readers().await.unwrap_err(),
                journal.read(Seq(0), usize::MAX).await.unwrap_err(),
                journal.read(Seq(1), usize::MAX).await.unwrap_err(),
            ];
            for error in failures {
                assert_eq!(error.kind, JournalErrorKind::Lost);
                let file = folder.join("journal.sqlite");
                let words = format!(
                    "the journal's file is gone: `{}` was removed or replaced while it was open",
                    file.display()
                );
                assert_eq!(error.to_string(), words);
            }
            let log = std::fs::read(folder.join("journal.sqlite-wal")).ok();
            if !replaced {
                // Put back before the end: it is the same file, and goes on.
                std::fs::rename(&away, &folder).unwrap();
                journal.receipt(receipt).await.unwrap();
            }
            drop(journal);
            if replaced {
                let after = std::fs::read(folder.join("journal.sqlite-wal")).ok();
                assert_eq!(after, log, "the log of the other file is left alone");
            }
            open(&folder, mode);
        }
    }
}

#[tokio::test]
async fn reading_from_outside_works_beside_a_daemon_and_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let absent = SqliteJournal::open_read_only(folder.path()).err().unwrap();
    assert_eq!(absent.kind, JournalErrorKind::Unusable);
    assert!(absent.detail.contains("journal.sqlite"), "{absent}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");

    let journal = open(folder.path(), Mode::Threaded);
    let stream = journal.register(&key("s")).await.unwrap();
    journal.open_reader(&OutputName::new("siem").unwrap()).await.unwrap();
    let gap = Gap {
        span: Span::new(at(0), at(10)).unwrap(),
        reason: GapReason::SubscriptionOff,
        content_id: None,
        at: at(20),
    };
    journal.record(stream, vec![Delta::Gap(gap.clone())]).await.unwrap();
    let look = || {
        let reader = SqliteJournal::open_read_only(folder.path()).unwrap();
        let report = reader.report().unwrap();
        assert_eq!(report[0].gaps, std::slice::from_ref(&gap));
        assert_eq!(report[0].covered, [gap.span]);
        assert_eq!(reader.readers().unwrap().len(), 1);
    };
    look();
    drop(journal);
    look();
    open(folder.path(), Mode::Threaded);
}
