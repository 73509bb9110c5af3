//! Manifests in and out: YAML or JSON, one or many documents, `kind: List` opened; what the
//! objects mean is left to others.
//!
//! Manifests hold Secrets, so an error carries a position and a reason, never text of the document.

mod json;

#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;

use serde_saphyr::{Error, Options};
use thiserror::Error as ThisError;

pub use json::Unique;

/// Deep enough for a CustomResourceDefinition with its schema, shallow enough for the stack of a
/// worker thread: the reader recurses, and needs up to 20 kB a level without optimisation.
const MAX_DEPTH: usize = 64;
/// Nodes that aliases may add to a file.
const MAX_ALIAS_EVENTS: usize = 100_000;

/// Why a manifest cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum ManifestError {
    /// Not text.
    #[error("the file is not UTF-8 text (byte {offset})")]
    NotUtf8 {
        /// First byte that is not, from 0.
        offset: usize,
    },
    /// A problem with a known place.
    #[error("document {document}, line {line}, column {column}: {problem}")]
    At {
        /// Document, from 1.
        document: usize,
        /// Line of the file, from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
        /// What is wrong there.
        problem: Problem,
    },
    /// A problem of the file as a whole.
    #[error("{0}")]
    Whole(Problem),
    /// A list or a scalar where an object should be.
    #[error("object {object} of the file is not a mapping")]
    NotAnObject {
        /// Position among the objects of the file, from 1.
        object: usize,
    },
}

/// What is wrong at a place in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Neither YAML nor JSON.
    Syntax,
    /// A key that the same mapping has already.
    DuplicateKey,
    /// Too deep, too many nodes, too many aliases.
    Limit,
    /// A number that JSON cannot express.
    Number,
    /// An alias to an anchor that does not exist or that holds itself.
    Alias,
    /// A value whose tag does not fit.
    Tag,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "neither YAML nor JSON; look for indentation, quotes and colons",
            Self::DuplicateKey => "the same key stands twice in one mapping; remove one",
            Self::Limit => "nested too deeply, or too many nodes or aliases; split the file",
            Self::Number => "a number that Kubernetes cannot store; put it in quotes",
            Self::Alias => "an alias to an anchor that does not exist here or holds itself",
            Self::Tag => "a tag that does not fit its value; remove the tag",
        })
    }
}

/// Reads all objects of a manifest, in order; empty documents are skipped.
///
/// # Errors
/// When the bytes are not UTF-8, not YAML or JSON, hold a duplicate key, exceed a limit, or hold
/// something other than objects.
pub fn parse(text: &[u8]) -> Result<Vec<Value>, ManifestError> {
    let text = std::str::from_utf8(text).map_err(|error| ManifestError::NotUtf8 {
        offset: error.valid_up_to(),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let documents = match json::parse(text) {
        Some(documents) => documents?,
        None => serde_saphyr::from_multiple_with_options(text, options())
            .map_err(|error| located(text, &error))?,
    };
    let mut objects = Vec::with_capacity(documents.len());
    documents
        .into_iter()
        .for_each(|document| open(document, &mut objects));
    match objects.iter().position(|object| !object.is_object()) {
        Some(index) => Err(ManifestError::NotAnObject { object: index + 1 }),
        None => Ok(objects),
    }
}

/// Writes objects as YAML documents, in order and with their keys in order, such that reading them
/// again gives the same objects.
pub fn render(objects: &[Value]) -> String {
    serde_saphyr::to_string_multiple(objects).expect("JSON values are always YAML")
}

/// Appends a document, or the items of a `kind: List`.
fn open(document: Value, objects: &mut Vec<Value>) {
    let is_list = document.get("kind").and_then(Value::as_str) == Some("List");
    match document {
        Value::Object(mut list) if is_list => match list.remove("items") {
            Some(Value::Array(items)) => items.into_iter().for_each(|item| open(item, objects)),
            None | Some(Value::Null) => {}
            Some(other) => objects.push(other),
        },
        Value::Null => {}
        object => objects.push(object),
    }
}

/// Reads scalars as kubectl does (`yes` is a boolean, `0644` is octal) and shows no source text.
fn options() -> Options {
    serde_saphyr::options! {
        with_snippet: false,
        emit_comments: false,
        legacy_octal_numbers: true,
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::Reject,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            // The scanner looks a thousand characters ahead of the reader; with more room than
            // that it is the depth that stops brackets, and is what the error names.
            flow_nesting_limit: 2048,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIAS_EVENTS,
        },
    }
}

fn located(text: &str, error: &Error) -> ManifestError {
    let problem = problem(error);
    match error.location().filter(|location| location.line() > 0) {
        Some(location) => ManifestError::At {
            document: document_at(text, location.line()),
            line: location.line(),
            column: location.column(),
            problem,
        },
        None => ManifestError::Whole(problem),
    }
}

fn problem(error: &Error) -> Problem {
    match error {
        Error::DuplicateMappingKey { .. } => Problem::DuplicateKey,
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => Problem::Limit,
        Error::NonFiniteFloat { .. } | Error::InvalidScalar { .. } => Problem::Number,
        Error::AliasError { error, .. } => self::problem(error),
        Error::UnknownAnchor { .. } | Error::RecursiveReferencesRequireWeakTypes { .. } => {
            Problem::Alias
        }
        Error::UnsupportedTag { .. }
        | Error::InvalidBinaryBase64 { .. }
        | Error::BinaryNotUtf8 { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. } => Problem::Tag,
        _ => Problem::Syntax,
    }
}

/// The number of the document that a line belongs to: `---` at the start of a line can be nothing
/// but a separator, and one before any content opens the first document.
fn document_at(text: &str, line: u64) -> usize {
    let mut document = 1;
    let mut has_content = false;
    for text in text
        .lines()
        .take(usize::try_from(line).unwrap_or(usize::MAX))
    {
        let is_separator = text == "---" || text.starts_with("--- ") || text.starts_with("---\t");
        document += usize::from(is_separator && has_content);
        has_content |= is_separator || !(text.trim().is_empty() || text.starts_with(['#', '%']));
    }
    document
}
