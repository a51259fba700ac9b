//! Full disks, rights, log rotation, and files that others changed.

use std::fs;
use std::io::ErrorKind::{
    self, BrokenPipe, IsADirectory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem,
};
use std::path::Path;
use std::sync::Arc;

use trailhound_env::RealDisk;

use super::{config, output};
use crate::file::{Compression, FileOutput};
use crate::testing::{SimDisk, chunk, key, now};
use crate::{Output, OutputError};

const FILE: &str = "log/a.ndjson";

async fn try_write(output: &mut FileOutput, seq: u64, record: &str) -> Result<Option<String>, OutputError> {
    let batch = [chunk(seq, &key("contoso", "Audit.General"), &[record])];
    output.prepare(&batch, now())?;
    Ok(output.deliver(&batch, now()).await?.state)
}

async fn started(disk: &SimDisk) -> FileOutput {
    let mut output = output(config(FILE, Compression::None), Arc::new(disk.clone()));
    output.recover(None, &[]).await.unwrap();
    output
}

#[tokio::test]
async fn a_full_disk_is_tried_again_and_leaves_no_torn_line() {
    for capacity_bytes in 9..16 {
        let disk = SimDisk::new(capacity_bytes);
        let mut output = started(&disk).await;
        let stored = try_write(&mut output, 1, "n:{\"a\":1}").await.unwrap();
        disk.set_capacity_bytes(capacity_bytes);
        let error = try_write(&mut output, 2, "n:{\"a\":2}").await.unwrap_err();
        assert_eq!(error.what, "write to `log/a.ndjson`: no space left");
        assert!(error.retry);
        assert!(try_write(&mut output, 2, "n:{\"a\":2}").await.is_err(), "only `recover` may follow");
        let again = [chunk(2, &key("contoso", "Audit.General"), &["n:{\"a\":2}"])];
        output.recover(stored.as_deref(), &again).await.unwrap();
        assert_eq!(disk.files()[Path::new(FILE)], b"{\"a\":1}\n");
        disk.set_capacity_bytes(u64::MAX);
        try_write(&mut output, 2, "n:{\"a\":2}").await.unwrap();
        assert_eq!(disk.files()[Path::new(FILE)], b"{\"a\":1}\n{\"a\":2}\n");
    }
}

#[tokio::test]
async fn a_file_that_was_rotated_away_is_begun_anew() {
    let disk = SimDisk::new(1);
    let mut output = started(&disk).await;
    try_write(&mut output, 1, "n:{\"a\":1}").await.unwrap();
    disk.move_away(Path::new(FILE), "log/a.ndjson.1");
    let stored = try_write(&mut output, 2, "n:{\"a\":2}").await.unwrap();
    output.recover(stored.as_deref(), &[]).await.unwrap();
    disk.move_away(Path::new(FILE), "log/a.ndjson.2");
    output.recover(stored.as_deref(), &[]).await.unwrap();
    try_write(&mut output, 3, "n:{\"a\":3}").await.unwrap();
    assert_eq!(disk.files()[Path::new(FILE)], b"{\"a\":3}\n");
    assert_eq!(disk.files()[Path::new("log/a.ndjson.2")], b"{\"a\":2}\n");
}

#[tokio::test]
async fn a_file_cut_by_log_rotation_goes_on_at_its_new_end() {
    let disk = SimDisk::new(1);
    let mut output = started(&disk).await;
    try_write(&mut output, 1, "n:{\"a\":1}").await.unwrap();
    disk.put(FILE, b"");
    let stored = try_write(&mut output, 2, "n:{\"b\":2}").await.unwrap();
    output.recover(stored.as_deref(), &[]).await.unwrap();
    assert_eq!(disk.files()[Path::new(FILE)], b"{\"b\":2}\n");
}

#[tokio::test]
async fn what_stood_in_a_file_before_stays() {
    let disk = SimDisk::new(1);
    disk.put(FILE, b"theirs\n");
    let mut output = started(&disk).await;
    let batch = [chunk(1, &key("contoso", "Audit.General"), &["n:{}"])];
    let intent = output.prepare(&batch, now()).unwrap();
    output.deliver(&batch, now()).await.unwrap();
    output.recover(intent.as_deref(), &batch).await.unwrap();
    assert_eq!(disk.files()[Path::new(FILE)], b"theirs\n");
}

#[tokio::test]
async fn an_undone_first_delivery_leaves_no_file_of_ours() {
    for theirs in [None, Some(b"")] {
        let disk = SimDisk::new(1);
        if let Some(bytes) = theirs {
            disk.put(FILE, bytes);
        }
        let mut output = started(&disk).await;
        let batch = [chunk(1, &key("contoso", "Audit.General"), &["n:{}"])];
        let intent = output.prepare(&batch, now()).unwrap();
        output.deliver(&batch, now()).await.unwrap();
        output.recover(intent.as_deref(), &batch).await.unwrap();
        assert_eq!(
            disk.files().get(Path::new(FILE)).map(Vec::len),
            theirs.map(|_| 0),
            "an empty file of theirs stays"
        );
    }
}

#[tokio::test]
async fn a_file_that_was_cut_is_left_alone_and_a_new_part_begins() {
    for restarted in [false, true] {
        let disk = SimDisk::new(1);
        let mut output = started(&disk).await;
        let stored = try_write(&mut output, 1, "n:{\"a\":1}").await.unwrap();
        disk.put(FILE, b"{\"a");
        disk.put("log/a.1.ndjson", b"theirs");
        if restarted {
            output.recover(stored.as_deref(), &[]).await.unwrap();
        }
        let batch = [chunk(2, &key("contoso", "Audit.General"), &["n:{\"b\":2}"])];
        let intent = output.prepare(&batch, now()).unwrap();
        assert!(intent.as_deref().unwrap().contains("\"part\":2,\"len\":0"), "{intent:?}");
        output.deliver(&batch, now()).await.unwrap();
        // Power loss before the receipt: the new part is undone, the cut file stays as it is.
        output.recover(intent.as_deref(), &batch).await.unwrap();
        assert_eq!(disk.files().len(), 2);
        let stored = try_write(&mut output, 2, "n:{\"b\":2}").await.unwrap();
        output.recover(stored.as_deref(), &[]).await.unwrap();
        try_write(&mut output, 3, "n:{\"c\":3}").await.unwrap();
        let files = disk.files();
        assert_eq!(files[Path::new(FILE)], b"{\"a");
        assert_eq!(files[Path::new("log/a.1.ndjson")], b"theirs");
        assert_eq!(files[Path::new("log/a.2.ndjson")], b"{\"b\":2}\n{\"c\":3}\n");
    }
}

#[tokio::test]
async fn a_cut_file_holds_up_no_other() {
    let disk = SimDisk::new(1);
    let mut output = output(config("log/{stream}.ndjson", Compression::None), Arc::new(disk.clone()));
    output.recover(None, &[]).await.unwrap();
    let batch = |seq, record: &str| {
        ["Audit.General", "DLP.All"].map(|stream| chunk(seq, &key("contoso", stream), &[record]))
    };
    output.prepare(&batch(1, "n:{\"a\":1}"), now()).unwrap();
    let stored = output.deliver(&batch(1, "n:{\"a\":1}"), now()).await.unwrap().state;
    disk.put("log/Audit.General.ndjson", b"{\"a\":");
    output.recover(stored.as_deref(), &[]).await.unwrap();
    output.prepare(&batch(2, "n:{\"a\":2}"), now()).unwrap();
    output.deliver(&batch(2, "n:{\"a\":2}"), now()).await.unwrap();
    let files = disk.files();
    assert_eq!(files[Path::new("log/Audit.General.1.ndjson")], b"{\"a\":2}\n");
    assert_eq!(files[Path::new("log/DLP.All.ndjson")], b"{\"a\":1}\n{\"a\":2}\n");
}

#[tokio::test]
async fn a_cut_file_is_not_taken_up_again_after_a_pause() {
    let disk = SimDisk::new(1);
    disk.put(FILE, b"{\"a");
    disk.put("log/a.1.ndjson", b"{\"b\":2}\n");
    let mut output = started(&disk).await;
    try_write(&mut output, 3, "n:{\"c\":3}").await.unwrap();
    assert_eq!(disk.files()[Path::new("log/a.1.ndjson")], b"{\"b\":2}\n{\"c\":3}\n");
}

/// What a copied or restored data folder finds: lines that a receipt it does not have stands for.
#[tokio::test]
async fn lines_that_are_not_delivered_again_are_never_cut_off() {
    let packings = [(Compression::None, ""), (Compression::Gzip, ".gz"), (Compression::Zstd, ".zst")];
    for (compression, ending) in packings {
        // Up to which batch the copy's journal reaches, and in how many files the lines are in the end.
        for (journalled, files) in [(1, 2), (2, 2), (3, 1)] {
            let disk = SimDisk::new(1);
            let start = || output(config(FILE, compression), Arc::new(disk.clone()));
            let mut original = start();
            original.recover(None, &[]).await.unwrap();
            let copied = try_write(&mut original, 1, "n:{\"a\":1}").await.unwrap();
            try_write(&mut original, 2, "n:{\"a\":2}").await.unwrap();
            try_write(&mut original, 3, "n:{\"a\":3}").await.unwrap();
            let whole = disk.files().into_values().next().unwrap();

            let again: Vec<_> = (2..=journalled)
                .map(|seq| {
                    chunk(seq, &key("contoso", "Audit.General"), &[format!("n:{{\"a\":{seq}}}").as_str()])
                })
                .collect();
            let mut copy = start();
            copy.recover(copied.as_deref(), &again).await.unwrap();
            let stored = try_write(&mut copy, 4, "n:{\"a\":4}").await.unwrap();
            copy.recover(stored.as_deref(), &[]).await.unwrap();
            let found = disk.files();
            assert_eq!(found.len(), files, "{compression:?}, journalled up to {journalled}");
            if files == 2 {
                assert_eq!(found[Path::new(&format!("{FILE}{ending}"))], whole);
                assert!(!found[Path::new(&format!("log/a.1.ndjson{ending}"))].is_empty());
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_was_fresh_and_holds_lines_of_others_stays() {
    let disk = SimDisk::new(1);
    let mut output = started(&disk).await;
    let batch = [chunk(1, &key("contoso", "Audit.General"), &["n:{\"a\":1}"])];
    let intent = output.prepare(&batch, now()).unwrap();
    disk.put(FILE, b"{\"a\":1}\ntheirs\n");
    output.recover(intent.as_deref(), &batch).await.unwrap();
    try_write(&mut output, 1, "n:{\"a\":1}").await.unwrap();
    assert_eq!(disk.files()[Path::new(FILE)], b"{\"a\":1}\ntheirs\n");
    assert_eq!(disk.files()[Path::new("log/a.1.ndjson")], b"{\"a\":1}\n");
}

#[tokio::test]
async fn what_a_power_loss_leaves_of_a_batch_is_cut_off() {
    let torn: [&[u8]; 5] =
        [b"{\"a", b"{\"a\":1}\n", b"{\"a\":1}\n{\"b", b"{\"a\":1}\n\0\0\0\0", b"\0\0\n{\"b\":2}\n"];
    for left in torn {
        let disk = SimDisk::new(1);
        let mut output = started(&disk).await;
        let batch = [chunk(1, &key("contoso", "Audit.General"), &["n:{\"a\":1}", "n:{\"b\":\n2}"])];
        let intent = output.prepare(&batch, now()).unwrap();
        disk.put(FILE, left);
        output.recover(intent.as_deref(), &batch).await.unwrap();
        assert_eq!(disk.files().len(), 0, "{}", left.escape_ascii());
    }
}

#[test]
fn unknown_bytes_are_told_in_words() {
    let told = crate::file::errors::unknown_bytes(Path::new(FILE), 8, 24, Path::new("log/a.1.ndjson"));
    insta::assert_snapshot!(told, @"`log/a.ndjson` holds 16 bytes after byte 8 that this data folder knows nothing of: it is an older copy of the one that wrote them, or somebody else writes there too; the file is left as it is, and delivery goes on in `log/a.1.ndjson`. A copied data folder needs another `path`; after a restore some records come twice, once in each of the two files");
}

#[tokio::test]
async fn a_removed_file_is_begun_anew_after_a_restart() {
    let disk = SimDisk::new(1);
    let mut output = started(&disk).await;
    let stored = try_write(&mut output, 1, "n:{\"a\":1}").await.unwrap();
    disk.move_away(Path::new(FILE), "elsewhere");
    output.recover(stored.as_deref(), &[]).await.unwrap();
    let batch = [chunk(2, &key("contoso", "Audit.General"), &["n:{\"b\":2}"])];
    let intent = output.prepare(&batch, now()).unwrap();
    output.deliver(&batch, now()).await.unwrap();
    output.recover(intent.as_deref(), &batch).await.unwrap();
    assert_eq!(disk.files().len(), 1, "an undone delivery leaves no file");
    try_write(&mut output, 2, "n:{\"b\":2}").await.unwrap();
    assert_eq!(disk.files()[Path::new(FILE)], b"{\"b\":2}\n");
}

#[test]
fn lost_bytes_are_told_in_words() {
    let told = |present| {
        let next = if present == Some(3) { "log/a.1.ndjson" } else { FILE };
        crate::file::errors::lost_bytes(Path::new(FILE), 8, present, Path::new(next))
    };
    insta::assert_snapshot!([None, Some(0), Some(3)].map(told).join("\n"), @r"
    `log/a.ndjson` was removed or moved away: 8 bytes that were delivered to it are gone, and delivery goes on in `log/a.ndjson`; trailhound does not write them again: what the journal still holds could be delivered once more by hand only
    `log/a.ndjson` was emptied: 8 bytes that were delivered to it are gone, and delivery goes on in `log/a.ndjson`; trailhound does not write them again: what the journal still holds could be delivered once more by hand only
    `log/a.ndjson` was cut from outside and is left as it is: 5 bytes that were delivered to it are gone, and delivery goes on in `log/a.1.ndjson`; trailhound does not write them again: what the journal still holds could be delivered once more by hand only
    ");
}

#[tokio::test]
async fn a_file_where_a_folder_should_be_is_told_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log"), "").unwrap();
    let path = format!("{}/log/deep/a.ndjson", folder.path().display());
    let mut output = output(config(&path, Compression::None), Arc::new(RealDisk));
    output.recover(None, &[]).await.unwrap();
    for error in
        [output.check(now()).await.unwrap_err(), try_write(&mut output, 1, "n:{}").await.unwrap_err()]
    {
        assert!(
            error.what.ends_with("a part of the path is a file, so its folder cannot be made"),
            "{error}"
        );
        assert!(!error.retry);
    }
}

#[tokio::test]
async fn a_check_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/{{date}}.ndjson", folder.path().display());
    let mut output = output(config(&path, Compression::None), Arc::new(RealDisk));
    output.check(now()).await.unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn every_fault_has_its_own_words() {
    let told = |kind: ErrorKind| {
        let error = crate::file::errors::io("write to", Path::new("/x"), &kind.into());
        assert!(!error.hint.is_empty());
        format!("{} (retry: {})", error.what, error.retry)
    };
    let all = [PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, IsADirectory, BrokenPipe].map(told);
    insta::assert_snapshot!(all.join("\n"), @r"
    write to `/x`: permission denied (retry: false)
    write to `/x`: no space left (retry: true)
    write to `/x`: the file system is read-only (retry: false)
    write to `/x`: it is a folder (retry: false)
    write to `/x`: broken pipe (retry: true)
    ");
}
