//! Random names that nobody can guess, and the digests by which they are looked up.

use aws_lc_rs::digest;

/// Digits of base 32, as in `c8k2…`; each carries five bits.
const DIGITS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A text of so many random digits.
pub(crate) fn letters(count: usize) -> String {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    let digit = |byte: &u8| char::from(DIGITS[usize::from(byte % 32)]);
    bytes.iter().map(digit).collect()
}

/// By which a secret name is looked up: how long that takes tells nothing about the name.
pub(crate) fn digest(text: impl AsRef<[u8]>) -> [u8; 32] {
    let mut own = [0; 32];
    own.copy_from_slice(digest::digest(&digest::SHA256, text.as_ref()).as_ref());
    own
}
