//! The records of a blob as bytes, made anew each time they are asked for.

use super::{BlobRow, Content};
use crate::config::Quirk;
use crate::dice::Dice;
use crate::events::{self, Oddities, Population};
use crate::source::EventSource;
use crate::stream::Stream;

/// Makes the records of one shelf.
pub(crate) struct Maker<'a> {
    pub(crate) population: &'a Population,
    pub(crate) source: Option<&'a EventSource>,
    pub(crate) stream: Stream,
    pub(crate) rows: &'a [BlobRow],
    pub(crate) without_dlp_values: bool,
}

impl Maker<'_> {
    /// Appends record number `index` of a blob.
    pub(crate) fn record(&self, out: &mut String, row: usize, index: u32) {
        let blob = &self.rows[row];
        match index.checked_sub(blob.content.count()) {
            None => self.own(out, blob, index),
            Some(extra) => {
                let extra = blob.extras[extra as usize];
                self.own(out, &self.rows[extra.row as usize], extra.index);
                if extra.revised {
                    out.pop();
                    out.push_str(",\"RevisionNumber\":2}");
                }
            }
        }
    }

    fn own(&self, out: &mut String, blob: &BlobRow, index: u32) {
        let mut dice = Dice::of(&[blob.seed, u64::from(index)]);
        match (blob.content, self.source) {
            (Content::File { first, step, .. }, Some(source)) => {
                out.push_str(source.raw(self.stream, first + index as usize * step));
            }
            (Content::Made { .. }, Some(source)) => {
                let record = dice.index(source.count(self.stream));
                let back = dice.between(120_000, 5_400_000);
                let happened = trailhound_model::Timestamp::from_millis(blob.created.as_millis() - back);
                let tenant = &self.population.tenant_id;
                source.restamped_into(out, &mut dice, self.stream, record, tenant, happened);
            }
            (_, None) => {
                let oddities = Oddities {
                    without_id: blob.is_without_id(index),
                    unknown_type_rate: f64::from(blob.unknown_type_ppm) / 1e6,
                    without_dlp_values: self.without_dlp_values,
                    pad_to_bytes: if blob.quirk == Quirk::HugeRecord && index == 0 {
                        blob.huge_record_bytes
                    } else {
                        0
                    },
                };
                events::record_into(out, &mut dice, self.population, self.stream, blob.created, oddities);
            }
        }
    }

    /// The body of a blob, or of the part of it with these record numbers.
    pub(crate) fn body(&self, row: usize, numbers: std::ops::Range<u32>) -> String {
        let blob = &self.rows[row];
        let (open, comma, close) = match blob.quirk {
            Quirk::SingleObject => ("", "", ""),
            Quirk::Bom => ("\u{feff}[", ",", "]"),
            Quirk::WhiteSpace => (" [\r\n  ", " ,\r\n\t", "\r\n] \r\n"),
            Quirk::InvalidJson => ("[", ",", ",{\"Id\":\"3c1e\",\"Operation\":\"Trunc"),
            _ => ("[", ",", "]"),
        };
        let mut out = String::with_capacity(numbers.len() * 1_400 + 16);
        out.push_str(open);
        for index in numbers.clone() {
            if index > numbers.start {
                out.push_str(comma);
            }
            self.record(&mut out, row, index);
        }
        out.push_str(close);
        out
    }
}
