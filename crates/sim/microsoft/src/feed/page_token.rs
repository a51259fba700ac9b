//! The `nextPage` token: window, snapshot and position in digits, so that paging needs no memory of the server.

use trailhound_model::Timestamp;

use crate::dice::short_hash;

/// A listing in progress. The snapshot is the instant of its first page: what appears later is not in it, and
/// what was in it does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageToken {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) snapshot: Timestamp,
    pub(super) position: usize,
    /// The page before was an empty one.
    pub(super) after_empty: bool,
}

impl PageToken {
    pub(super) fn write(&self, seed: u64) -> String {
        let fields = [
            self.from.as_millis(),
            self.to.as_millis(),
            self.snapshot.as_millis(),
            i64::try_from(self.position).unwrap_or(i64::MAX),
            i64::from(self.after_empty),
        ];
        let body = fields.map(|n| n.to_string()).join("R");
        format!("{body}R{}", check(&body, seed))
    }

    pub(super) fn read(text: &str, seed: u64) -> Option<Self> {
        let (body, sum) = text.rsplit_once('R')?;
        if check(body, seed) != sum {
            return None;
        }
        let numbers: Vec<i64> = body.split('R').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [from, to, snapshot, position, after_empty] = numbers[..] else { return None };
        Some(Self {
            from: Timestamp::from_millis(from),
            to: Timestamp::from_millis(to),
            snapshot: Timestamp::from_millis(snapshot),
            position: usize::try_from(position).ok()?,
            after_empty: after_empty == 1,
        })
    }
}

fn check(body: &str, seed: u64) -> String {
    (short_hash(format!("{seed}/{body}").as_bytes()) >> 32).to_string()
}
