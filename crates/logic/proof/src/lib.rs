//! Signed reports of a ledger: lines that are chained, a seal at the end.
//!
//! What it is: the format of `docs/prove-format.md`, written line by line and checked line by line.
//! What it promises: a report in which anything was changed, dropped, added or moved is found out, with the line;
//! so is one whose sums do not agree. One line is in memory at a time.
//! What it never does: I/O, keeping keys, deciding what belongs into a report.
//! Where to start: [`Writer`], [`Verifier`].

mod key;
mod line;
mod verify;
mod write;

pub use key::{KeyError, PublicKey, SigningKey};
pub use line::{
    ApplicationLine, BlobLine, BlobState, ChangeLine, Counts, HeaderLine, Line, OutputLine, SpanKind,
    SpanLine, StreamLine, SumsLine, TotalsLine,
};
pub use verify::{Broken, Verified, Verifier};
pub use write::Writer;

use sha2::{Digest, Sha256};

/// Names the format and its version: in the first line, and before the head in what is signed.
pub const FORMAT: &str = "trailhound-proof/1";
/// Longest line that is read, in bytes.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// SHA-256 of a line's bytes without its end: what the next line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head([u8; 32]);

impl Head {
    /// What the first report of a series names: all zeros.
    pub const NONE: Self = Self([0; 32]);

    /// Of a line.
    pub fn of(line: &[u8]) -> Self {
        Self(Sha256::digest(line).into())
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        key::hex(&self.0)
    }

    /// The inverse of [`Head::to_hex`]; no other spelling is taken.
    pub fn from_hex(text: &str) -> Option<Self> {
        key::bytes_of(text).map(Self)
    }

    /// What a seal signs.
    pub(crate) fn message(self) -> String {
        format!("{FORMAT} {}", self.to_hex())
    }
}
