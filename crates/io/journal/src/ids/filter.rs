//! An approximate set in memory: says "not there" or "look".
//!
//! A split-block Bloom filter as Apache Parquet has it
//! (<https://parquet.apache.org/docs/file-format/bloomfilter/>): one key sets eight bits within 32 bytes, so that a
//! question costs one cache line.

/// 200 MB for 100 million ids; about one in a thousand that are not there costs a look.
const BITS_PER_KEY: u64 = 16;
/// Bytes of one block.
pub(crate) const FILTER_BLOCK_BYTES: usize = 32;

const SALTS: [u32; 8] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// The bits of one key, the same in every filter.
#[derive(Clone, Copy)]
pub(crate) struct Bits {
    place: u64,
    mask: [u32; 8],
}

impl Bits {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low half picks the bits, the high half the block"
    )]
    pub(crate) fn of(hash: u64) -> Self {
        Self { place: hash >> 32, mask: SALTS.map(|salt| 1 << ((hash as u32).wrapping_mul(salt) >> 27)) }
    }
}

/// The filter.
pub(crate) struct Filter {
    blocks: Vec<[u32; 8]>,
}

impl Filter {
    /// Room for so many keys; more only make it less sharp.
    pub(crate) fn for_keys(keys: u64) -> Self {
        let bits_per_block = FILTER_BLOCK_BYTES as u64 * 8;
        let blocks = (keys * BITS_PER_KEY).div_ceil(bits_per_block).clamp(1, u64::from(u32::MAX));
        Self { blocks: vec![[0; 8]; usize::try_from(blocks).unwrap_or(1)] }
    }

    pub(crate) fn insert(&mut self, bits: &Bits) {
        let at = self.block_of(bits);
        for (word, mask) in self.blocks[at].iter_mut().zip(bits.mask) {
            *word |= mask;
        }
    }

    /// Reads a word of each block and nothing else: so short a loop waits for many blocks at once, the comparison for
    /// few.
    pub(crate) fn fetch_ahead<'a>(&self, bits: impl Iterator<Item = &'a Bits>) {
        let words = bits.fold(0, |words, bits| words ^ self.blocks[self.block_of(bits)][0]);
        std::hint::black_box(words);
    }

    /// `false`: it was never inserted.
    pub(crate) fn may_have(&self, bits: &Bits) -> bool {
        let block = &self.blocks[self.block_of(bits)];
        block.iter().zip(bits.mask).fold(0, |missing, (word, mask)| missing | (mask & !word)) == 0
    }

    pub(crate) fn len_blocks(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// The blocks as bytes, `at_a_time` blocks each.
    pub(crate) fn bytes(&self, at_a_time: usize) -> impl Iterator<Item = Vec<u8>> {
        self.blocks
            .chunks(at_a_time)
            .map(|blocks| blocks.iter().flatten().flat_map(|w| w.to_le_bytes()).collect())
    }

    /// An empty list of blocks that [`Filter::push_bytes`] fills.
    pub(crate) fn to_be_read(blocks: u64) -> Self {
        Self { blocks: Vec::with_capacity(usize::try_from(blocks).unwrap_or(0)) }
    }

    /// Appends whole blocks.
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) {
        let (blocks, _) = bytes.as_chunks::<FILTER_BLOCK_BYTES>();
        self.blocks.extend(blocks.iter().map(|block| {
            let (words, _) = block.as_chunks::<4>();
            std::array::from_fn(|at| u32::from_le_bytes(words[at]))
        }));
    }

    /// Scales the high half of the hash to the number of blocks.
    fn block_of(&self, bits: &Bits) -> usize {
        ((bits.place * self.blocks.len() as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    fn bits(key: u64) -> Bits {
        Bits::of(xxh3_64(&key.to_le_bytes()))
    }

    #[test]
    fn what_was_inserted_is_never_missed_and_few_others_are_let_through() {
        let keys = 50_000;
        let mut filter = Filter::for_keys(keys);
        (0..keys).for_each(|key| filter.insert(&bits(key)));
        assert!((0..keys).all(|key| filter.may_have(&bits(key))));
        let wrong = (keys..keys * 5).filter(|&key| filter.may_have(&bits(key))).count();
        assert!(wrong < 500, "{wrong} of 200,000");
        let mut read = Filter::to_be_read(filter.len_blocks());
        filter.bytes(7).for_each(|bytes| read.push_bytes(&bytes));
        assert_eq!(read.blocks, filter.blocks);
    }
}
