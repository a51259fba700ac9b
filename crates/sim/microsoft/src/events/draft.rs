//! The writer of one record, and the shapes that many workloads share.

use std::fmt::Write;

use trailhound_model::Timestamp;

use super::people::{Person, Population};
use crate::calendar;
use crate::dice::{Dice, push_guid};

/// A record being written. Members come out in the order of the calls.
pub(crate) struct Draft<'a> {
    pub(crate) out: &'a mut String,
    pub(crate) dice: &'a mut Dice,
    pub(crate) tenant: &'a Population,
    pub(crate) happened: Timestamp,
}

/// The members that every record has.
pub(crate) struct Common<'a> {
    pub(crate) operation: &'a str,
    pub(crate) record_type: u32,
    pub(crate) workload: &'a str,
    pub(crate) result: Option<&'a str>,
    pub(crate) user_key: &'a str,
    pub(crate) user_type: u32,
    pub(crate) user_id: &'a str,
}

impl<'a> Draft<'a> {
    pub(crate) fn begin(
        out: &'a mut String,
        dice: &'a mut Dice,
        tenant: &'a Population,
        happened: Timestamp,
        without_id: bool,
    ) -> Self {
        out.push_str("{\"CreationTime\":\"");
        calendar::push_seconds(out, happened);
        out.push('"');
        let id = dice.guid_bits();
        if !without_id {
            out.push_str(",\"Id\":\"");
            push_guid(out, id);
            out.push('"');
        }
        Self { out, dice, tenant, happened }
    }

    pub(crate) fn end(self) {
        self.out.push('}');
    }

    pub(crate) fn common(&mut self, common: &Common<'_>) {
        self.str("Operation", common.operation);
        let tenant = self.tenant;
        self.str("OrganizationId", &tenant.tenant_id);
        self.int("RecordType", i64::from(common.record_type));
        if let Some(result) = common.result {
            self.str("ResultStatus", result);
        }
        self.text("UserKey", common.user_key);
        self.int("UserType", i64::from(common.user_type));
        self.raw("Version", "1");
        self.str("Workload", common.workload);
        self.text("UserId", common.user_id);
    }

    fn key(&mut self, key: &str) {
        self.out.push_str(",\"");
        self.out.push_str(key);
        self.out.push_str("\":");
    }

    /// A string that needs no escapes.
    pub(crate) fn str(&mut self, key: &str, value: &str) {
        self.key(key);
        self.out.push('"');
        self.out.push_str(value);
        self.out.push('"');
    }

    /// A string of any characters.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.out.push('"');
        push_escaped(self.out, value);
        self.out.push('"');
    }

    pub(crate) fn int(&mut self, key: &str, value: i64) {
        self.key(key);
        let _ = write!(self.out, "{value}");
    }

    /// JSON as it is.
    pub(crate) fn raw(&mut self, key: &str, json: &str) {
        self.key(key);
        self.out.push_str(json);
    }

    /// JSON from a format.
    pub(crate) fn fmt(&mut self, key: &str, json: std::fmt::Arguments<'_>) {
        self.key(key);
        let _ = self.out.write_fmt(json);
    }

    /// A fresh GUID.
    pub(crate) fn guid(&mut self, key: &str) {
        self.key(key);
        self.out.push('"');
        let bits = self.dice.guid_bits();
        push_guid(self.out, bits);
        self.out.push('"');
    }

    /// `[{"Name":…,"Value":…}]` under any key; values of any characters.
    pub(crate) fn bag(&mut self, key: &str, pairs: &[(&str, &str)]) {
        self.key(key);
        self.out.push('[');
        // Both orders of keys are seen.
        let value_first = self.dice.below(12) == 0;
        for (at, (name, value)) in pairs.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            if value_first {
                self.out.push_str("{\"Value\":\"");
                push_escaped(self.out, value);
                let _ = write!(self.out, "\",\"Name\":\"{name}\"}}");
            } else {
                let _ = write!(self.out, "{{\"Name\":\"{name}\",\"Value\":\"");
                push_escaped(self.out, value);
                self.out.push_str("\"}");
            }
        }
        self.out.push(']');
    }

    /// Someone of the tenant; some are busier than others.
    pub(crate) fn person(&mut self) -> &'a Person {
        let tenant = self.tenant;
        &tenant.people[self.dice.skewed_index(tenant.people.len())]
    }

    /// One of the few administrators.
    pub(crate) fn admin(&mut self) -> &'a Person {
        let tenant = self.tenant;
        &tenant.people[self.dice.index(tenant.people.len().min(3))]
    }

    /// Where the person is just now.
    pub(crate) fn address(&mut self, person: &'a Person) -> &'a str {
        let at = if self.dice.below(10) < 7 { 0 } else { self.dice.index(person.addresses.len()) };
        &person.addresses[at]
    }

    /// `ClientIP` in one of its many spellings; most are plain.
    pub(crate) fn client_ip(&mut self, key: &str, plain: &str) {
        let port = self.dice.between(1_024, 65_000);
        let colon = plain.contains(':');
        match self.dice.below(200) {
            0..=9 if colon => self.fmt(key, format_args!("\"[{plain}]:{port}\"")),
            0..=9 => self.fmt(key, format_args!("\"{plain}:{port}\"")),
            10..=13 => self.fmt(key, format_args!("\"[{plain}]\"")),
            14..=15 if !colon => self.fmt(key, format_args!("\"::ffff:{plain}\"")),
            16 if !colon => self.fmt(key, format_args!("\"[::ffff:{plain}]:{port}\"")),
            17 => self.raw(key, "null"),
            18 => self.raw(key, "\"\""),
            19 => self.raw(key, "\"localhost\""),
            20 => self.raw(key, "\"NOTANIP (10.9000.0.1)\""),
            21 => {}
            _ => self.str(key, plain),
        }
    }
}

/// Appends with JSON's escapes where they are needed.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    let mut clean = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "?",
            _ => continue,
        };
        out.push_str(&text[clean..at]);
        out.push_str(escape);
        clean = at + 1;
    }
    out.push_str(&text[clean..]);
}
