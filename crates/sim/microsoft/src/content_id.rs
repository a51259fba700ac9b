//! Content ids: `{T1}${T2}$audit_exchange$Audit_Exchange$na0030`.
//!
//! T1 and T2 are the times of the first and the last row, to the millisecond, with six digits that tell blobs of
//! one millisecond apart. So an id can be resolved without a table, also that of a blob cut at a window's edge.

use trailhound_model::Timestamp;

use crate::calendar::{parse_compact, push_compact, push_digits};
use crate::config::ContentIdForm;
use crate::stream::Stream;

/// The parts of an id that this simulator reads back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IdParts {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// Six digits.
    pub(crate) tag: u32,
    pub(crate) stream: Stream,
}

/// The id of a blob, or of the part of it between two row times.
pub(crate) fn write(parts: &IdParts, form: ContentIdForm, unit: &str) -> String {
    let mut out = String::with_capacity(96);
    push_compact(&mut out, parts.first);
    push_digits(&mut out, i64::from(parts.tag), 6);
    out.push('$');
    push_compact(&mut out, parts.last);
    push_digits(&mut out, i64::from(parts.tag ^ 0x1_5555) % 1_000_000, 6);
    let name = parts.stream.name().replace('.', "_");
    out.push('$');
    out.push_str(&name.to_ascii_lowercase());
    out.push('$');
    out.push_str(&name);
    let times = match form {
        ContentIdForm::Plain => 0,
        ContentIdForm::Unit => 1,
        ContentIdForm::UnitTwice => 2,
    };
    for _ in 0..times {
        out.push('$');
        out.push_str(unit);
    }
    out
}

/// Reads an id of any form; `None` when it is malformed.
pub(crate) fn read(id: &str) -> Option<IdParts> {
    let mut parts = id.split('$');
    let (first, tag) = read_time(parts.next()?)?;
    let (last, _) = read_time(parts.next()?)?;
    parts.next()?;
    let stream = Stream::parse(&parts.next()?.replace('_', "."))?;
    Some(IdParts { first, last, tag, stream })
}

fn read_time(text: &str) -> Option<(Timestamp, u32)> {
    let (time, digits) = text.split_at_checked(17)?;
    (digits.len() == 6).then_some(())?;
    Some((parse_compact(time)?, digits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_in_every_form() {
        let parts = IdParts {
            first: Timestamp::parse("2020-07-02T02:06:21.634Z").unwrap(),
            last: Timestamp::parse("2020-07-02T02:16:21.001Z").unwrap(),
            tag: 14_687,
            stream: Stream::Exchange,
        };
        let id = write(&parts, ContentIdForm::Unit, "emea0036");
        assert!(id.starts_with("20200702020621634014687$20200702021621001"), "{id}");
        assert!(id.ends_with("$audit_exchange$Audit_Exchange$emea0036"), "{id}");
        for form in [ContentIdForm::Plain, ContentIdForm::Unit, ContentIdForm::UnitTwice] {
            assert_eq!(read(&write(&parts, form, "na0030")), Some(parts));
        }
        for bad in ["", "x$y$z$w", "2020$2020$audit_exchange$Audit_Exchange", "20200702020621634014687"] {
            assert_eq!(read(bad), None);
        }
    }
}
