//! One line of a type's form: a field or a section heading. The JSON form is left to `wire`.

use serde_json::{Map, Number, Value};

/// A line of the form.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A heading that groups what follows.
    Section(Section),
    /// A field, which becomes a key of the Secret.
    Field(Box<Field>),
}

impl From<Field> for Entry {
    fn from(field: Field) -> Self {
        Self::Field(Box::new(field))
    }
}

impl Entry {
    /// The field, if it is one.
    pub const fn as_field(&self) -> Option<&Field> {
        match self {
            Self::Field(field) => Some(field),
            Self::Section(_) => None,
        }
    }
}

/// A section heading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// The heading.
    pub name: String,
    /// The text below it.
    pub description: Option<String>,
}

/// A field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The label in the form.
    pub name: String,
    /// The help text.
    pub description: Option<String>,
    /// The key in the Secret, and the name of the environment variable.
    pub env_var: String,
    /// Whether a connection needs it.
    pub is_required: bool,
    /// What an untouched field is stored as, in the JSON form of the kind.
    pub default: Option<Value>,
    /// Whether the default cannot be changed in a connection.
    pub is_read_only: bool,
    /// Whether the type gives no default on purpose.
    pub is_deferred: bool,
    /// What can be typed.
    pub kind: FieldKind,
    /// Properties that nobody here knows; they are kept.
    pub properties: Map<String, Value>,
    /// Other members that nobody here knows; they are kept.
    pub members: Map<String, Value>,
}

impl Field {
    /// A field with nothing but its label, key and kind.
    pub fn new(name: impl Into<String>, env_var: impl Into<String>, kind: FieldKind) -> Self {
        Self {
            name: name.into(),
            description: None,
            env_var: env_var.into(),
            is_required: false,
            default: None,
            is_read_only: false,
            is_deferred: false,
            kind,
            properties: Map::new(),
            members: Map::new(),
        }
    }

    /// Whether the default stands, whatever is typed.
    pub const fn is_fixed(&self) -> bool {
        self.is_read_only && self.default.is_some()
    }

    /// Whether what is typed must not be shown again unasked: hidden texts, and files that the
    /// type's author keeps defaults away from.
    pub const fn is_secret(&self) -> bool {
        matches!(self.kind, FieldKind::Hidden)
            || (matches!(self.kind, FieldKind::File { .. }) && self.is_deferred)
    }
}

/// What can be typed into a field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// One line.
    ShortText,
    /// Several lines.
    Text,
    /// One line that is masked.
    Hidden,
    /// A URL.
    Uri,
    /// A check box.
    Boolean {
        /// Its caption.
        label: String,
    },
    /// A number.
    Numeric {
        /// What is counted.
        unit: Option<String>,
        /// The least value.
        min: Option<Number>,
        /// The greatest value.
        max: Option<Number>,
    },
    /// A choice.
    Dropdown {
        /// Of one or of several.
        variant: Variant,
        /// What there is to choose from.
        items: Vec<Item>,
    },
    /// A file.
    File {
        /// The accepted ends of file names; all when empty.
        extensions: Vec<String>,
        /// A text below the field.
        helper_text: Option<String>,
    },
    /// A kind that nobody here knows; it is treated as text.
    Other(String),
}

impl FieldKind {
    /// The name of the kind in the JSON form.
    pub fn as_str(&self) -> &str {
        match self {
            Self::ShortText => "short-text",
            Self::Text => "text",
            Self::Hidden => "hidden",
            Self::Uri => "uri",
            Self::Boolean { .. } => "boolean",
            Self::Numeric { .. } => "numeric",
            Self::Dropdown { .. } => "dropdown",
            Self::File { .. } => "file",
            Self::Other(name) => name,
        }
    }

    /// The captions of the known kinds, as people pick them.
    pub const CAPTIONS: [(&'static str, &'static str); 8] = [
        ("boolean", "Boolean"),
        ("dropdown", "Dropdown"),
        ("file", "File"),
        ("numeric", "Numeric"),
        ("hidden", "Text - Hidden"),
        ("text", "Text - Long"),
        ("short-text", "Text - Short"),
        ("uri", "URI"),
    ];
}

/// How many items of a choice can be picked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Variant {
    /// One at most.
    #[default]
    Single,
    /// Any number.
    Multi,
}

/// An item of a choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// What is shown; the value when empty.
    pub label: String,
    /// What is stored.
    pub value: String,
}

impl Item {
    /// What people read.
    pub fn caption(&self) -> &str {
        if self.label.is_empty() {
            &self.value
        } else {
            &self.label
        }
    }
}
