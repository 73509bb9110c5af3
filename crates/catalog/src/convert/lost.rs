//! Telling what is lost or unused on the way from one form to another. Names keys, never values.

use bowline_core::{Finding, Secret, Severity};

use super::Told;

/// Findings in the making.
#[derive(Debug, Default)]
pub(super) struct Losses(pub(super) Vec<Told>);

impl Losses {
    /// The form has no place for a key.
    pub(super) fn lost(&mut self, secret: &Secret, key: &str, why: impl Into<String>) {
        self.add(
            Severity::Warning,
            "not-held",
            &secret.name,
            key,
            why.into(),
            "keep it elsewhere, or convert to a form that holds it",
        );
    }

    /// As [`Losses::lost`], with something better to do.
    pub(super) fn lost_but(
        &mut self,
        secret: &Secret,
        key: &str,
        why: impl Into<String>,
        help: &str,
    ) {
        self.add(
            Severity::Warning,
            "not-held",
            &secret.name,
            key,
            why.into(),
            help,
        );
    }

    /// The form holds a key, but the tool that it is for does not look at it.
    pub(super) fn unused(&mut self, secret: &Secret, key: &str, why: impl Into<String>) {
        self.add(
            Severity::Note,
            "not-read",
            &secret.name,
            key,
            why.into(),
            "nothing needs to be done",
        );
    }

    /// The form holds no connection of this protocol at all.
    pub(super) fn impossible(&mut self, secret: &Secret, why: impl Into<String>) {
        self.add(
            Severity::Error,
            "not-convertible",
            &secret.name,
            "protocol",
            why.into(),
            "convert to another form",
        );
    }

    /// The form holds the connection, but its tool would refuse it.
    pub(super) fn refused(&mut self, secret: &Secret, why: impl Into<String>) {
        self.add(
            Severity::Warning,
            "not-accepted",
            &secret.name,
            "spec",
            why.into(),
            "add what is missing to the output",
        );
    }

    /// A value is not what the input says, since that leaves open what is meant.
    pub(super) fn assumed(
        &mut self,
        secret: &Secret,
        key: &str,
        why: impl Into<String>,
        help: &str,
    ) {
        self.add(
            Severity::Note,
            "assumed",
            &secret.name,
            key,
            why.into(),
            help,
        );
    }

    /// The form holds the connection, but its platform cannot use it for all that it is for.
    pub(super) fn incomplete(&mut self, secret: &Secret, key: &str, why: impl Into<String>) {
        self.add(
            Severity::Warning,
            "not-complete",
            &secret.name,
            key,
            why.into(),
            "add it to the output",
        );
    }

    /// The input holds something for which a connection has no key.
    pub(super) fn ignored(&mut self, name: &str, field: &str, why: impl Into<String>) {
        self.add(
            Severity::Warning,
            "not-held",
            name,
            field,
            why.into(),
            "see whether the connection works without it",
        );
    }

    fn add(
        &mut self,
        severity: Severity,
        rule: &'static str,
        name: &str,
        field: &str,
        message: String,
        help: &str,
    ) {
        self.0.push(Told {
            name: name.to_owned(),
            finding: Finding {
                severity,
                rule,
                field: field.to_owned(),
                message,
                help: help.to_owned(),
            },
        });
    }
}

/// Lets a writer take the keys of a connection one by one, so that what nobody took is known.
pub(super) struct Taking<'a> {
    secret: &'a Secret,
    left: Vec<&'a str>,
}

impl<'a> Taking<'a> {
    pub(super) fn new(secret: &'a Secret) -> Self {
        Self {
            secret,
            left: secret.data.keys().map(String::as_str).collect(),
        }
    }

    /// A value as text, without the line ends that `echo` leaves behind; a value that is not text
    /// stays among those that nobody took.
    pub(super) fn line(&mut self, key: &str) -> Option<&'a str> {
        let text = self.secret.line(key)?;
        self.left.retain(|left| *left != key);
        Some(text)
    }

    /// Marks a key as told already.
    pub(super) fn skip(&mut self, key: &str) {
        self.left.retain(|left| *left != key);
    }

    /// Tells of all that was not taken.
    pub(super) fn finish(self, what: &str, losses: &mut Losses) {
        for key in self.left {
            losses.lost(self.secret, key, format!("{what} has no place for `{key}`"));
        }
    }
}
