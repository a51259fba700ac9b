//! Randomness as a parameter.

use std::sync::{Mutex, PoisonError};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// Draws random numbers.
pub trait Entropy: Send + Sync + 'static {
    /// 64 uniform bits.
    fn next_u64(&self) -> u64;

    /// Uniform in `0.0..1.0`.
    fn unit(&self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A random (version 4) UUID in its usual spelling.
    fn uuid(&self) -> String {
        let high = (self.next_u64() & !0xf000) | 0x4000;
        let low = (self.next_u64() & !(3 << 62)) | (2 << 62);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

/// The operating system's randomness, through a generator seeded from it.
#[derive(Debug)]
pub struct SystemEntropy(SeededEntropy);

impl Default for SystemEntropy {
    fn default() -> Self {
        let mut seed = [0u8; 32];
        // Hash keys of the standard library come from the operating system; four of them make a seed.
        for part in seed.chunks_mut(8) {
            use std::hash::{BuildHasher, Hasher};
            let bits = std::collections::hash_map::RandomState::new().build_hasher().finish();
            part.copy_from_slice(&bits.to_le_bytes());
        }
        Self(SeededEntropy(Mutex::new(ChaCha12Rng::from_seed(seed))))
    }
}

impl Entropy for SystemEntropy {
    fn next_u64(&self) -> u64 {
        self.0.next_u64()
    }
}

/// Reproducible randomness from one seed.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<ChaCha12Rng>);

impl SeededEntropy {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha12Rng::seed_from_u64(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn next_u64(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_uuids_are_version_4() {
        let (a, b) = (SeededEntropy::new(7), SeededEntropy::new(7));
        let id = a.uuid();
        assert_eq!(id, b.uuid());
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"));
        assert!((0.0..1.0).contains(&SystemEntropy::default().unit()));
    }
}
