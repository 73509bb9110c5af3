//! Judging an input against its type: everything that is wrong with it at once, field by field. No
//! finding quotes a value.

mod field;

use bowline_core::location::has_userinfo;
use bowline_core::{Finding, Sensitive, Severity};
use serde_json::Number;

use super::encode::{self, Outcome};
use super::{Given, Input, Stored};
use crate::types::reserved::is_reserved;
use crate::types::{ConnectionType, Field, FieldKind};

/// Most bytes of a file: exactly 1 MiB.
pub const LARGEST_FILE: usize = 1024 * 1024;
/// Most bytes that the API stores in one Secret, all values together.
pub const LARGEST_SECRET: usize = 1024 * 1024;
/// The key whose value the API itself wants to be JSON.
pub(crate) const LOGIN: &str = ".dockerconfigjson";

/// What an input is for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// A new connection: defaults apply.
    Create,
    /// A change of what is stored: what is not given stays.
    Edit(&'a Stored),
}

impl<'a> Purpose<'a> {
    fn stored(self, key: &str) -> Option<&'a Sensitive> {
        match self {
            Self::Create => None,
            Self::Edit(stored) => stored.get(key),
        }
    }
}

/// Everything that is wrong with an input. Without a type, as for connections whose type was
/// deleted, every key takes text.
pub fn check(type_: Option<&ConnectionType>, input: &Input, purpose: Purpose<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for field in type_.into_iter().flat_map(ConnectionType::data_fields) {
        let given = input.get(&field.env_var);
        let stored = purpose.stored(&field.env_var);
        field::check(field, given, stored, &purpose, &mut findings);
    }
    let is_extra = |key: &str| type_.is_none_or(|type_| type_.field(key).is_none());
    for (key, given) in input.iter().filter(|(key, _)| is_extra(key)) {
        check_extra(type_, key, given, purpose, &mut findings);
    }
    for (key, given) in input {
        check_login(type_, key, given, purpose, &mut findings);
    }
    check_size(type_, input, purpose, &mut findings);
    findings
}

/// A login in a URL would be shown to everybody who is shown the place.
fn check_login(
    type_: Option<&ConnectionType>,
    key: &str,
    given: &Given,
    purpose: Purpose<'_>,
    findings: &mut Vec<Finding>,
) {
    let Given::Text(text) = given else {
        return;
    };
    let url = text.expose_str().map(str::trim).unwrap_or_default();
    let is_stored = purpose
        .stored(key)
        .is_some_and(|stored| stored.expose() == text.expose());
    let is_login = url.contains("://") && has_userinfo(url);
    if !is_login || is_stored || crate::edit::is_secret(type_, key) {
        return;
    }
    findings.push(Finding {
        severity: Severity::Error,
        rule: "login-in-value",
        field: key.to_owned(),
        message: format!("`{key}` holds a login, and is shown to whoever is shown the connection"),
        help: "leave user name and password out of it, and give them in fields that are secret"
            .to_owned(),
    });
}

/// Whether nothing would change: what is given means what is stored.
pub(crate) fn is_same(field: Option<&Field>, given: &Given, stored: &Sensitive) -> bool {
    let decoded = match field {
        Some(field) => super::decode::decode_one(&field.kind, stored),
        None => Given::Text(stored.clone()),
    };
    let is_stored =
        |outcome| matches!(outcome, Ok(Outcome::Set(value)) if value.expose() == stored.expose());
    let is_text = matches!(given, Given::Text(text) if text.expose() == stored.expose());
    is_text || decoded.expose() == given.expose() || is_stored(encode::outcome(field, given))
}

/// Whether a number is outside of inclusive bounds.
pub(crate) fn is_outside(number: &Number, (min, max): (Option<&Number>, Option<&Number>)) -> bool {
    let float = |number: &Number| number.as_f64().unwrap_or(f64::NAN);
    let value = float(number);
    min.is_some_and(|min| value < float(min)) || max.is_some_and(|max| value > float(max))
}

/// Whether a Secret can have such a key.
pub(crate) fn is_key(key: &str) -> bool {
    let is_legal = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    !key.is_empty()
        && key.len() <= 253
        && key.bytes().all(is_legal)
        && key != "."
        && !key.starts_with("..")
}

fn error(rule: &'static str, field: &str, message: String, help: &str) -> Finding {
    Finding {
        severity: Severity::Error,
        rule,
        field: field.to_owned(),
        message,
        help: help.to_owned(),
    }
}

/// Keys without a field: those that are stored, and those that the type's protocol knows.
fn check_extra(
    type_: Option<&ConnectionType>,
    key: &str,
    given: &Given,
    purpose: Purpose<'_>,
    findings: &mut Vec<Finding>,
) {
    let stored = purpose.stored(key);
    if stored.is_some_and(|stored| is_same(None, given, stored)) || matches!(given, Given::Cleared)
    {
        return;
    }
    if !is_key(key) {
        let message = "a key has characters that a Secret cannot have".to_owned();
        findings.push(error(
            "key",
            key,
            message,
            "use letters, digits, `_`, `-` and `.`, at most 253",
        ));
        return;
    }
    if is_reserved(key) {
        let message = format!(
            "`{key}` is reserved: it changes what other people's containers run, trust or reach"
        );
        findings.push(error(
            "env-var-reserved",
            key,
            message,
            "choose another key",
        ));
        return;
    }
    if let Err(expected) = encode::outcome(None, given) {
        findings.push(error(
            "value-form",
            key,
            format!("`{key}` must be {expected}"),
            "correct the value",
        ));
    }
    let Some(type_) = type_.filter(|_| stored.is_none()) else {
        return;
    };
    let is_known = type_
        .protocol()
        .is_some_and(|protocol| protocol.field(key).is_some());
    if !is_known {
        let message = format!("connection type `{}` has no field `{key}`", type_.name);
        let help = match nearest(type_, key) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "leave it out, or use a type that has it".to_owned(),
        };
        findings.push(error("unknown-field", key, message, &help));
    }
}

/// The field that differs least: by capitals, dashes, or one part that is missing.
fn nearest<'a>(type_: &'a ConnectionType, key: &str) -> Option<&'a str> {
    let plain = |text: &str| text.to_ascii_uppercase().replace(['-', '.'], "_");
    let wanted = plain(key);
    let names = || type_.data_fields().map(|field| field.env_var.as_str());
    let is_part = |name: &&str| plain(name).contains(&wanted) || wanted.contains(&plain(name));
    names()
        .find(|name| plain(name) == wanted)
        .or_else(|| names().find(is_part))
}

fn check_size(
    type_: Option<&ConnectionType>,
    input: &Input,
    purpose: Purpose<'_>,
    findings: &mut Vec<Finding>,
) {
    let after = after(type_, input, purpose);
    let total: usize = after.values().map(Sensitive::len).sum();
    let Some((largest, value)) = after.iter().max_by_key(|(_, value)| value.len()) else {
        return;
    };
    // A value that is too large by itself has been said.
    let is_said = type_
        .and_then(|type_| type_.field(largest))
        .is_some_and(is_file)
        && value.len() > LARGEST_FILE;
    if total > LARGEST_SECRET && !is_said {
        let message = format!(
            "all values together are {total} bytes, and Kubernetes stores at most {LARGEST_SECRET}"
        );
        findings.push(error(
            "too-large",
            largest,
            message,
            "this is the largest of them; make it smaller",
        ));
    }
}

const fn is_file(field: &Field) -> bool {
    matches!(field.kind, FieldKind::File { .. })
}

/// What is stored once the input is applied.
pub(crate) fn after(type_: Option<&ConnectionType>, input: &Input, purpose: Purpose<'_>) -> Stored {
    let mut after = match (purpose, type_) {
        (Purpose::Create, Some(type_)) => return encode::encode(type_, input),
        (Purpose::Create, None) => Stored::new(),
        (Purpose::Edit(stored), _) => stored.clone(),
    };
    for (key, given) in input {
        let field = type_.and_then(|type_| type_.field(key));
        if after
            .get(key)
            .is_some_and(|stored| is_same(field, given, stored))
        {
            continue;
        }
        match encode::outcome(field, given) {
            Ok(Outcome::Set(value)) => {
                after.insert(key.clone(), value);
            }
            Ok(Outcome::Cleared) => {
                after.remove(key);
            }
            Ok(Outcome::Kept) | Err(_) => {}
        }
    }
    after
}
