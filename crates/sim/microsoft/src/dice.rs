//! Seeded randomness: `SplitMix64`, so that a seed gives the same world on every platform and in every release.

use trailhound_model::ContentHash;

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of reproducible numbers. Cheap to make: one per blob, one per record.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same parts give the same numbers; their order matters.
    pub fn of(parts: &[u64]) -> Self {
        Self(parts.iter().fold(STEP, |state, part| scramble((state ^ part).wrapping_add(STEP))))
    }

    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        scramble(self.0)
    }

    /// Uniform in `0..limit`; 0 when `limit` is 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        (((self.bits() >> 32) * u64::from(limit)) >> 32) as u32
    }

    /// Uniform in `low..high`; `low` when nothing lies between.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high.saturating_sub(low)).unwrap_or(0);
        if width == 0 { low } else { low + (self.bits() % width).cast_signed() }
    }

    /// Uniform in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with the probability `rate`; draws nothing when that is 0.
    pub fn chance(&mut self, rate: f64) -> bool {
        rate > 0.0 && self.unit() < rate
    }

    /// One of the items.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.index(items.len())]
    }

    /// Uniform index into something of this length; 0 for an empty one.
    pub fn index(&mut self, length: usize) -> usize {
        self.below(u32::try_from(length).unwrap_or(u32::MAX)) as usize
    }

    /// Index that favours the front: some people are busier than others.
    pub fn skewed_index(&mut self, length: usize) -> usize {
        let first = self.index(length);
        first.min(self.index(length))
    }

    /// How many of the expected `mean` happened (Poisson; a normal curve above 30).
    pub fn count(&mut self, mean: f64) -> u32 {
        if mean <= 0.0 {
            return 0;
        }
        if mean > 30.0 {
            let sum: f64 = (0..12).map(|_| self.unit()).sum();
            return whole(mean + (sum - 6.0) * mean.sqrt());
        }
        let (floor, mut product, mut count) = ((-mean).exp(), self.unit(), 0);
        while product > floor {
            product *= self.unit();
            count += 1;
        }
        count
    }

    /// 128 bits in the form of a version 4 GUID.
    pub fn guid_bits(&mut self) -> u128 {
        let high = (self.bits() & !0xf000) | 0x4000;
        let low = (self.bits() & !(3 << 62)) | (2 << 62);
        (u128::from(high) << 64) | u128::from(low)
    }

    /// A version 4 GUID as text.
    pub fn guid(&mut self) -> String {
        let mut text = String::with_capacity(36);
        push_guid(&mut text, self.guid_bits());
        text
    }
}

/// Appends the usual spelling: 8-4-4-4-12, lower case.
pub(crate) fn push_guid(out: &mut String, value: u128) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for nibble in 0..32u32 {
        if matches!(nibble, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(char::from(HEX[(value >> (124 - nibble * 4)) as usize & 15]));
    }
}

/// A seed from text, such as a tenant's id.
pub(crate) fn text_seed(text: &str) -> u64 {
    short_hash(text.to_ascii_lowercase().as_bytes())
}

/// 64 bits of a hash.
pub(crate) fn short_hash(bytes: &[u8]) -> u64 {
    u64::try_from(ContentHash::of(bytes).0 >> 64).unwrap_or_default()
}

/// The nearest whole number; 0 for negative ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
pub(crate) fn whole(number: f64) -> u32 {
    number.round() as u32
}

fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_counts_have_their_mean() {
        assert_eq!(Dice::of(&[1, 2]).guid(), Dice::of(&[1, 2]).guid());
        assert_ne!(Dice::of(&[1, 2]).bits(), Dice::of(&[2, 1]).bits());
        for mean in [0.5, 8.0, 400.0] {
            let mut dice = Dice::of(&[9]);
            let sum: u64 = (0..4000).map(|_| u64::from(dice.count(mean))).sum();
            let found = sum as f64 / 4000.0;
            assert!((found - mean).abs() < mean * 0.1, "{found} for {mean}");
        }
    }

    #[test]
    fn guids_have_their_usual_form() {
        let guid = Dice::of(&[3]).guid();
        assert_eq!((guid.len(), &guid[14..15]), (36, "4"));
        let mut text = String::new();
        push_guid(&mut text, 0x4831_a108_d2bf_4ba9_86e6_e125_40b8_6826);
        assert_eq!(text, "4831a108-d2bf-4ba9-86e6-e12540b86826");
    }
}
