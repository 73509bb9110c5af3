//! The text behind a JSON string; what cannot be text becomes U+FFFD, as in Go.

use std::char::{REPLACEMENT_CHARACTER, decode_utf16};

/// Reads what stands between the quotes, whose escapes are known to be well formed.
pub(super) fn unquote(inner: &[u8]) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(escape) = rest.iter().position(|byte| *byte == b'\\') {
        push_plain(&rest[..escape], &mut text);
        rest = push_escape(&rest[escape..], &mut text);
    }
    push_plain(rest, &mut text);
    text
}

/// Go replaces each stray byte, where the standard library replaces a run of them.
fn push_plain(bytes: &[u8], text: &mut String) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| REPLACEMENT_CHARACTER));
    }
}

/// Takes one escape, and two where they are halves of one character.
fn push_escape<'a>(bytes: &'a [u8], text: &mut String) -> &'a [u8] {
    let (plain, length) = match bytes.get(1).copied().unwrap_or_default() {
        b'u' => return push_unicode(bytes, text),
        b'n' => ('\n', 2),
        b't' => ('\t', 2),
        b'r' => ('\r', 2),
        b'b' => ('\u{8}', 2),
        b'f' => ('\u{c}', 2),
        other => (char::from(other), 2),
    };
    text.push(plain);
    bytes.get(length..).unwrap_or_default()
}

fn push_unicode<'a>(bytes: &'a [u8], text: &mut String) -> &'a [u8] {
    let Some(first) = unit(bytes) else {
        return &[];
    };
    let rest = &bytes[6..];
    let pair = unit(rest).map(|second| decode_utf16([first, second]).next());
    if (0xd800..0xdc00).contains(&first)
        && let Some(Some(Ok(c))) = pair
    {
        text.push(c);
        return &rest[6..];
    }
    text.push(char::from_u32(first.into()).unwrap_or(REPLACEMENT_CHARACTER));
    rest
}

/// The number in `\u0041` at the start.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
