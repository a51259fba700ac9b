//! What a run counts, for `at_least` and `at_most`.

use std::collections::BTreeMap;

/// Every counter with what it counts.
pub const COUNTERS: &[(&str, &str)] = &[
    ("records", "records published and visible, each once"),
    ("without_id", "of these: without `Id`"),
    ("delivered", "records that the receiver has"),
    ("duplicates", "records that the journal knew already"),
    ("revisions", "records with a known `Id` and other content"),
    ("blobs", "blobs published and visible"),
    ("late_blobs", "of these: visible more than an hour after their `contentCreated`"),
    ("behind_blobs", "of these: visible up to an hour after it"),
    ("twin_blobs", "of these: with the `contentCreated` of another of their stream"),
    ("unobtainable_blobs", "of these: nobody can ever fetch them"),
    ("largest_blob_bytes", "decompressed bytes of a whole stream in the journal"),
    ("blob_gaps", "gap rows of single blobs"),
    ("span_gaps", "gap rows of spans"),
    ("aged_out_minutes", "the longest time that one stream's gap rows call older than the retention"),
    ("pages", "pages of listings that were asked for"),
    ("fetches", "fetches of blobs that were asked for"),
    ("starts", "start requests of subscriptions"),
    ("tokens", "requests of tokens"),
    ("too_many_requests", "requests refused with AF429, whatever the status"),
    ("unauthorized", "requests refused with 401"),
    ("forbidden", "requests refused with 403"),
    ("bad_requests", "requests refused with 400 or 404"),
    ("server_errors", "requests answered with 5xx or 408"),
    ("resets", "requests whose connection was reset"),
    ("kills", "deaths of the process as by SIGKILL"),
    ("power_losses", "losses of power"),
    ("starts_of_process", "how often the process was started"),
    ("points", "commit points that were reached"),
    ("injected_errors", "commit points that answered with an error"),
    ("repeats", "records that the receiver was offered again"),
    ("failed_deliveries", "deliveries that the receiver or its disk did not accept"),
    ("second_processes_refused", "second processes that were refused the data folder"),
    ("lag_seconds", "the longest time from a record's becoming visible to the receiver's having it"),
];

/// Counters of a run, by name.
#[derive(Clone, Debug, Default)]
pub struct Counters(BTreeMap<&'static str, u64>);

impl Counters {
    /// A counter's value; 0 when it never moved.
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, name: &'static str, count: u64) {
        debug_assert!(COUNTERS.iter().any(|(known, _)| *known == name), "{name} is not declared");
        *self.0.entry(name).or_default() += count;
    }

    pub(crate) fn raise(&mut self, name: &'static str, value: u64) {
        let counter = self.0.entry(name).or_default();
        *counter = value.max(*counter);
    }

    /// All that moved.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, count)| (*name, *count))
    }
}
