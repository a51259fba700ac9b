//! The preconditions of the machine: the data folder and the outputs.

use std::io::{self, Write};
use std::path::Path;

use trailhound_model::Timestamp;
use trailhound_outputs::Output;

use super::{Finding, Verdict};

/// Less free space than this is worth a word, in bytes.
const LOW_SPACE_BYTES: u64 = 1 << 30;
/// Less than this cannot hold a busy hour, in bytes.
const NO_SPACE_BYTES: u64 = 64 << 20;

/// Whether the data folder can be written and has room.
pub fn check_data_dir(data_dir: &Path) -> Finding {
    let place = data_dir.display();
    if let Err(error) = probe(data_dir) {
        return Finding::new(
            "disk",
            Verdict::Failed,
            format!("the data folder `{place}` cannot be written: {error}"),
            "make the folder and give it to the user that runs trailhound, or change `data_dir`",
        );
    }
    match rustix::fs::statvfs(data_dir) {
        Ok(stat) => space(&place.to_string(), stat.f_bavail.saturating_mul(stat.f_frsize)),
        Err(error) => Finding::new(
            "disk",
            Verdict::Warning,
            format!("the free space at `{place}` could not be read: {error}"),
            "check it by hand",
        ),
    }
}

fn space(place: &str, free_bytes: u64) -> Finding {
    let free = format!("{:.1} GiB", free_bytes as f64 / f64::from(1u32 << 30));
    let hint = "free some space: while the disk is full, collection waits (nothing is lost for seven days)";
    if free_bytes < NO_SPACE_BYTES {
        return Finding::new("disk", Verdict::Failed, format!("only {free} are free at `{place}`"), hint);
    }
    if free_bytes < LOW_SPACE_BYTES {
        return Finding::new("disk", Verdict::Warning, format!("only {free} are free at `{place}`"), hint);
    }
    Finding::ok("disk", format!("the data folder `{place}` can be written, {free} free"))
}

fn probe(data_dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(data_dir)?;
    let path = data_dir.join(".write-probe");
    let mut file = std::fs::File::create(&path)?;
    file.write_all(&[0; 4096])?;
    file.sync_all()?;
    std::fs::remove_file(&path)
}

/// Whether an output's receiver can be reached and written.
pub async fn check_output(output: &mut dyn Output, now: Timestamp) -> Finding {
    let name = output.name().clone();
    match output.check(now).await {
        Ok(()) => Finding::ok("output", format!("output `{name}` can be written")),
        Err(error) => Finding::new(
            "output",
            Verdict::Failed,
            format!("output `{name}` failed to {}", error.what),
            error.hint,
        ),
    }
}
