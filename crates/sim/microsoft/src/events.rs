//! Believable audit records, written straight into text: hundreds of thousands a second.
//!
//! Every record parses as JSON, names its tenant in `OrganizationId`, and has `CreationTime` without a zone,
//! minutes to days before its blob.

use trailhound_model::Timestamp;

use crate::dice::Dice;
use crate::stream::Stream;

mod dlp;
mod draft;
mod entra;
mod exchange;
mod general;
mod people;
mod security;
mod sharepoint;
mod teams;

pub(crate) use draft::Draft;
pub use people::{Person, Population, Site};

/// What is unusual about a record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Oddities {
    /// No `Id` member.
    pub without_id: bool,
    /// Share of records of a type that no list knows, 0 to 1.
    pub unknown_type_rate: f64,
    /// Leaves out the values that a DLP rule found.
    pub without_dlp_values: bool,
    /// Pads the record to about this many bytes; 0: not at all.
    pub pad_to_bytes: u64,
}

/// One record of a tenant as compact JSON; `created` is its blob's `contentCreated`.
///
/// ```
/// use trailhound_sim_microsoft::{Dice, Population, Stream, TenantConfig, events};
/// let people = Population::of(7, &TenantConfig::default());
/// let created = trailhound_model::Timestamp::from_millis(1_795_190_400_000);
/// let text = events::record(&mut Dice::of(&[1]), &people, Stream::Exchange, created);
/// assert!(text.starts_with("{\"CreationTime\":\"2026-11-"));
/// ```
pub fn record(dice: &mut Dice, tenant: &Population, stream: Stream, created: Timestamp) -> String {
    let mut out = String::with_capacity(1_536);
    record_into(&mut out, dice, tenant, stream, created, Oddities::default());
    out
}

/// Appends one record; see [`record`].
pub fn record_into(
    out: &mut String,
    dice: &mut Dice,
    tenant: &Population,
    stream: Stream,
    created: Timestamp,
    oddities: Oddities,
) {
    let start = out.len();
    let happened = event_time(dice, created);
    let mut draft = Draft::begin(out, dice, tenant, happened, oddities.without_id);
    if draft.dice.chance(oddities.unknown_type_rate) {
        general::unknown_type(&mut draft, stream);
    } else {
        match stream {
            Stream::AzureActiveDirectory => entra::record(&mut draft),
            Stream::Exchange => exchange::record(&mut draft),
            Stream::SharePoint => sharepoint::record(&mut draft),
            Stream::General => general::record(&mut draft),
            Stream::Dlp => dlp::record(&mut draft, !oddities.without_dlp_values),
        }
    }
    draft.end();
    if oddities.pad_to_bytes > 0 {
        pad(out, start, oddities.pad_to_bytes);
    }
}

/// Most records reach their blob within the hour and a half, some after days.
fn event_time(dice: &mut Dice, created: Timestamp) -> Timestamp {
    let back_millis = match dice.below(100) {
        0..=1 => dice.between(5_400_000, 3 * 86_400_000),
        2..=20 => dice.between(1_800_000, 5_400_000),
        _ => dice.between(120_000, 1_800_000),
    };
    Timestamp::from_millis(created.as_millis() - back_millis)
}

/// Makes a record long with one long text, as an eDiscovery query or a transport rule can be.
fn pad(out: &mut String, start: usize, wanted_bytes: u64) {
    const FILLER: &str = "kql:(subject:merger OR participants:board) AND size>1 ";
    out.pop();
    out.push_str(",\"QueryText\":\"");
    let wanted = usize::try_from(wanted_bytes).unwrap_or(usize::MAX);
    while out.len() - start < wanted {
        out.push_str(FILLER);
    }
    out.push_str("\"}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TenantConfig;

    fn population() -> Population {
        Population::of(7, &TenantConfig::default())
    }

    #[test]
    fn every_record_of_every_stream_parses_and_has_the_common_fields() {
        let (tenant, created) = (population(), Timestamp::parse("2026-11-20T12:00:00Z").unwrap());
        let mut bytes = 0;
        for stream in Stream::ALL {
            let mut types = std::collections::BTreeSet::new();
            for seed in 0..3_000 {
                let text = record(&mut Dice::of(&[seed]), &tenant, stream, created);
                let value: serde_json::Value =
                    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"));
                assert_eq!(value["Id"].as_str().unwrap().len(), 36);
                assert_eq!(value["OrganizationId"], tenant.tenant_id);
                for key in ["Operation", "UserKey", "UserId", "Workload"] {
                    assert!(value[key].is_string(), "{key} in {text}");
                }
                assert!(value["UserType"].is_i64() && value["Version"].is_i64());
                let at = value["CreationTime"].as_str().unwrap();
                assert!(at.len() == 19 && Timestamp::parse(at).unwrap() < created);
                let kind = value["RecordType"].as_i64().unwrap();
                assert_eq!(Stream::of_record(kind, value["Workload"].as_str().unwrap()), stream, "{text}");
                types.insert(kind);
                bytes += text.len();
            }
            assert!(types.len() >= 2, "{stream:?}: {types:?}");
        }
        let mean = bytes / 15_000;
        assert!((900..1_800).contains(&mean), "mean {mean} bytes");
    }

    #[test]
    fn oddities_take_effect() {
        let (tenant, created) = (population(), Timestamp::from_millis(1_795_190_400_000));
        let mut out = String::new();
        let oddities = Oddities { without_id: true, pad_to_bytes: 100_000, ..Oddities::default() };
        record_into(&mut out, &mut Dice::of(&[1]), &tenant, Stream::SharePoint, created, oddities);
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert!(value.get("Id").is_none() && out.len() > 100_000);
        let secret = |hide| {
            let mut out = String::new();
            let oddities = Oddities { without_dlp_values: hide, ..Oddities::default() };
            record_into(&mut out, &mut Dice::of(&[4]), &tenant, Stream::Dlp, created, oddities);
            out.contains("DetectedValues")
        };
        assert!(secret(false) && !secret(true));
    }
}
