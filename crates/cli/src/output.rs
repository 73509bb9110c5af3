//! How results are shown: for people, or as JSON, YAML, names or what a template picks. The one place
//! that knows `--output`; what is shown is left to the commands.

mod template;

use std::fmt;
use std::str::FromStr;

use bowline_core::manifest;
use serde_json::Value;

use crate::failure::{Failure, Kind};
use crate::terminal;
use template::Template;

/// How to show a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// For people.
    Text,
    /// For people with wide terminals.
    Wide,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Names, one a line.
    Name,
    /// What a template in kubectl's syntax picks.
    JsonPath(Template),
}

/// The forms without an argument, as they are written.
pub const FORMS: [&str; 6] = ["text", "wide", "json", "yaml", "name", "jsonpath="];

/// Why a form is not known.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownOutput(String);

impl fmt::Display for UnknownOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnknownOutput {}

impl FromStr for Output {
    type Err = UnknownOutput;

    fn from_str(text: &str) -> Result<Self, UnknownOutput> {
        Ok(match text {
            "text" => Self::Text,
            "wide" => Self::Wide,
            "json" => Self::Json,
            "yaml" => Self::Yaml,
            "name" => Self::Name,
            _ => {
                let template = text.strip_prefix("jsonpath=").ok_or_else(|| {
                    UnknownOutput(
                        "known are `text`, `wide`, `json`, `yaml`, `name` and `jsonpath=TEMPLATE`"
                            .to_owned(),
                    )
                })?;
                Self::JsonPath(template.parse().map_err(UnknownOutput)?)
            }
        })
    }
}

/// A result in the forms that it has.
pub struct Shown<'a> {
    /// For programs; made only where it is shown.
    pub value: &'a dyn Fn() -> Result<Value, Failure>,
    /// The names of what is in it.
    pub names: Vec<String>,
    /// For people; told whether there is room.
    pub text: &'a dyn Fn(Width) -> String,
}

/// How much room there is for people's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// What matters most.
    Normal,
    /// Everything.
    Wide,
}

impl Output {
    /// The result in this form.
    ///
    /// # Errors
    /// When the form for programs is asked for and cannot be made.
    pub fn render(&self, result: &Shown<'_>) -> Result<String, Failure> {
        Ok(match self {
            Self::Text => (result.text)(Width::Normal),
            Self::Wide => (result.text)(Width::Wide),
            Self::Json => format!("{:#}\n", (result.value)()?),
            Self::Yaml => manifest::render(&[(result.value)()?]),
            Self::Name => result
                .names
                .iter()
                .map(|name| format!("{name}\n"))
                .collect(),
            Self::JsonPath(template) => template.fill(&(result.value)()?),
        })
    }

    /// Prints the result in this form.
    ///
    /// # Errors
    /// As [`Self::render`], and when stdout cannot be written.
    pub fn print(&self, result: &Shown<'_>) -> Result<(), Failure> {
        terminal::print(&self.render(result)?)
    }
}

/// The JSON form of a result.
///
/// # Errors
/// When a number in it is none that JSON knows, which no result of ours holds.
pub fn value(result: &impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(result)
        .map_err(|_| Failure::new(Kind::Internal, "the result cannot be written as JSON"))
}

#[cfg(test)]
mod tests;
