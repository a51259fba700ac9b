//! Writing: each line names the one before.

use crate::{Counts, Head, Line, SigningKey, StreamLine, SumsLine, TotalsLine};

/// Writes a report line by line, and keeps its sums.
pub struct Writer {
    head: Head,
    lines: u64,
    streams: u64,
    in_stream: Counts,
    told: Counts,
}

impl Writer {
    /// A report that follows the one whose seal has this head.
    pub fn after(previous: Head) -> Self {
        Self { head: previous, lines: 0, streams: 0, in_stream: Counts::default(), told: Counts::default() }
    }

    /// The text of the next line, with its end.
    pub fn line(&mut self, line: &Line) -> serde_json::Result<String> {
        match line {
            Line::Stream(StreamLine { .. }) => {
                self.streams += 1;
                self.in_stream = Counts::default();
            }
            Line::Blob(blob) => {
                self.in_stream += Counts::of(blob);
                self.told += Counts::of(blob);
            }
            _ => {}
        }
        let body = serde_json::to_string(line)?;
        let text =
            format!("{{\"prev\":\"{}\",{}", self.head.to_hex(), body.strip_prefix('{').unwrap_or(&body));
        self.head = Head::of(text.as_bytes());
        self.lines += 1;
        Ok(text + "\n")
    }

    /// The sums that end the present stream. `retired`: when every blob that has a row was told, how many the
    /// ledger says were journalled and have no row any more; `told` and these must be `in_all`.
    pub fn sums(&self, in_all: Counts, retired: Option<u64>) -> Line {
        Line::Sums(SumsLine { told: self.in_stream, in_all, retired })
    }

    /// The line with the totals.
    pub fn totals(&self, complete: bool, balanced: bool) -> Line {
        let (lines, streams, told) = (self.lines, self.streams, self.told);
        Line::Totals(TotalsLine { lines, streams, told, complete, balanced })
    }

    /// The last line and its head, which the next report of the series names.
    pub fn seal(self, key: &SigningKey) -> (String, Head) {
        let text = seal_text(self.head, &key.public().to_hex(), &key.sign(&self.head.message()));
        let head = Head::of(text.as_bytes());
        (text + "\n", head)
    }
}

/// The one spelling of a seal.
pub(crate) fn seal_text(head: Head, public_key: &str, signature: &str) -> String {
    let prev = head.to_hex();
    format!(
        "{{\"prev\":\"{prev}\",\"type\":\"seal\",\"public_key\":\"{public_key}\",\"signature\":\"{signature}\"}}"
    )
}
