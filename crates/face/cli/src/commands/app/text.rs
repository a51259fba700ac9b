//! What `app retry` and `app rewind` say, at most 80 columns wide where ids allow.

use std::fmt::Write as _;

use crate::control::{Answer, Period, StreamAnswer};
use crate::output::plural;

/// Blobs that are told one by one.
const MAX_TOLD: usize = 10;

/// All of it.
pub(crate) fn render(answer: &Answer, is_retry: bool) -> String {
    let mut text = String::new();
    let mut changed = false;
    for stream in &answer.streams {
        let mut lines = Vec::new();
        changed |= tell(stream, is_retry, &mut lines);
        if lines.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{} · {}", answer.application, stream.stream);
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
    }
    text.push_str(conclusion(answer, changed, is_retry));
    text
}

/// Whether some stream has something to tell.
pub(crate) fn is_anything_told(answer: &Answer) -> bool {
    answer.streams.iter().any(|stream| {
        let mut lines = Vec::new();
        tell(stream, true, &mut lines);
        !lines.is_empty()
    })
}

/// Adds what happened to one stream; whether anything changed.
fn tell(stream: &StreamAnswer, is_retry: bool, lines: &mut Vec<String>) -> bool {
    for period in &stream.listed_again {
        lines.push(format!("listed again: {}", span(period)));
    }
    if let Some(horizon) = &stream.horizon {
        lines.push(format!("covered from {} on, earlier than before", short(horizon)));
    }
    if stream.reopened > 0 {
        lines.push(format!("{} out of gaps, to be fetched again", plural(stream.reopened, "blob")));
    }
    if stream.hastened > 0 {
        lines.push(format!("{} waited for another attempt, now due", plural(stream.hastened, "blob")));
    }
    if stream.was_waiting {
        lines.push("waited after failures, tries at once".to_owned());
    }
    let changed = !lines.is_empty();
    if let Some(lost) = &stream.lost {
        lines.push(format!("out of Microsoft's reach: {}", span(lost)));
    }
    if stream.refused_blobs > 0 {
        let what = if is_retry { "cannot be tried again" } else { "cannot be had any more" };
        lines.push(format!("{} {what}:", plural(stream.refused_blobs, "blob")));
        for refused in stream.refused.iter().take(MAX_TOLD) {
            lines.push(format!("  {}", refused.content_id));
            lines.push(format!("    {}", refused.why));
        }
        let more = stream.refused_blobs.saturating_sub(MAX_TOLD as u64);
        if more > 0 {
            lines.push(format!("  … and {}: see `--json`", plural(more, "other")));
        }
    }
    changed
}

fn conclusion(answer: &Answer, changed: bool, is_retry: bool) -> &'static str {
    match (changed, answer.running, is_retry) {
        (false, _, true) => "Nothing to do: no blob that can be had is in a gap or waits.\n",
        (false, _, false) => "Nothing to do: nothing from that moment on counts as listed.\n",
        (true, true, true) => "The daemon has begun; `trailhound prove` shows what came of it.\n",
        (true, false, true) => "No daemon runs: the next `trailhound run` or `collect` does it.\n",
        (true, true, false) => {
            "The daemon has begun. What is in the journal is not fetched twice, nor\n\
             delivered again.\n"
        }
        (true, false, false) => {
            "No daemon runs: the next `trailhound run` lists it. What is in the journal\n\
             is not fetched twice, nor delivered again.\n"
        }
    }
}

fn span(period: &Period) -> String {
    format!("{} to {}", short(&period.from), short(&period.to))
}

fn short(time: &str) -> String {
    time.replace(".000Z", "Z")
}
