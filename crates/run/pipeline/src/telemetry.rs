//! The metrics, each declared once: name, unit, help.

use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};
use trailhound_model::{OutputName, RecordCounts, StreamKey};

use crate::quota::QuotaKey;

const RECORDS: &str = "trailhound_records_total";
const DUPLICATES: &str = "trailhound_duplicate_records_total";
const REVISIONS: &str = "trailhound_revised_records_total";
const BLOBS: &str = "trailhound_blobs_total";
const RAW_BYTES: &str = "trailhound_raw_bytes_total";
const WIRE_BYTES: &str = "trailhound_wire_bytes_total";
const GAPS: &str = "trailhound_gaps_total";
const FAILURES: &str = "trailhound_source_failures_total";
const LAG: &str = "trailhound_lag_seconds";
const PENDING: &str = "trailhound_pending_blobs";
const DELIVERED: &str = "trailhound_delivered_records_total";
const OUTPUT_FAILURES: &str = "trailhound_output_failures_total";
const OUTSIDE_CHANGES: &str = "trailhound_output_outside_changes_total";
const REQUESTS: &str = "trailhound_requests_total";
const THROTTLED: &str = "trailhound_throttled_requests_total";
const RATE: &str = "trailhound_requests_per_minute_limit";
const WAITING: &str = "trailhound_waiting_requests";
const LATENESS: &str = "trailhound_poll_lateness_seconds";
const BROKEN: &str = "trailhound_broken_promises";

/// Registers names, units and help texts with the installed recorder.
pub fn describe() {
    let counters = [
        (RECORDS, "Records collected and journalled"),
        (DUPLICATES, "Of these: known id, same content; not delivered"),
        (REVISIONS, "Of these: known id, other content; delivered"),
        (BLOBS, "Content blobs journalled"),
        (GAPS, "Gap rows recorded"),
        (FAILURES, "Failed calls to Microsoft, by code"),
        (DELIVERED, "Records accepted by an output"),
        (OUTPUT_FAILURES, "Failed deliveries"),
        (
            OUTSIDE_CHANGES,
            "Changes that others made to what was delivered, such as a file that was removed or cut",
        ),
        (REQUESTS, "Requests sent, by the quota that they count against"),
        (THROTTLED, "Of these: answered with \"too many requests\""),
    ];
    for (name, help) in counters {
        describe_counter!(name, Unit::Count, help);
    }
    describe_counter!(RAW_BYTES, Unit::Bytes, "Decompressed bytes of the journalled blobs");
    describe_counter!(WIRE_BYTES, Unit::Bytes, "Bytes of blobs as they came over the wire");
    describe_gauge!(
        LAG,
        Unit::Seconds,
        "From contentCreated to journalled, of the latest blob that is newer than this process"
    );
    describe_gauge!(PENDING, Unit::Count, "Blobs listed and not yet journalled");
    describe_gauge!(RATE, Unit::Count, "Requests that may be sent in a minute; found by trying");
    describe_gauge!(WAITING, Unit::Count, "Requests that wait for their turn, by lane");
    describe_histogram!(
        LATENESS,
        Unit::Seconds,
        "From when a live poll was due to when its request was sent"
    );
    describe_gauge!(BROKEN, Unit::Count, "Promises found broken (L5): must be 0");
    gauge!(BROKEN).set(0.0);
    crate::health::describe();
}

/// Streams up to which each has series of its own. Beyond, `/metrics` would be tens of megabytes and the series
/// would take more memory than the streams: then they are summed by content type, and `application` is `*`.
pub const MAX_STREAMS_WITH_SERIES: usize = 2_000;

/// Whose series are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Each stream of each application.
    Streams,
    /// Each content type over all applications.
    Types,
}

impl Detail {
    /// For so many streams in the process.
    pub fn for_streams(count: usize) -> Self {
        if count <= MAX_STREAMS_WITH_SERIES { Self::Streams } else { Self::Types }
    }

    fn labels(self, key: &StreamKey) -> [(&'static str, String); 2] {
        let application = if self == Self::Streams { key.instance.as_str() } else { "*" };
        [("application", application.to_owned()), ("stream", key.stream.to_string())]
    }
}

/// The series of one stream, looked up once.
pub(crate) struct StreamSeries {
    detail: Detail,
    records: Counter,
    duplicates: Counter,
    revisions: Counter,
    blobs: Counter,
    raw_bytes: Counter,
    wire_bytes: Counter,
    lag: Gauge,
    pending: Gauge,
    lateness: Histogram,
}

impl StreamSeries {
    /// Makes them exist before the first record.
    pub(crate) fn new(key: &StreamKey, detail: Detail) -> Self {
        let labels = detail.labels(key);
        counter!(GAPS, &labels).increment(0);
        Self {
            detail,
            records: counter!(RECORDS, &labels),
            duplicates: counter!(DUPLICATES, &labels),
            revisions: counter!(REVISIONS, &labels),
            blobs: counter!(BLOBS, &labels),
            raw_bytes: counter!(RAW_BYTES, &labels),
            wire_bytes: counter!(WIRE_BYTES, &labels),
            lag: gauge!(LAG, &labels),
            pending: gauge!(PENDING, &labels),
            lateness: histogram!(LATENESS),
        }
    }

    /// A blob was journalled.
    pub(crate) fn blob_journalled(
        &self,
        counts: &RecordCounts,
        raw_bytes: u64,
        wire_bytes: u64,
        lag_millis: Option<i64>,
    ) {
        self.records.increment(counts.fetched);
        self.duplicates.increment(counts.duplicates);
        self.revisions.increment(counts.revisions);
        self.blobs.increment(1);
        self.raw_bytes.increment(raw_bytes);
        self.wire_bytes.increment(wire_bytes);
        if let Some(millis) = lag_millis {
            self.lag.set(millis as f64 / 1000.0);
        }
    }

    /// How many blobs wait now, and how many did when this was last told.
    pub(crate) fn pending(&self, blobs: usize, before: usize) {
        self.pending.increment(blobs as f64 - before as f64);
    }

    /// A live poll began so long after it was due.
    pub(crate) fn polled(&self, lateness: Duration) {
        self.lateness.record(lateness.as_secs_f64());
    }

    /// A gap row was recorded.
    pub(crate) fn gap(&self, key: &StreamKey, reason: &'static str) {
        let [application, stream] = self.detail.labels(key);
        counter!(GAPS, &[application, stream, ("reason", reason.to_owned())]).increment(1);
    }

    /// A call to the source failed.
    pub(crate) fn source_failure(&self, key: &StreamKey, code: &str) {
        let [application, stream] = self.detail.labels(key);
        counter!(FAILURES, &[application, stream, ("code", code.to_owned())]).increment(1);
    }
}

/// An output accepted records.
pub(crate) fn delivered(output: &OutputName, key: &StreamKey, detail: Detail, records: u64) {
    let [application, stream] = detail.labels(key);
    counter!(DELIVERED, &[("output", output.to_string()), application, stream]).increment(records);
}

/// A delivery failed.
pub(crate) fn output_failure(output: &OutputName) {
    counter!(OUTPUT_FAILURES, "output" => output.to_string()).increment(1);
}

/// Others changed what was delivered.
pub(crate) fn outside_change(output: &OutputName) {
    counter!(OUTSIDE_CHANGES, "output" => output.to_string()).increment(1);
}

/// How many promises are found broken.
pub(crate) fn broken_promises(count: usize) {
    gauge!(BROKEN).set(count as f64);
}

/// The series of one quota. Handles, since they move with every request.
pub(crate) struct QuotaSeries {
    requests: Counter,
    throttled: Counter,
    rate: Gauge,
    waiting_live: Gauge,
    waiting_back: Gauge,
}

impl QuotaSeries {
    /// Makes the series exist before the first request. What cannot be summed is left out when the quotas are.
    pub(crate) fn registered(key: &QuotaKey, detail: Detail) -> Self {
        if detail == Detail::Types {
            return Self {
                requests: counter!(REQUESTS, "quota" => "*"),
                throttled: counter!(THROTTLED, "quota" => "*"),
                rate: Gauge::noop(),
                waiting_live: Gauge::noop(),
                waiting_back: Gauge::noop(),
            };
        }
        let quota = key.to_string();
        let series = Self {
            requests: counter!(REQUESTS, "quota" => quota.clone()),
            throttled: counter!(THROTTLED, "quota" => quota.clone()),
            rate: gauge!(RATE, "quota" => quota.clone()),
            waiting_live: gauge!(WAITING, "quota" => quota.clone(), "lane" => "live"),
            waiting_back: gauge!(WAITING, "quota" => quota, "lane" => "back"),
        };
        series.requests.absolute(0);
        series.throttled.absolute(0);
        series
    }

    /// A request was sent.
    pub(crate) fn sent(&self) {
        self.requests.increment(1);
    }

    /// It was one too many.
    pub(crate) fn throttled(&self) {
        self.throttled.increment(1);
    }

    /// The present rate.
    pub(crate) fn rate(&self, requests_per_minute: f64) {
        self.rate.set(requests_per_minute);
    }

    /// How many wait, by lane.
    pub(crate) fn waiting(&self, live: usize, back: usize) {
        self.waiting_live.set(live as f64);
        self.waiting_back.set(back as f64);
    }
}
