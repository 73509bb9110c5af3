//! Resource names: made from what people call a thing, by the rule of Open Data Hub's dashboard, and
//! checked. Whether a name is taken is left to callers.

/// Most characters of a resource name.
pub const LONGEST: usize = 253;
/// What stands before the names of connection types that people make.
pub const TYPE_PREFIX: &str = "ct-";
/// What a resource name must look like, as help.
pub const RULE: &str = "use lower-case letters, digits and `-`, start and end with a letter or digit, at most 253 characters";

/// The resource name of a display name: lower case, blanks as dashes, everything else dropped.
/// `random` stands in where nothing is left, as for names in other scripts; empty for a blank name.
pub fn from_display_name(display_name: &str, prefix: &str, random: &str) -> String {
    let display_name = display_name.trim();
    if display_name.is_empty() {
        return String::new();
    }
    let lower = display_name.to_lowercase();
    let kept = lower.chars().filter_map(|c| match c {
        'a'..='z' | '0'..='9' | '-' => Some(c),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    });
    let mut name = String::new();
    for c in kept {
        if c != '-' || !(name.is_empty() || name.ends_with('-')) {
            name.push(c);
        }
    }
    name.truncate(LONGEST - prefix.len());
    name.truncate(name.trim_end_matches('-').len());
    if name.is_empty() {
        name = format!("gen-{random}");
    }
    format!("{prefix}{name}")
}

/// Whether a text is a resource name.
pub fn is_valid(name: &str) -> bool {
    let is_inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    !name.is_empty()
        && name.len() <= LONGEST
        && name.bytes().all(is_inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// Whether a text can be the name of a stored object or namespace, which may have dots as well.
/// Anything else never goes into the path of a request.
pub fn can_exist(name: &str) -> bool {
    let is_legal = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-.".contains(&c);
    let is_edge = |c: Option<&u8>| c.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let has_edges = is_edge(bytes.first()) && is_edge(bytes.last());
    has_edges && bytes.len() <= LONGEST && name.bytes().all(is_legal) && !name.contains("..")
}

/// Six characters for names that nothing is left of.
///
/// # Errors
/// When the machine gives no random bytes.
pub fn random() -> Result<String, getrandom::Error> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyz2345678";
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes)?;
    let letter = |byte: u8| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]);
    Ok(bytes.into_iter().map(letter).collect())
}

/// The beginning of a name, for messages.
pub(crate) fn excerpt(name: &str) -> String {
    const MOST: usize = 60;
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
