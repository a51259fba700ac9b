//! The picture for people at night, at most 80 columns wide.

use std::fmt::Write as _;

use trailhound_model::Timestamp;

use super::picture::{Picture, StreamPicture};
use crate::duration;
use crate::output::{self, count, plural};

/// Columns.
const WIDTH: usize = 80;
/// Columns before the words of a line.
const INDENT: usize = 13;
/// Failing blobs that are shown.
const MAX_FAILING: usize = 3;

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const GREEN: &str = "\x1b[32m";
const PLAIN: &str = "\x1b[0m";

/// The whole picture; colours are taken out where standard output is no terminal, or `NO_COLOR` is set.
pub(crate) fn render(picture: &Picture) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}\n", head(picture));
    for stream in &picture.streams {
        stream_lines(&mut text, stream, picture);
        text.push('\n');
    }
    if picture.streams.is_empty() {
        text.push_str("The journal knows no stream yet.\n\n");
    }
    let is_ill =
        |stream: &&StreamPicture| stream.health.as_ref().is_some_and(|health| health.severity != "well");
    let ill = picture.streams.iter().filter(is_ill).count();
    let _ = match ill {
        0 => writeln!(text, "{GREEN}No stream is known to be ill.{PLAIN}"),
        ill => writeln!(
            text,
            "{RED}{} of {} are not well: see above.{PLAIN}",
            ill,
            plural(picture.streams.len() as u64, "stream")
        ),
    };
    text
}

fn head(picture: &Picture) -> String {
    if picture.is_running {
        return format!("A daemon is running. As of {}.", short(picture.now));
    }
    let streams = picture.streams.iter();
    let newest = streams
        .filter_map(|stream| {
            stream.last_journalled_at.max(stream.health.as_ref().map(|health| health.written_at))
        })
        .max();
    match newest {
        Some(newest) => format!(
            "{YELLOW}No daemon is running.{PLAIN} This is how it was left; the last sign of life is\nof {}, {}.",
            short(newest),
            ago(newest, picture.now)
        ),
        None => format!("{YELLOW}No daemon is running{PLAIN}, and none has done anything here yet."),
    }
}

fn stream_lines(text: &mut String, stream: &StreamPicture, picture: &Picture) {
    let now = picture.now;
    let _ = writeln!(text, "{BOLD}{} · {}{PLAIN}", stream.application, stream.stream);
    health_lines(text, stream, picture);
    match stream.listed_to {
        Some(to) => {
            let holes = match stream.holes {
                0 => String::new(),
                holes => format!("; {} behind it", plural(holes as u64, "hole")),
            };
            line(text, "listed to", &format!("{} ({}){holes}", short(to), ago(to, now)));
        }
        None => line(text, "listed to", "nothing yet"),
    }
    if let Some(newest) = stream.newest_blob {
        line(text, "newest blob", &format!("{} ({})", short(newest), ago(newest, now)));
    }
    if let Some(at) = stream.last_journalled_at {
        line(text, "last in", &format!("{} ({})", short(at), ago(at, now)));
    }
    if stream.pending_blobs > 0 {
        line(text, "to fetch", &plural(stream.pending_blobs, "blob"));
    }
    for blob in stream.failing.iter().take(MAX_FAILING) {
        let tries = plural(u64::from(blob.attempts), "failure");
        line(text, "failing", &format!("{} ({tries}): {}", blob.content_id, blob.last_error));
    }
    if stream.failing.len() > MAX_FAILING {
        line(text, "", "… and more: see `--json`");
    }
    let gaps: Vec<String> =
        stream.gaps.iter().map(|(reason, rows)| format!("{} {reason}", count(*rows))).collect();
    line(text, "gap rows", &if gaps.is_empty() { "none".to_owned() } else { gaps.join(", ") });
    for output in &stream.outputs {
        let waiting = match output.waiting_records {
            0 => "everything delivered".to_owned(),
            waiting => format!("{} waiting", plural(waiting, "record")),
        };
        line(
            text,
            &format!("→ {}", output.output),
            &format!("{waiting} ({} done)", count(output.done_records)),
        );
    }
}

fn health_lines(text: &mut String, stream: &StreamPicture, picture: &Picture) {
    let Some(health) = &stream.health else {
        line(text, "health", "not judged yet");
        return;
    };
    let colour = match health.severity {
        "well" => GREEN,
        "warning" => YELLOW,
        _ => RED,
    };
    let word = if picture.is_running { "" } else { "was " };
    let since = format!("{} ({})", short(health.since), ago(health.since, picture.now));
    line(text, "health", &format!("{word}{colour}{}{PLAIN} since {since}", health.state));
    if health.severity != "well" {
        line(text, "cause", &health.cause);
        line(text, "", &format!("(said {}, when it was noticed)", ago(health.written_at, picture.now)));
    }
    if !health.cure.is_empty() && health.severity != "well" {
        line(text, "cure", &health.cure);
    }
}

fn line(text: &mut String, label: &str, words: &str) {
    output::row(text, label, words, INDENT, WIDTH);
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    if now < at { "just now".to_owned() } else { format!("{} ago", duration::tell(now.since(at))) }
}

fn short(at: Timestamp) -> String {
    format!("{}Z", at.to_seconds_string())
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
