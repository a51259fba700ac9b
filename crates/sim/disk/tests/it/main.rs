//! The disk from outside: with SQLite on it, and as a storage.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use trailhound_env::Storage;
use trailhound_sim_disk::SimDisk;

fn connect(storage: &dyn Storage) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    Connection::open_with_flags_and_vfs("/data/db", flags, storage.database_vfs().unwrap())
}

/// Moves one from `a` to `b`, so that their sum shows a half transaction.
fn move_one(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "BEGIN; UPDATE t SET n = n - 1 WHERE k = 'a'; UPDATE t SET n = n + 1 WHERE k = 'b'; COMMIT",
    )
}

fn sums(conn: &Connection) -> (i64, i64) {
    conn.query_row("SELECT sum(n), sum(n) FILTER (WHERE k = 'b') FROM t", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .unwrap()
}

#[test]
fn a_transaction_is_whole_in_both_of_sqlite_s_modes() {
    // With a rollback journal `FULL` does not sync the journal's removal, so a commit may be taken back: `EXTRA` does.
    for (mode, synchronous) in [("DELETE", "EXTRA"), ("WAL", "FULL")] {
        for point in 1.. {
            let disk = SimDisk::new(point);
            let storage = disk.storage();
            storage.make_folder(Path::new("/data")).unwrap();
            let conn = connect(&*storage).unwrap();
            conn.execute_batch("CREATE TABLE t (k, n); INSERT INTO t VALUES ('a', 100), ('b', 0)").unwrap();
            conn.execute_batch(&format!("PRAGMA journal_mode = {mode}; PRAGMA synchronous = {synchronous}"))
                .unwrap();
            storage.sync_folder(Path::new("/data")).unwrap();
            disk.power_loss_at_write(point);
            let acknowledged = (0..5).take_while(|_| move_one(&conn).is_ok()).count();
            drop(conn);
            if acknowledged == 5 {
                assert!(point > 10, "{mode}: the power was lost at {point} points only");
                break;
            }
            assert!(connect(&*storage).is_err(), "the machine that lost power is gone");
            let storage = disk.storage();
            let (sum, moved) = sums(&connect(&*storage).unwrap());
            let acknowledged = i64::try_from(acknowledged).unwrap();
            assert_eq!(sum, 100, "{mode}, write {point}: half a transaction");
            assert!((acknowledged..=acknowledged + 1).contains(&moved), "{mode}, write {point}: {moved}");
        }
    }
}

#[test]
fn equal_seeds_lose_equally_and_others_differently() {
    let lost = |seed| {
        let disk = SimDisk::new(seed);
        let files = disk.storage().whole_files(Path::new("/data/ids")).unwrap();
        for name in ["a", "b", "c"] {
            let mut file = files.create(name).unwrap();
            file.append(&[7; 10_000]).unwrap();
            if name == "a" {
                file.finish().unwrap();
            }
        }
        disk.power_loss();
        assert!(files.open("a").is_err());
        let left = disk.files();
        assert_eq!(left[Path::new("/data/ids/a")], [7; 10_000]);
        left
    };
    assert!((0..20).all(|seed| lost(seed) == lost(seed)));
    assert!((1..20).any(|seed| lost(seed) != lost(0)));
}

#[test]
fn a_lock_is_free_when_its_holder_is_killed_and_what_it_wrote_stays() {
    let disk = SimDisk::new(1);
    let storage = disk.storage();
    storage.make_folder(Path::new("/data")).unwrap();
    let held = storage.lock(Path::new("/data/lock")).unwrap();
    assert!(held.is_some() && storage.lock(Path::new("/data/lock")).unwrap().is_none());
    disk.kill();
    let next = disk.storage();
    let taken = next.lock(Path::new("/data/lock")).unwrap();
    drop(held);
    assert!(taken.is_some() && next.lock(Path::new("/data/lock")).unwrap().is_none());
    assert!(storage.facts(Path::new("/data/lock")).is_err());
    assert!(next.facts(Path::new("/data/lock")).unwrap().is_some());
}
