//! One query parameter as the document describes it, and what was given for it.

use std::str::FromStr;

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

/// Longest value, in bytes; cursors are the longest that we make.
const LONGEST: usize = 4096;

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) form: Form,
}

/// What can be given.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    Text,
    Boolean,
    OneOf(&'static [&'static str]),
    /// From one number to another.
    Number(usize, usize),
}

impl Known {
    pub(super) fn described(&self) -> Parameter {
        let object = ObjectBuilder::new();
        let schema = match self.form {
            Form::Text => object.schema_type(Type::String),
            Form::Boolean => object.schema_type(Type::Boolean),
            Form::OneOf(all) => object
                .schema_type(Type::String)
                .enum_values(Some(all.iter().copied())),
            Form::Number(least, most) => object
                .schema_type(Type::Integer)
                .minimum(Some(least))
                .maximum(Some(most)),
        };
        ParameterBuilder::new()
            .name(self.name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(self.about))
            .schema(Some(schema))
            .build()
    }

    fn judge(&self, value: &str) -> Result<(), String> {
        let is_good = match self.form {
            Form::Text => value.len() <= LONGEST,
            Form::Boolean => value.parse::<bool>().is_ok(),
            Form::OneOf(all) => all.contains(&value),
            Form::Number(least, most) => value
                .parse()
                .is_ok_and(|number: usize| (least..=most).contains(&number)),
        };
        let forms = || match self.form {
            Form::Text => format!("is longer than {LONGEST} bytes"),
            Form::Boolean => "is neither true nor false".to_owned(),
            Form::OneOf(all) => format!("is none of: {}", all.join(", ")),
            Form::Number(least, most) => format!("is not a number from {least} to {most}"),
        };
        if is_good { Ok(()) } else { Err(forms()) }
    }
}

/// Names and values as they were given, all of them good.
#[derive(Debug, Default)]
pub(crate) struct Given(Vec<(&'static str, String)>);

impl Given {
    /// Takes a value, or says why it cannot be taken.
    pub(super) fn take(&mut self, known: &Known, value: &str) -> Result<(), String> {
        if self.text(known.name).is_some() {
            return Err("is given twice".to_owned());
        }
        known.judge(value)?;
        self.0.push((known.name, value.to_owned()));
        Ok(())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.parsed(name)
    }
}
