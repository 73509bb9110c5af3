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
        let outside = !strings.of(&marks);
        let mut brackets = (marks.open | marks.close) & outside;
        while brackets != 0 {
            let position = brackets.trailing_zeros();
            let is_open = marks.open >> position & 1 == 1;
            depth = if is_open { depth + 1 } else { depth - 1 };
            if depth == 0 {
                return Some(index * BLOCK + position as usize + 1);
            }
            brackets &= brackets - 1;
        }
    }
    None
}

/// Which bytes of a block matter, one bit for each.
struct Marks {
    quote: u64,
    backslash: u64,
    open: u64,
    close: u64,
}

impl Marks {
    fn of(block: &[u8; BLOCK]) -> Self {
        let mut marks = Self {
            quote: 0,
            backslash: 0,
            open: 0,
            close: 0,
        };
        for (index, bytes) in block.as_chunks::<16>().0.iter().enumerate() {
            let bytes = u8x16::new(*bytes);
            // This bit tells `{` from `[` and `}` from `]`.
            let brackets = bytes | u8x16::splat(0x20);
            let find = |bytes: u8x16, mark| {
                u64::from(bytes.simd_eq(u8x16::splat(mark)).to_bitmask()) << (16 * index)
            };
            marks.quote |= find(bytes, b'"');
            marks.backslash |= find(bytes, b'\\');
            marks.open |= find(brackets, b'{');
            marks.close |= find(brackets, b'}');
        }
        marks
    }
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
