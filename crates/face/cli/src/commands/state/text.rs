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
    let unknown = picture.streams.iter().filter(|stream| is_unknown(stream, picture)).count() as u64;
    if unknown > 0 {
        let _ = writeln!(text, "{YELLOW}Not judged yet: {}.{PLAIN}", plural(unknown, "stream"));
    }
    if !picture.failing_outputs.is_empty() || picture.journal_error.is_some() {
        let _ = writeln!(text, "{RED}Records are not delivered or not collected: see the top.{PLAIN}");
        return text;
    }
    let _ = match ill {
        0 if unknown > 0 || picture.streams.is_empty() => Ok(()),
        0 if !picture.is_running => writeln!(text, "No stream was known to be ill when the daemon ended."),
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

/// Nobody who lives has judged it.
fn is_unknown(stream: &StreamPicture, picture: &Picture) -> bool {
    stream.health.as_ref().is_none_or(|health| picture.is_running && !health.is_live)
}

fn head(picture: &Picture) -> String {
    if picture.is_running {
        let mut text = format!("A daemon is running. As of {}.\n", short(picture.now));
        if let Some(why) = &picture.daemon_silent {
            let words = format!(
                "{YELLOW}It does not say how it is{PLAIN} ({why}): what follows is what was written last. Look \
                 whether it is stopped or busy, and into its log."
            );
            output::row(&mut text, "daemon", &words, INDENT, WIDTH);
        }
        if let Some(error) = &picture.journal_error {
            output::row(&mut text, "journal", &format!("{RED}{error}{PLAIN}"), INDENT, WIDTH);
        }
        for failing in &picture.failing_outputs {
            let since = Timestamp::parse(&failing.since)
                .map_or_else(|_| failing.since.clone(), |at| ago(at, picture.now));
            let words = format!("{RED}failed to {}{PLAIN}; first {since}; {}", failing.error, failing.hint);
            output::row(&mut text, &format!("→ {}", failing.output), &words, INDENT, WIDTH);
        }
        for change in &picture.outside_changes {
            let at =
                Timestamp::parse(&change.at).map_or_else(|_| change.at.clone(), |at| ago(at, picture.now));
            let words = format!("{YELLOW}changed from outside{PLAIN}, noticed {at}: {}", change.what);
            output::row(&mut text, &format!("→ {}", change.output), &words, INDENT, WIDTH);
        }
        return text.trim_end().to_owned();
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
    let subscription = match (stream.subscribed_at, stream.start_sent_at) {
        (Some(at), _) => format!("seen enabled {}", ago(at, now)),
        (None, Some(at)) => format!("not seen enabled yet; a start was sent {}", ago(at, now)),
        (None, None) => "not seen enabled yet".to_owned(),
    };
    line(text, "subscribed", &subscription);
    match stream.last_success {
        Some(at) => line(text, "last call", &format!("succeeded {} ({})", short(at), ago(at, now))),
        None => line(text, "last call", "none has succeeded yet"),
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
    let since = format!("{} ({})", short(health.since), ago(health.since, picture.now));
    if picture.is_running && !health.is_live {
        let words = match picture.daemon_silent {
            Some(_) => format!("written last: {} since {since}", health.state),
            None => format!("not judged yet; an earlier process wrote: {} since {since}", health.state),
        };
        line(text, "health", &words);
        return;
    }
    let colour = match health.severity {
        "well" => GREEN,
        "warning" => YELLOW,
        _ => RED,
    };
    let word = if picture.is_running { "" } else { "was " };
    line(text, "health", &format!("{word}{colour}{}{PLAIN} since {since}", health.state));
    if health.severity != "well" {
        line(text, "cause", &health.cause);
        if !health.is_live {
            line(text, "", &format!("(said {}, when it was noticed)", ago(health.written_at, picture.now)));
        }
    }
    if !health.cure.is_empty() && health.severity != "well" {
        line(text, "cure", &health.cure);
    }
    if !health.also.is_empty() {
        line(text, "also", &health.also.join(", "));
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
