//! The grammar of a reference: which connections the annotations of a workload name. Whether the
//! connections exist, and may be used, is left to `plan`.

use std::fmt;

use serde_json::Value;

use super::record::annotation;
use crate::names;

/// Longest value of the annotation on a list kind, in bytes.
pub const MAX_BYTES: usize = 4096;
/// Most connections that one workload may name.
pub const MAX_ENTRIES: usize = 32;
const MAX_NAME: usize = 253;

/// One named connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The namespace, where the reference gives one.
    pub namespace: Option<String>,
    /// Name of the Secret.
    pub name: String,
}

/// Why a reference cannot be read. Each text names the bad part and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Longer than [`MAX_BYTES`].
    #[error("is {0} bytes long; at most {MAX_BYTES} are allowed")]
    TooLong(usize),
    /// More than [`MAX_ENTRIES`] different connections.
    #[error("names more than {MAX_ENTRIES} connections; split the workload or drop some")]
    TooMany,
    /// An entry of a list is not `namespace/name`.
    #[error("holds `{0}`, which is not of the form `namespace/name`")]
    NotQualified(String),
    /// A part is not the name of a Secret or namespace.
    #[error("holds `{0}`, which is not a valid name (lower case letters, digits, `-` and `.`)")]
    BadName(String),
    /// A serving workload names a namespace.
    #[error(
        "takes the name of one Secret of the same namespace: write `{name}` instead of `{given}`"
    )]
    Qualified {
        /// The value as given.
        given: String,
        /// The part after the slash.
        name: String,
    },
    /// A serving workload names several.
    #[error("takes exactly one Secret name, but holds a list: `{0}`")]
    List(String),
    /// Two annotations name different connections.
    #[error("names `{0}` while `{key}` names `{1}`; keep one of the two", key = names::ALAUDA_SOURCE)]
    Contradiction(String, String),
}

/// Parses the list form used by Notebooks: `namespace/name` entries with commas between.
///
/// Blank parts are skipped and repetitions dropped. With `bare_names`, an entry without a namespace
/// means the workload's own, so that one pod template can be applied to many namespaces.
///
/// # Errors
/// On the first entry that breaks the grammar or a limit.
pub fn parse_list(value: &str, bare_names: bool) -> Result<Vec<Entry>, ReferenceError> {
    if value.len() > MAX_BYTES {
        return Err(ReferenceError::TooLong(value.len()));
    }
    let mut entries: Vec<Entry> = Vec::new();
    for part in value
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let entry = parse_entry(part, bare_names)?;
        if entries.contains(&entry) {
            continue;
        }
        if entries.len() == MAX_ENTRIES {
            return Err(ReferenceError::TooMany);
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// As [`parse_list`], but keeps what can be read of a value that was stored long ago.
pub fn parse_list_leniently(value: &str, bare_names: bool) -> Vec<Entry> {
    value
        .split(',')
        .filter_map(|part| parse_entry(part.trim(), bare_names).ok())
        .collect()
}

fn parse_entry(part: &str, bare_names: bool) -> Result<Entry, ReferenceError> {
    let not_qualified = || ReferenceError::NotQualified(excerpt(part));
    let (namespace, name) = match part.split_once('/') {
        Some((namespace, name)) => (Some(namespace.trim()), name.trim()),
        None if bare_names => (None, part),
        None => return Err(not_qualified()),
    };
    if name.contains('/') || name.is_empty() || namespace == Some("") {
        return Err(not_qualified());
    }
    for word in [namespace, Some(name)].into_iter().flatten() {
        check_name(word)?;
    }
    Ok(Entry {
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    })
}

/// Parses the serving form: exactly one Secret name. A blank value means none.
///
/// # Errors
/// When the value is a list, is qualified by a namespace, or is not a name.
pub fn parse_single(value: &str) -> Result<Option<Entry>, ReferenceError> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(None);
    }
    if value.contains(',') {
        return Err(ReferenceError::List(excerpt(value)));
    }
    if let Some((_, name)) = value.rsplit_once('/') {
        return Err(ReferenceError::Qualified {
            given: excerpt(value),
            name: excerpt(name),
        });
    }
    check_name(value)?;
    Ok(Some(Entry {
        namespace: None,
        name: value.to_owned(),
    }))
}

/// The reference of a serving workload and the annotation that makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Single {
    pub(crate) entry: Entry,
    /// Whether only Alauda's annotation names it, which asks for Alauda's injection.
    pub(crate) is_alauda: bool,
}

/// Reads both annotations of an InferenceService (one of an LLMInferenceService).
pub(crate) fn single(object: &Value, with_alauda: bool) -> Result<Option<Single>, BadReference> {
    let read = |key: &'static str| {
        let value = annotation(object, key).unwrap_or_default();
        parse_single(value).map_err(|error| BadReference { key, error })
    };
    let own = read(names::CONNECTIONS)?;
    let alauda = if with_alauda {
        read(names::ALAUDA_SOURCE)?
    } else {
        None
    };
    match (own, alauda) {
        (Some(a), Some(b)) if a != b => Err(BadReference {
            key: names::CONNECTIONS,
            error: ReferenceError::Contradiction(a.name, b.name),
        }),
        (Some(entry), _) => Ok(Some(Single {
            entry,
            is_alauda: false,
        })),
        (None, Some(entry)) => Ok(Some(Single {
            entry,
            is_alauda: true,
        })),
        (None, None) => Ok(None),
    }
}

/// A reference that cannot be read, with the annotation that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadReference {
    pub(crate) key: &'static str,
    pub(crate) error: ReferenceError,
}

impl ReferenceError {
    /// What to write instead of a name without a namespace: the one that is in the workload's own.
    pub(crate) fn correction(&self, namespace: &str) -> Option<String> {
        match self {
            Self::NotQualified(name) if check_name(name).is_ok() => {
                Some(format!("`{namespace}/{name}`"))
            }
            _ => None,
        }
    }
}

impl fmt::Display for BadReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "annotation `{}` {}", self.key, self.error)
    }
}

fn check_name(word: &str) -> Result<(), ReferenceError> {
    let is_edge = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.first().copied().is_some_and(is_edge)
            && bytes.last().copied().is_some_and(is_edge)
            && bytes.iter().all(|c| is_edge(*c) || *c == b'-')
    };
    if word.len() <= MAX_NAME && word.split('.').all(is_label) {
        Ok(())
    } else {
        Err(ReferenceError::BadName(excerpt(word)))
    }
}

/// A part of a bad value, short and without control characters, so that it can be shown.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
