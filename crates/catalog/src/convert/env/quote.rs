//! Quoting a value for a line of a shell or of a `.env` file.
//!
//! The readers of `.env` files that are taken into account are python-dotenv and Node's dotenv; both
//! take quotes off, and differ from shells in backslashes, `${…}`, carriage returns and in that a
//! value is one quoted piece.

/// For bash, dash, ksh and zsh.
pub(super) fn posix(value: &[u8]) -> Vec<u8> {
    if is_plain(value) {
        return value.to_vec();
    }
    let mut out = vec![b'\''];
    for byte in value {
        match byte {
            b'\'' => out.extend_from_slice(b"'\\''"),
            other => out.push(*other),
        }
    }
    out.push(b'\'');
    out
}

/// For fish, where a backslash counts inside of single quotes.
pub(super) fn fish(value: &[u8]) -> Vec<u8> {
    let mut out = vec![b'\''];
    for byte in value {
        if matches!(byte, b'\'' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'\'');
    out
}

/// For shells and readers of `.env` files alike, with what is known to divide them.
pub(super) fn dotenv(value: &[u8]) -> (Vec<u8>, Option<&'static str>) {
    let Ok(text) = std::str::from_utf8(value) else {
        return (posix(value), Some("is not UTF-8 text"));
    };
    if is_plain(value) {
        return (value.to_vec(), None);
    }
    if text.contains('\r') {
        return (posix(value), Some("holds a carriage return"));
    }
    if text.contains("${") {
        return (posix(value), Some("holds `${`"));
    }
    let is_escaping = text.contains("\\\\") || text.contains("\\'") || text.ends_with('\\');
    if !text.contains('\'') && !is_escaping {
        return (posix(value), None);
    }
    // Between double quotes nothing of these has a meaning to anybody.
    if !text.contains(['"', '\\', '$', '`', '!']) {
        return (format!("\"{text}\"").into_bytes(), None);
    }
    (posix(value), Some("holds quotes or backslashes"))
}

/// Whether a value needs no quotes: neither for shells nor for anybody who splits lines. `=` at the
/// start or behind a colon would mean a path to zsh.
fn is_plain(value: &[u8]) -> bool {
    let is_harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(byte);
    !value.is_empty()
        && value.iter().all(is_harmless)
        && !value.starts_with(b"=")
        && !value.windows(2).any(|pair| pair == b":=")
}
