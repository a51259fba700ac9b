//! The account for people, at most 100 columns wide.

use std::fmt::Write as _;

use super::changes::ChangeProof;
use super::proof::{OutputProof, Part, Proof, StreamProof};
use crate::duration;
use crate::gaps;
use crate::output::{self, bytes, count, plural};

/// Rows of one kind before the rest is summed up.
const MAX_ROWS: usize = 12;

/// Columns.
const WIDTH: usize = 100;
/// Columns before the words of a line.
const INDENT: usize = 14;

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const PLAIN: &str = "\x1b[0m";

/// The whole account; colours are taken out where standard output is no terminal.
pub(crate) fn render(proof: &Proof) -> String {
    let mut text = String::new();
    for application in &proof.applications {
        for stream in &application.streams {
            let _ = writeln!(text, "{BOLD}{} · {}{PLAIN}", application.name, stream.stream);
            stream_lines(&mut text, stream, proof.is_limited);
            text.push('\n');
        }
    }
    if proof.applications.is_empty() {
        text.push_str("The journal knows no stream yet.\n");
    }
    change_lines(&mut text, &proof.changes);
    text.push_str(&conclusion(proof));
    text
}

/// The newest last, as in a log.
fn change_lines(text: &mut String, changes: &[ChangeProof]) {
    if changes.is_empty() {
        return;
    }
    let _ = writeln!(text, "{BOLD}Changed by hand or from outside{PLAIN}");
    let hidden = changes.len().saturating_sub(MAX_ROWS);
    if hidden > 0 {
        line(text, "", &format!("… {hidden} before these: see `--json`"));
    }
    for change in &changes[hidden..] {
        line(text, &format!("change/{}", change.number), &short(&change.tell()));
    }
    text.push('\n');
}

fn stream_lines(text: &mut String, stream: &StreamProof, is_limited: bool) {
    match &stream.range {
        None => line(text, "listed", "nothing yet; `trailhound check` says what stands in the way"),
        Some(range) => {
            let length = duration::tell(range.span.length());
            line(text, "looked at", &format!("{} to {} ({length})", short(&range.from), short(&range.to)));
            let not_fetched = match stream.blobs.pending {
                0 => String::new(),
                pending => format!(", {} not yet fetched", plural(pending, "blob")),
            };
            parts(text, "listed", &stream.covered, "nothing", &not_fetched);
            parts(text, "not listed", &stream.holes, "nothing: no hole", "");
        }
    }
    gap_lines(text, stream);
    if let Some(newest) = &stream.newest_blob {
        line(text, "newest blob", &format!("{} ({} in all)", short(newest), bytes(stream.bytes as f64)));
    }
    blob_sum(text, stream);
    for output in &stream.outputs {
        record_sum(text, stream, output);
    }
    if is_limited {
        line(text, "", "the sums are of this stream in all, not only in this span");
    }
    if stream.records.revisions > 0 {
        let revisions = plural(stream.records.revisions, "record");
        line(text, "", &format!("{revisions} came again with other content and were delivered again"));
    }
    for blob in stream.failing.iter().take(MAX_ROWS) {
        let tries = plural(u64::from(blob.attempts), "failure");
        line(text, "failing", blob.content_id.as_str());
        line(text, "", &format!("{tries}: {}", blob.last_error));
    }
}

/// One line for each part; `remark` stands at the end of the last.
fn parts(text: &mut String, label: &str, parts: &[Part], nothing: &str, remark: &str) {
    if parts.is_empty() {
        line(text, label, &format!("{nothing}{remark}"));
    }
    let shown = parts.len().min(MAX_ROWS);
    for (at, part) in parts.iter().take(MAX_ROWS).enumerate() {
        let label = if at == 0 { label } else { "" };
        let remark = if at + 1 == shown { remark } else { "" };
        let length = duration::tell(part.span.length());
        line(text, label, &format!("{} to {} ({length}){remark}", short(&part.from), short(&part.to)));
    }
    more(text, parts.len());
}

fn gap_lines(text: &mut String, stream: &StreamProof) {
    let gaps: Vec<_> = stream.gaps.iter().map(|proof| proof.gap.clone()).collect();
    let rows = gaps::rows(&gaps, None);
    if rows.is_empty() {
        line(text, "gaps", "none");
    }
    for (at, row) in rows.iter().take(MAX_ROWS).enumerate() {
        let label = if at == 0 { "gaps" } else { "" };
        let blobs = if row.blobs == 0 { String::new() } else { format!(", {}", plural(row.blobs, "blob")) };
        line(text, label, &format!("{} to {}{blobs}", short(&row.from), short(&row.to)));
        line(text, "", &format!("  {RED}{}{PLAIN}", row.why()));
    }
    more(text, rows.len());
}

/// L5 for blobs, spelt out.
fn blob_sum(text: &mut String, stream: &StreamProof) {
    let blobs = &stream.blobs;
    let difference = blobs.listed as i64 - (blobs.journalled + blobs.gap + blobs.pending) as i64;
    let sum = format!(
        "{} listed = {} journalled + {} in gaps + {} pending",
        count(blobs.listed),
        count(blobs.journalled),
        count(blobs.gap),
        count(blobs.pending)
    );
    line(text, "blobs", &format!("{sum} {}", mark(difference)));
}

/// L5 for the records at one output, spelt out; what is zero and unusual is left out.
fn record_sum(text: &mut String, stream: &StreamProof, output: &OutputProof) {
    let mut sum =
        format!("{} fetched = {} delivered", count(stream.records.fetched), count(output.delivered));
    let unusual = [
        (output.filtered, "filtered"),
        (output.dead_lettered, "refused"),
        (u64::try_from(output.waiting).unwrap_or(0), "waiting"),
    ];
    let _ = write!(sum, " + {} duplicates", count(stream.records.duplicates));
    for (number, what) in unusual.into_iter().filter(|(number, _)| *number > 0) {
        let _ = write!(sum, " + {} {what}", count(number));
    }
    line(text, &format!("→ {}", output.output), &format!("{sum} {}", mark(output.waiting.min(0))));
}

fn mark(difference: i64) -> String {
    if difference == 0 {
        format!("{GREEN}✓{PLAIN}")
    } else {
        format!("{RED}✗ differs by {difference}{PLAIN}")
    }
}

fn conclusion(proof: &Proof) -> String {
    match (proof.balanced, proof.complete) {
        (false, _) => format!("{RED}✗ The sums do not balance. Please report this as a defect.{PLAIN}\n"),
        (true, true) => format!("{GREEN}✓ Complete: no hole, no gap, and the sums balance.{PLAIN}\n"),
        (true, false) => format!("{RED}!{PLAIN} Not complete: see above. The sums balance.\n"),
    }
}

fn more(text: &mut String, rows: usize) {
    if rows > MAX_ROWS {
        line(text, "", &format!("… and {} more: see `--json`", rows - MAX_ROWS));
    }
}

fn line(text: &mut String, label: &str, words: &str) {
    output::row(text, label, words, INDENT, WIDTH);
}

/// Without milliseconds that are zero.
fn short(time: &str) -> String {
    time.replace(".000Z", "Z")
}
