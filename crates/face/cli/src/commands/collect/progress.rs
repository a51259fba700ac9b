//! Progress on standard error: bars on a terminal, a line every few seconds elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use trailhound_model::StreamKey;
use trailhound_pipeline::board::{Snapshot, StreamPhase, StreamStatus};

use super::summary::Asked;
use crate::logging::LogPlace;
use crate::output::{bytes, count, plural};
use crate::rate::Rate;

/// Time between lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// More bars than this do not fit on a terminal: then there is one for all.
const MAX_BARS: usize = 24;

/// Columns where the terminal does not tell.
const USUAL_COLUMNS: usize = 80;
/// From here on there is room for long bars.
const ROOMY_COLUMNS: usize = 100;
/// Columns of a bar's numbers, the spaces, and the first words of the message.
const NUMBERS_COLUMNS: usize = 16 + 12;

/// Shows how far a collection is.
pub(crate) enum Progress {
    /// One bar a stream.
    Bars(Bars),
    /// A line now and then.
    Lines(Lines),
}

pub(crate) struct Bars {
    all: MultiProgress,
    streams: Vec<(Option<StreamKey>, ProgressBar, Rate)>,
    log: LogPlace,
}

#[derive(Default)]
pub(crate) struct Lines {
    rate: Rate,
    last: Option<Duration>,
}

impl Progress {
    /// Bars when standard error is a terminal.
    pub(crate) fn start(asked: &Asked, log: &LogPlace) -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bars(Bars::new(asked, log))
        } else {
            Self::Lines(Lines::default())
        }
    }

    /// Shows the state at a monotonic time.
    pub(crate) fn show(&mut self, board: &Snapshot, now: Duration) {
        match self {
            Self::Bars(bars) => bars.show(board, now),
            Self::Lines(lines) => lines.show(board, now),
        }
    }

    /// Says a sentence beside the progress.
    pub(crate) fn say(&self, text: &str) {
        match self {
            Self::Bars(bars) => bars.all.suspend(|| eprintln!("{text}")),
            Self::Lines(_) => eprintln!("{text}"),
        }
    }

    /// Leaves the terminal clean.
    pub(crate) fn finish(self) {
        if let Self::Bars(bars) = self {
            bars.log.to_stderr();
            // A terminal that cannot be cleared is no failure.
            let _ = bars.all.clear();
        }
    }
}

impl Bars {
    fn new(asked: &Asked, log: &LogPlace) -> Self {
        let all = MultiProgress::new();
        log.above(&all);
        let keys: Vec<Option<StreamKey>> = if asked.streams.len() <= MAX_BARS {
            asked.streams.iter().map(|(key, _)| Some(key.clone())).collect()
        } else {
            vec![None]
        };
        let name =
            |key: &Option<StreamKey>| key.as_ref().map_or_else(|| "all".to_owned(), ToString::to_string);
        let columns = crossterm::terminal::size().map_or(USUAL_COLUMNS, |(columns, _)| usize::from(columns));
        let longest = keys.iter().map(|key| name(key).len()).max().unwrap_or(0);
        let template = template(longest, columns);
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─");
        let bar = |key: Option<StreamKey>| {
            let bar = all.add(ProgressBar::new(0)).with_style(style.clone()).with_prefix(name(&key));
            (key, bar, Rate::default())
        };
        let streams = keys.into_iter().map(bar).collect();
        Self { all, streams, log: log.clone() }
    }

    fn show(&mut self, board: &Snapshot, now: Duration) {
        for (key, bar, rate) in &mut self.streams {
            let status = match key {
                Some(key) => board.streams.get(key).cloned().unwrap_or_default(),
                None => total(board),
            };
            let done = status.fetched_blobs + status.gap_blobs;
            bar.set_length(done + status.pending_blobs);
            bar.set_position(done);
            let per_second = rate.update(now, status.records.fetched);
            bar.set_message(message(&status, per_second));
        }
    }
}

/// One line that never wraps: names are cut where they leave no room, the message always is.
fn template(longest_name: usize, columns: usize) -> String {
    let bar = if columns < ROOMY_COLUMNS { 8 } else { 20 };
    let width = longest_name.min(columns.saturating_sub(bar + NUMBERS_COLUMNS)).max(1);
    format!("{{prefix:{width}!}} {{bar:{bar}}} {{pos:>6}}/{{len:<6}} {{wide_msg}}")
}

impl Lines {
    fn show(&mut self, board: &Snapshot, now: Duration) {
        let status = total(board);
        let per_second = self.rate.update(now, status.records.fetched);
        let last = *self.last.get_or_insert(now);
        if now.saturating_sub(last) < LINE_EVERY {
            return;
        }
        self.last = Some(now);
        let done = status.fetched_blobs + status.gap_blobs;
        let known = count(done + status.pending_blobs);
        eprintln!("blobs {} of {known} so far, {}", count(done), message(&status, per_second));
    }
}

fn message(status: &StreamStatus, per_second: f64) -> String {
    let records = plural(status.records.fetched, "record");
    let size = bytes(status.raw_bytes as f64);
    let rate = format!("{per_second:.0} records/s");
    let trouble = match (&status.phase, &status.last_error) {
        _ if status.finished => ", done".to_owned(),
        (StreamPhase::Throttled, _) => ", Microsoft asks to wait".to_owned(),
        (StreamPhase::Retrying | StreamPhase::Failed(_), Some((_, what, _))) => format!(", {what}"),
        _ => String::new(),
    };
    format!("{records}, {size}, {rate}{trouble}")
}

fn total(board: &Snapshot) -> StreamStatus {
    let mut total = StreamStatus::default();
    for status in board.streams.values() {
        total.listed_blobs += status.listed_blobs;
        total.fetched_blobs += status.fetched_blobs;
        total.gap_blobs += status.gap_blobs;
        total.pending_blobs += status.pending_blobs;
        total.raw_bytes += status.raw_bytes;
        total.records += status.records;
        if status.phase != StreamPhase::Ok && status.last_error.is_some() {
            total.phase = status.phase;
            total.last_error.clone_from(&status.last_error);
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_leaves_room_for_its_message_on_any_terminal() {
        for (longest, columns) in [(10, 120), (60, 80), (60, 40), (60, 10)] {
            let template = template(longest, columns);
            assert!(ProgressStyle::with_template(&template).is_ok(), "{template}");
        }
        assert!(template(60, 80).starts_with("{prefix:44!} {bar:8} "));
        assert!(template(60, 60).starts_with("{prefix:24!} {bar:8} "));
    }
}
