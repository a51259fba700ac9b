//! The demonstration where there is no terminal, and its last words.

use std::fmt::Write as _;

use super::model::Model;
use crate::duration;
use crate::output::{bytes, count};

/// One line of progress.
pub(crate) fn progress(model: &Model) -> String {
    let [records_rate, bytes_rate] = model.rates();
    format!(
        "{}: {} blobs, {} records ({records_rate}, {bytes_rate}), {} delivered, {} waiting, {} duplicates, {} blobs pending, {} gaps\n",
        duration::tell(model.elapsed),
        count(model.blobs),
        count(model.records),
        count(model.delivered),
        count(model.waiting),
        count(model.duplicates),
        count(model.pending),
        count(model.gaps),
    )
}

/// What to look at first.
pub(crate) fn welcome(model: &Model) -> String {
    let places = &model.places;
    format!("simulator {}, metrics {}, files under {}\n", places.simulator, places.metrics, places.files)
}

/// What was done and where it lies.
pub(crate) fn farewell(model: &Model) -> String {
    let places = &model.places;
    let mut text = format!(
        "\nCollected {} records ({}) from {} blobs in {}; {} delivered, {} duplicates left out, {} waiting, {} gaps.\n",
        count(model.records),
        bytes(model.raw_bytes as f64),
        count(model.blobs),
        duration::tell(model.elapsed),
        count(model.delivered),
        count(model.duplicates),
        count(model.waiting),
        count(model.gaps),
    );
    for alarm in &model.alarms {
        let _ = writeln!(text, "ALARM: {alarm}");
    }
    let _ = write!(
        text,
        "\n  the records      find {} -name '*.ndjson' | xargs head -n 2\n  \
         the proof        trailhound prove --config {}\n  \
         remove it all    rm -r {}\n",
        places.files, places.config, places.data,
    );
    text
}
