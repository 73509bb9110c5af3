//! Why a protobuf body cannot be read. No text shows a piece of the body; fields are named as the
//! table names them.

use super::MEDIA_TYPE;
use std::fmt;

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProtobufError {
    /// Something else than what `Content-Type` says.
    #[error(
        "the body does not start with the bytes `k8s` and 0: send JSON, or an object in the envelope of `{MEDIA_TYPE}`"
    )]
    NoMagic,
    /// A compressed object, or one in another form.
    #[error(
        "the envelope says that the object in it is encoded in another form: send it as `{MEDIA_TYPE}`"
    )]
    Encoded,
    /// No message is known for the object's type.
    #[error(
        "objects of the body's `apiVersion` and `kind` cannot be read from protobuf: send JSON"
    )]
    UnknownKind,
    /// The bytes break the format or do not fit the object's type.
    #[error("{0}: send JSON, or a body encoded by a Kubernetes client")]
    Malformed(#[from] Broken),
}

/// What is wrong, and in which field.
#[derive(Debug)]
pub(crate) struct Broken {
    /// From the innermost field to the outermost.
    path: Vec<&'static str>,
    flaw: Flaw,
}

impl Broken {
    pub(super) fn within(mut self, field: &'static str) -> Self {
        self.path.push(field);
        self
    }
}

impl From<Flaw> for Broken {
    fn from(flaw: Flaw) -> Self {
        Self {
            path: Vec::new(),
            flaw,
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return write!(out, "the body cannot be read as protobuf, {}", self.flaw);
        }
        let names: Vec<&str> = self.path.iter().rev().copied().collect();
        write!(
            out,
            "field `{}` of the body cannot be read as protobuf, {}",
            names.join("."),
            self.flaw
        )
    }
}

impl std::error::Error for Broken {}

/// What can be wrong with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("it ends too early")]
    CutShort,
    #[error("a number in it is too long")]
    LongNumber,
    #[error("it has a field number that cannot be")]
    FieldNumber,
    #[error("it has a group or an unknown wire type")]
    WireType,
    #[error("it has another wire type than its field")]
    WrongType,
    #[error("a text in it is not UTF-8")]
    NotUtf8,
    #[error("the JSON in it is broken")]
    NotJson,
    #[error("a time in it is out of range")]
    Time,
    #[error("what may stand there once stands there twice")]
    Twice,
    #[error("it has too many values for its length")]
    TooMany,
}
