//! Finding the end of a JSON object or list, 64 bytes at a time and without a branch for each
//! string. What stands inside is left to others.

use wide::u8x16;

const BLOCK: usize = 64;

/// Length of the object or list that `bytes` begins with; `None` when it has no end.
pub(super) fn container(bytes: &[u8]) -> Option<usize> {
    let (blocks, tail) = bytes.as_chunks::<BLOCK>();
    let mut last = [b' '; BLOCK];
    last[..tail.len()].copy_from_slice(tail);
    let mut strings = Strings::default();
    let mut depth = 0_usize;
    for (index, block) in blocks.iter().chain([&last]).enumerate() {
        let marks = Marks::of(block);
        let mut brackets = marks.bracket & !strings.of(&marks);
        while brackets != 0 {
            let position = brackets.trailing_zeros() as usize;
            depth = depth + opens(block[position]) - closes(block[position]);
            if depth == 0 {
                return Some(index * BLOCK + position + 1);
            }
            brackets &= brackets - 1;
        }
    }
    None
}

// Of the bits of a bracket, 5 tells `{` from `[` and `}` from `]`, 1 is set where it opens and 2
// where it closes. Other bytes that agree in the rest of them stand in strings only, except in
// malformed text, and there neither open nor close.
const BRACKET: u8 = b'[' & SAME;
const SAME: u8 = !0b0010_0110;

fn opens(bracket: u8) -> usize {
    usize::from(bracket >> 1 & 1)
}

fn closes(bracket: u8) -> usize {
    usize::from(bracket >> 2 & 1)
}

/// Which bytes of a block matter, one bit for each.
struct Marks {
    quote: u64,
    backslash: u64,
    bracket: u64,
}

impl Marks {
    fn of(block: &[u8; BLOCK]) -> Self {
        let mut marks = Self {
            quote: 0,
            backslash: 0,
            bracket: 0,
        };
        let mut backslashes = u8x16::splat(0);
        for (index, bytes) in chunks(block) {
            marks.quote |= find(bytes, b'"', index);
            marks.bracket |= find(bytes & u8x16::splat(SAME), BRACKET, index);
            backslashes |= bytes.simd_eq(u8x16::splat(b'\\'));
        }
        // Most blocks have none, so where they stand is asked late.
        if backslashes.to_bitmask() != 0 {
            let places = chunks(block).map(|(index, bytes)| find(bytes, b'\\', index));
            marks.backslash = places.fold(0, |all, place| all | place);
        }
        marks
    }
}

fn chunks(block: &[u8; BLOCK]) -> impl Iterator<Item = (usize, u8x16)> {
    let chunks = block.as_chunks::<16>().0.iter().enumerate();
    chunks.map(|(index, bytes)| (index, u8x16::new(*bytes)))
}

/// One bit for each byte of a chunk that is `mark`, where the chunk stands in its block.
fn find(bytes: u8x16, mark: u8, chunk: usize) -> u64 {
    u64::from(bytes.simd_eq(u8x16::splat(mark)).to_bitmask()) << (16 * chunk)
}

/// Where strings are, carried on from block to block.
#[derive(Default)]
struct Strings {
    /// All bits when the last block ended inside of a string.
    inside: u64,
    /// The lowest bit when the last block ended with a backslash that escapes.
    escaping: u64,
}

impl Strings {
    /// The bytes of a block that are inside of a string, its opening quote included.
    fn of(&mut self, marks: &Marks) -> u64 {
        let mut inside = marks.quote & !self.escaped(marks.backslash);
        // A byte is inside when an odd number of quotes stands before it or on it.
        for distance in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << distance;
        }
        inside ^= self.inside;
        self.inside = if inside >> 63 == 1 { u64::MAX } else { 0 };
        inside
    }

    /// The bytes of a block that a backslash stands before.
    fn escaped(&mut self, backslash: u64) -> u64 {
        let mut escaped = std::mem::take(&mut self.escaping);
        let mut rest = backslash & !escaped;
        while rest != 0 {
            let position = rest.trailing_zeros();
            self.escaping = u64::from(position == 63);
            let next = (1 << position) << 1;
            escaped |= next;
            rest &= (rest - 1) & !next;
        }
        escaped
    }
}
