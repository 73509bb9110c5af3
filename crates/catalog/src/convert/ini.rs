//! The syntax that AWS and rclone share: sections of `key = value` lines, with indented blocks below
//! a key. Errors count lines and quote nothing.

use super::ReadError;

/// More sections than anybody has profiles.
const MOST_SECTIONS: usize = 10_000;

/// One section.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Section<'a> {
    /// What stands between the brackets.
    pub(super) name: &'a str,
    pub(super) entries: Vec<Entry<'a>>,
}

/// One line, and the indented lines below it.
#[derive(PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) nested: Vec<(&'a str, &'a str)>,
}

/// Without the value, which may be secret.
impl std::fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key)
    }
}

/// Reads all sections, in order; a name that stands twice is two sections.
pub(super) fn parse(text: &str) -> Result<Vec<Section<'_>>, ReadError> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let fail = |why| ReadError::Line {
            line: index + 1,
            why,
        };
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(rest) = trimmed.strip_prefix('[') {
            let name = rest.split_once(']').map(|(name, _)| name.trim());
            let name = name.ok_or_else(|| fail("a section without `]`"))?;
            if sections.len() == MOST_SECTIONS {
                return Err(fail("too many sections"));
            }
            sections.push(Section {
                name,
                ..Section::default()
            });
            continue;
        }
        let section = sections
            .last_mut()
            .ok_or_else(|| fail("a setting before the first `[section]`"))?;
        let (key, value) = trimmed
            .split_once('=')
            .ok_or_else(|| fail("neither `[section]` nor `key = value`"))?;
        let (key, value) = (key.trim(), value.trim());
        match section.entries.last_mut() {
            Some(entry) if line.starts_with([' ', '\t']) && entry.value.is_empty() => {
                entry.nested.push((key, value));
            }
            _ => section.entries.push(Entry {
                key,
                value,
                nested: Vec::new(),
            }),
        }
    }
    Ok(sections)
}

/// Why a text cannot stand as a value in a line of its own.
pub(super) fn unwritable(text: &str) -> Option<&'static str> {
    if text.contains(['\n', '\r', '\0']) {
        Some("it has more than one line")
    } else if text.trim() != text {
        Some("it begins or ends with a blank")
    } else {
        None
    }
}
