//! One thing wrong with one field, in Kubernetes' wording. Which values are wrong is left to the rules.

use serde_json::{Value, json};
use std::fmt;

/// Values longer than this many characters are not shown whole.
const SHOWN_LIMIT: usize = 1024;

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq)]
enum Problem {
    Required,
    Invalid(String),
    Type(String),
    Unsupported {
        value: String,
        supported: Vec<String>,
    },
    Duplicate(String),
    Forbidden,
    NotFound(String),
    TooLong,
    TooMany {
        count: usize,
    },
}

/// A field and what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldError {
    field: String,
    problem: Problem,
    detail: String,
}

impl FieldError {
    fn new(field: impl Into<String>, problem: Problem, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem,
            detail: detail.into(),
        }
    }

    /// The field must be there.
    pub(crate) fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, Problem::Required, detail)
    }

    /// The value breaks a rule; it is shown, so it must not be a secret.
    pub(crate) fn invalid(
        field: impl Into<String>,
        value: impl Into<Value>,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(field, Problem::Invalid(shown(&value.into())), detail)
    }

    /// A secret value breaks a rule; a fixed text stands for it.
    pub(crate) fn invalid_secret(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(
            field,
            Problem::Invalid("\"<secret contents redacted>\"".to_owned()),
            detail,
        )
    }

    /// The value has the wrong JSON type; only the name of its type is shown.
    pub(crate) fn wrong_type(field: impl Into<String>, value: &Value, wanted: &str) -> Self {
        let field = field.into();
        let found = type_name(value);
        let detail = format!("{field} in body must be of type {wanted}: \"{found}\"");
        Self::new(field, Problem::Type(format!("\"{found}\"")), detail)
    }

    /// The value is a text that cannot be read as what it stands for; it is not shown.
    pub(crate) fn unreadable(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, Problem::Type("\"<unreadable>\"".to_owned()), detail)
    }

    /// The value is none of those allowed.
    pub(crate) fn unsupported(
        field: impl Into<String>,
        value: impl Into<Value>,
        supported: &[&str],
    ) -> Self {
        let supported = supported.iter().map(|text| format!("{text:?}")).collect();
        Self::new(
            field,
            Problem::Unsupported {
                value: shown(&value.into()),
                supported,
            },
            "",
        )
    }

    /// The value is there twice.
    pub(crate) fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(field, Problem::Duplicate(shown(&value.into())), "")
    }

    /// The field may not be set so.
    pub(crate) fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, Problem::Forbidden, detail)
    }

    /// The value names something that is not there.
    pub(crate) fn not_found(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(field, Problem::NotFound(shown(&value.into())), "")
    }

    /// The value is longer than `limit` bytes.
    pub(crate) fn too_long(field: impl Into<String>, limit: usize) -> Self {
        Self::new(
            field,
            Problem::TooLong,
            format!("may not be more than {limit} bytes"),
        )
    }

    /// The list or map has too many members.
    pub(crate) fn too_many(field: impl Into<String>, count: usize, limit: usize) -> Self {
        Self::new(
            field,
            Problem::TooMany { count },
            format!("must have at most {limit} items"),
        )
    }

    /// The same about what stands at `field`.
    pub(crate) fn below(mut self, field: &str) -> Self {
        let dot = if self.field.is_empty() || self.field.starts_with('[') {
            ""
        } else {
            "."
        };
        self.field = format!("{field}{dot}{}", self.field);
        self
    }

    /// Whether it is about something below this member of the object.
    pub(crate) fn is_in(&self, member: &str) -> bool {
        let rest = self.field.strip_prefix(member);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }

    /// Whether the value has the wrong JSON type, so that it cannot even be read.
    pub(crate) fn is_type(&self) -> bool {
        matches!(self.problem, Problem::Type(_))
    }

    fn reason(&self) -> &'static str {
        match self.problem {
            Problem::Required => "FieldValueRequired",
            Problem::Invalid(_) => "FieldValueInvalid",
            Problem::Type(_) => "FieldValueTypeInvalid",
            Problem::Unsupported { .. } => "FieldValueNotSupported",
            Problem::Duplicate(_) => "FieldValueDuplicate",
            Problem::Forbidden => "FieldValueForbidden",
            Problem::NotFound(_) => "FieldValueNotFound",
            Problem::TooLong => "FieldValueTooLong",
            Problem::TooMany { .. } => "FieldValueTooMany",
        }
    }

    fn message(&self) -> String {
        let head = match &self.problem {
            Problem::Required => "Required value".to_owned(),
            Problem::Invalid(value) | Problem::Type(value) => format!("Invalid value: {value}"),
            Problem::Unsupported { value, supported } => {
                format!(
                    "Unsupported value: {value}: supported values: {}",
                    supported.join(", ")
                )
            }
            Problem::Duplicate(value) => format!("Duplicate value: {value}"),
            Problem::Forbidden => "Forbidden".to_owned(),
            Problem::NotFound(value) => format!("Not found: {value}"),
            Problem::TooLong => "Too long".to_owned(),
            Problem::TooMany { count } => format!("Too many: {count}"),
        };
        match self.detail.as_str() {
            "" => head,
            detail => format!("{head}: {detail}"),
        }
    }

    /// The entry in `details.causes` of a Status.
    pub(crate) fn to_cause(&self) -> Value {
        json!({"reason": self.reason(), "message": self.message(), "field": self.field})
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message())
    }
}

/// A value as JSON, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_LIMIT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// How JSON names the type of a value.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
