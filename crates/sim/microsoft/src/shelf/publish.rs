//! What is published in a slot of time: a pure function of the seed, the tenant, the stream and the slot.

use std::time::Duration;

use trailhound_model::Timestamp;

use super::{BlobRow, Content, Extra, Filling, Shelf, expiration};
use crate::calendar;
use crate::config::{BlobSwitches, Character, Quirk};
use crate::dice::{Dice, whole};

/// Mean size of a record, in bytes: to make a huge blob about as large as asked.
const MEAN_RECORD_BYTES: u64 = 1_300;

/// How many blobs back an ordinary duplicate can come from.
const DUPLICATE_REACH_BLOBS: usize = 40;

impl Shelf {
    pub(super) fn fill_slot(&mut self, slot: Timestamp, step: Duration, filling: &Filling<'_>) {
        let mut dice = slot_dice(slot, filling);
        let hours = step.as_secs_f64() / 3_600.0;
        let mean = filling.events_per_hour * hours * activity(filling.character, slot, &mut dice);
        let records = dice.count(mean);
        if records == 0 || !filling.auditing {
            return;
        }
        let blobs = records.div_ceil(filling.blobs.records_per_blob_max);
        let width = i64::try_from(step.as_millis()).unwrap_or(1) / i64::from(blobs).max(1);
        for n in 0..blobs {
            let count = records / blobs + u32::from(n < records % blobs);
            let start = slot.as_millis() + width * i64::from(n);
            let created = Timestamp::from_millis(dice.between(start, start + width.max(1)));
            self.push_blob(created, Content::Made { count }, &mut dice, filling);
        }
    }

    pub(super) fn spread_file(
        &mut self,
        (from, to): (Timestamp, Timestamp),
        own: usize,
        (mine, step): (usize, usize),
        filling: &Filling<'_>,
    ) {
        if own == 0 {
            return;
        }
        let span = to.as_millis() - from.as_millis();
        let slots =
            usize::try_from(span / 1_000).unwrap_or(0) / filling.blobs.blob_every_seconds.max(1) as usize;
        let smallest = own.div_ceil(filling.blobs.records_per_blob_max as usize);
        let blobs = slots.clamp(1, own).max(smallest);
        let mut dice = slot_dice(from, filling);
        let mut done = 0;
        for n in 0..blobs {
            let count = own / blobs + usize::from(n < own % blobs);
            let part = |k: usize| from.as_millis() + span * k as i64 / blobs as i64;
            let created = Timestamp::from_millis(dice.between(part(n), part(n + 1)));
            let content = Content::File {
                first: mine + done * step,
                count: u32::try_from(count).unwrap_or(u32::MAX),
                step,
            };
            self.push_blob(created, content, &mut dice, filling);
            done += count;
        }
    }

    fn push_blob(&mut self, created: Timestamp, content: Content, dice: &mut Dice, filling: &Filling<'_>) {
        let switches = filling.blobs;
        let twin = dice.chance(switches.twin_rate);
        // A twin bears an older time, yet nobody saw it before its own.
        let visible = visible(created, dice, switches);
        let created = self
            .rows
            .last()
            .map_or(created, |last| if twin { last.created } else { created.max(last.created) });
        let quirk = match (content, self.quirk(dice, filling)) {
            // A file's records are published as many as they are.
            (Content::File { .. }, Quirk::SingleObject | Quirk::Empty | Quirk::Huge | Quirk::HugeRecord) => {
                Quirk::None
            }
            (_, quirk) => quirk,
        };
        let span = dice.between(0, i64::from(switches.rows_span_seconds_max) * 1_000 + 1);
        let mut row = BlobRow {
            created,
            last: Timestamp::from_millis(created.as_millis() + span),
            visible: visible.max(created),
            expires: expiration(created, filling.content_life_days),
            seed: dice.bits(),
            tag: dice.below(1_000_000),
            content: sized(content, quirk, switches),
            extras: Box::default(),
            quirk,
            without_id_ppm: millionths(filling.records.without_id_rate),
            unknown_type_ppm: millionths(filling.records.unknown_type_rate),
            huge_record_bytes: switches.huge_record_bytes,
        };
        if matches!(content, Content::Made { .. }) && !matches!(quirk, Quirk::Empty | Quirk::SingleObject) {
            row.extras = self.extras(&row, dice, filling);
        }
        self.rows.push(row);
    }

    fn quirk(&self, dice: &mut Dice, filling: &Filling<'_>) -> Quirk {
        let ordinal = self.rows.len();
        let drawn = draw_quirk(dice, filling.blobs);
        let pinned = filling.pinned.iter().find(|pin| pin.stream == filling.stream && pin.ordinal == ordinal);
        pinned.map_or(drawn, |pin| pin.quirk)
    }

    fn extras(&self, row: &BlobRow, dice: &mut Dice, filling: &Filling<'_>) -> Box<[Extra]> {
        let own = f64::from(row.content.count());
        let mut extras = Vec::new();
        let rates = filling.records;
        for _ in 0..dice.count(own * rates.duplicate_rate) {
            let oldest = self.rows.len().saturating_sub(DUPLICATE_REACH_BLOBS);
            extras.extend(self.earlier(dice, oldest, self.rows.len(), false));
        }
        for _ in 0..dice.count(own * rates.reissue_rate) {
            let back = dice.between(1, 7) * 86_400_000;
            let end = Timestamp::from_millis(row.created.as_millis() - back);
            let end = self.rows.partition_point(|r| r.created <= end);
            extras.extend(self.earlier(dice, end.saturating_sub(1), end, false));
        }
        for _ in 0..dice.count(own * rates.revision_rate) {
            let oldest = self.rows.len().saturating_sub(DUPLICATE_REACH_BLOBS);
            extras.extend(self.earlier(dice, oldest, self.rows.len(), true));
        }
        extras.into()
    }

    /// An own record, with an `Id`, of one of the rows `from..to`.
    fn earlier(&self, dice: &mut Dice, from: usize, to: usize, revised: bool) -> Option<Extra> {
        let row = from + dice.index(to.saturating_sub(from));
        let candidate = self.rows.get(row).filter(|r| row < to && r.content.count() > 0)?;
        let index = dice.below(candidate.content.count());
        let fits = !candidate.is_without_id(index) && matches!(candidate.content, Content::Made { .. });
        fits.then_some(Extra { row: u32::try_from(row).ok()?, index, revised })
    }
}

fn slot_dice(slot: Timestamp, filling: &Filling<'_>) -> Dice {
    let at = slot.as_millis().cast_unsigned();
    Dice::of(&[filling.seed, filling.tenant_seed, filling.stream.index() as u64, at])
}

fn visible(created: Timestamp, dice: &mut Dice, switches: &BlobSwitches) -> Timestamp {
    let delay = if dice.chance(switches.late_rate) {
        dice.between(3_600_000, i64::from(switches.late_hours_max) * 3_600_000)
    } else if dice.chance(switches.behind_rate) {
        dice.between(60_000, i64::from(switches.behind_minutes_max) * 60_000)
    } else {
        0
    };
    Timestamp::from_millis(created.as_millis() + delay)
}

fn sized(content: Content, quirk: Quirk, switches: &BlobSwitches) -> Content {
    match (content, quirk) {
        (Content::Made { .. }, Quirk::Huge) => {
            let count = switches.huge_blob_bytes / MEAN_RECORD_BYTES;
            Content::Made { count: u32::try_from(count).unwrap_or(u32::MAX).max(1) }
        }
        (Content::Made { .. }, Quirk::Empty) => Content::Made { count: 0 },
        (Content::Made { .. }, Quirk::SingleObject) => Content::Made { count: 1 },
        (content, _) => content,
    }
}

fn draw_quirk(dice: &mut Dice, switches: &BlobSwitches) -> Quirk {
    let rates = [
        (switches.expired_early_rate, Quirk::ExpiredEarly),
        (switches.unknown_rate, Quirk::Unknown),
        (switches.malformed_rate, Quirk::Malformed),
        (switches.poison_rate, Quirk::Poison),
        (switches.invalid_json_rate, Quirk::InvalidJson),
        (switches.bom_rate, Quirk::Bom),
        (switches.single_object_rate, Quirk::SingleObject),
        (switches.white_space_rate, Quirk::WhiteSpace),
        (switches.empty_rate, Quirk::Empty),
        (switches.huge_rate, Quirk::Huge),
        (switches.huge_record_rate, Quirk::HugeRecord),
        (switches.hostile_uri_rate, Quirk::HostileUri),
    ];
    let mut drawn = dice.unit();
    for (rate, quirk) in rates {
        if drawn < rate {
            return quirk;
        }
        drawn -= rate;
    }
    Quirk::None
}

fn millionths(rate: f64) -> u32 {
    whole(rate.clamp(0.0, 1.0) * 1e6)
}

/// The share of the mean that happens at this time; about 1 over a week.
fn activity(character: Character, at: Timestamp, dice: &mut Dice) -> f64 {
    match character {
        Character::Flat => 1.0,
        Character::Bursty => {
            if dice.below(12) == 0 {
                12.0
            } else {
                0.0
            }
        }
        Character::Office => {
            let weekend = matches!(calendar::weekday_from_thursday(at), 2 | 3);
            let by_day = matches!(calendar::hour_of_day(at), 7..=17);
            match (weekend, by_day) {
                (true, _) => 0.35,
                (false, true) => 2.0,
                (false, false) => 0.6,
            }
        }
    }
}
