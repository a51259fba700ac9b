//! Checking, line by line.

use serde::Deserialize;

use crate::write::seal_text;
use crate::{Counts, FORMAT, Head, HeaderLine, Line, PublicKey, SumsLine, TotalsLine};

/// Where and how a report is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Broken {
    /// Counted from 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

/// A report that is whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// What it says of itself.
    pub header: HeaderLine,
    /// Its sums.
    pub totals: TotalsLine,
    /// Lines, with the seal.
    pub lines: u64,
    /// The head of the report before, which it names.
    pub previous: Head,
    /// The head of its seal, which the report after it names.
    pub head: Head,
}

/// Takes the lines in their order.
pub struct Verifier {
    key: Option<PublicKey>,
    previous: Head,
    head: Head,
    lines: u64,
    header: Option<HeaderLine>,
    stream: Option<Counts>,
    streams: u64,
    told: Counts,
    balanced: bool,
    totals: Option<TotalsLine>,
    is_sealed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seal {
    prev: String,
    #[serde(rename = "type")]
    kind: String,
    public_key: String,
    signature: String,
}

impl Verifier {
    /// `key`: who must have signed; without it the key that the report names must have.
    pub fn new(key: Option<PublicKey>) -> Self {
        Self {
            key,
            previous: Head::NONE,
            head: Head::NONE,
            lines: 0,
            header: None,
            stream: None,
            streams: 0,
            told: Counts::default(),
            balanced: true,
            totals: None,
            is_sealed: false,
        }
    }

    /// The next line without its end.
    pub fn line(&mut self, line: &[u8]) -> Result<(), Broken> {
        self.lines += 1;
        self.check(line).map_err(|what| Broken { line: self.lines, what })
    }

    /// After the last line.
    pub fn finish(self) -> Result<Verified, Broken> {
        let broken = |what: &str| Broken { line: self.lines, what: what.to_owned() };
        if !self.is_sealed {
            return Err(broken("the report ends without its seal: its end was cut off"));
        }
        match (self.header, self.totals) {
            (Some(header), Some(totals)) => {
                let (lines, previous, head) = (self.lines, self.previous, self.head);
                Ok(Verified { header, totals, lines, previous, head })
            }
            _ => Err(broken("there is no first line")),
        }
    }

    fn check(&mut self, line: &[u8]) -> Result<(), String> {
        if self.is_sealed {
            return Err("there is more after the seal".to_owned());
        }
        let text = std::str::from_utf8(line).map_err(|_| "it is not text".to_owned())?;
        let (prev, body) = split(text).ok_or("it does not begin with the head of the line before")?;
        if self.lines == 1 {
            self.previous = prev;
        } else if prev != self.head {
            return Err(
                "it does not follow from the line before: one of the two was changed, or a line was \
                        dropped, added or moved"
                    .to_owned(),
            );
        }
        if self.totals.is_some() {
            self.seal(text)?;
        } else {
            let line = serde_json::from_str(&format!("{{{body}"))
                .map_err(|error| format!("it cannot be read: {error}"))?;
            self.take(line)?;
        }
        self.head = Head::of(line);
        Ok(())
    }

    fn take(&mut self, line: Line) -> Result<(), String> {
        match (line, self.header.is_some()) {
            (Line::Header(header), false) => {
                if header.format != FORMAT {
                    return Err(format!("its format is `{}`, this build reads `{FORMAT}`", header.format));
                }
                self.header = Some(header);
                Ok(())
            }
            (_, false) => Err("it should say what the report is".to_owned()),
            (Line::Header(_), true) => Err("a second beginning".to_owned()),
            (Line::Stream(_), true) => {
                self.streams += 1;
                match self.stream.replace(Counts::default()) {
                    None => Ok(()),
                    Some(_) => Err("the stream before has no sums".to_owned()),
                }
            }
            (Line::Blob(blob), true) => {
                self.told += Counts::of(&blob);
                let sums = self.stream.as_mut().ok_or("a blob outside a stream")?;
                *sums += Counts::of(&blob);
                Ok(())
            }
            (Line::Sums(sums), true) => self.sums(&sums),
            (Line::Totals(totals), true) => self.totals(totals),
            (Line::Span(_) | Line::Output(_) | Line::Change(_), true) => Ok(()),
        }
    }

    fn sums(&mut self, sums: &SumsLine) -> Result<(), String> {
        let told = self.stream.take().ok_or("sums outside a stream")?;
        if told != sums.told {
            return Err(format!(
                "its sums are not those of the blobs above: {told:?} there, {:?} here",
                sums.told
            ));
        }
        if let Some(retired) = sums.retired {
            let mut with_retired = told;
            with_retired.listed = told.listed.saturating_add(retired);
            with_retired.journalled = told.journalled.saturating_add(retired);
            let blobs = |counts: &Counts| (counts.listed, counts.journalled, counts.gap, counts.pending);
            if blobs(&with_retired) != blobs(&sums.in_all) {
                return Err("the blobs told and retired are not all that the stream has".to_owned());
            }
        }
        self.balanced &= sums.in_all.balances();
        Ok(())
    }

    fn totals(&mut self, totals: TotalsLine) -> Result<(), String> {
        if self.stream.is_some() {
            return Err("the last stream has no sums".to_owned());
        }
        if (totals.lines, totals.streams, totals.told) != (self.lines - 1, self.streams, self.told) {
            return Err("its totals are not those of the lines above".to_owned());
        }
        if totals.balanced && !self.balanced {
            return Err("it says that the sums balance, and they do not".to_owned());
        }
        self.totals = Some(totals);
        Ok(())
    }

    fn seal(&mut self, text: &str) -> Result<(), String> {
        let seal: Seal = serde_json::from_str(text).map_err(|_| "a seal should stand here".to_owned())?;
        let is_spelt_so = seal.kind == "seal"
            && seal.prev == self.head.to_hex()
            && text == seal_text(self.head, &seal.public_key, &seal.signature);
        if !is_spelt_so {
            return Err("the seal is not spelt as a seal is".to_owned());
        }
        let named = self.header.as_ref().map(|header| header.public_key.as_str());
        if named != Some(seal.public_key.as_str()) {
            return Err("the seal is of another key than the first line names".to_owned());
        }
        let key = PublicKey::parse(&seal.public_key).map_err(|error| format!("failed to {error}"))?;
        if let Some(expected) = self.key.filter(|expected| *expected != key) {
            return Err(format!("it was sealed with the key {key:?}, not with {expected:?}"));
        }
        if !key.verifies(&self.head.message(), &seal.signature) {
            return Err("the signature is not of these lines".to_owned());
        }
        self.is_sealed = true;
        Ok(())
    }
}

/// The head that the line names, and what follows.
fn split(text: &str) -> Option<(Head, &str)> {
    let rest = text.strip_prefix("{\"prev\":\"")?;
    let (digits, rest) = rest.split_at_checked(64)?;
    Some((Head::from_hex(digits)?, rest.strip_prefix("\",")?))
}
