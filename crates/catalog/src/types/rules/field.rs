//! Rules about one line of the form.

use std::collections::BTreeSet;

use serde_json::{Number, Value};
use url::Url;

use super::Report;
use crate::types::reserved::is_reserved;
use crate::types::{Entry, Field, FieldKind, Item, Variant};
use crate::values::check::{LARGEST_FILE, is_key, is_outside};

pub(super) fn check(entry: &Entry, place: &str, report: &mut Report) {
    let name = match entry {
        Entry::Section(section) => &section.name,
        Entry::Field(field) => &field.name,
    };
    if name.trim().is_empty() {
        let what = if entry.as_field().is_some() {
            "field"
        } else {
            "section heading"
        };
        let message = format!("the {what} has no name");
        report.error(
            "field-name",
            format!("{place}.name"),
            message,
            "give it a name that people read",
        );
    }
    let Some(field) = entry.as_field() else {
        return;
    };
    check_env_var(field, &format!("{place}.envVar"), report);
    check_kind(field, place, report);
    let place = format!("{place}.properties.defaultValue");
    match &field.default {
        Some(default) => check_default(field, default, &place, report),
        None if field.is_read_only => {
            let message = format!("`{}` is read-only and has no default", field.name);
            report.error(
                "read-only",
                place,
                message,
                "give a default, or let people type it",
            );
        }
        None => {}
    }
}

fn check_env_var(field: &Field, place: &str, report: &mut Report) {
    let name = &field.env_var;
    if name.is_empty() {
        let message = format!("`{}` has no environment variable", field.name);
        report.error(
            "env-var",
            place,
            message,
            "name one, such as `AWS_S3_BUCKET`",
        );
    } else if !is_key(name) {
        let message = "the environment variable has characters that a key of a Secret cannot have";
        let help = "use letters, digits, `_`, `-` and `.`, at most 253";
        report.error("env-var", place, message, help);
    } else if is_reserved(name) {
        let message = format!(
            "`{name}` is reserved: it changes what other people's containers run, trust or reach"
        );
        report.error(
            "env-var-reserved",
            place,
            message,
            "choose a variable of your own",
        );
    }
}

fn check_kind(field: &Field, place: &str, report: &mut Report) {
    let place = |key: &str| format!("{place}.{key}");
    match &field.kind {
        FieldKind::Boolean { label } if label.trim().is_empty() => {
            let message = format!("the check box `{}` has no label", field.name);
            report.error(
                "boolean-label",
                place("properties.label"),
                message,
                "say what checking it means",
            );
        }
        FieldKind::Numeric {
            min: Some(min),
            max: Some(max),
            ..
        } if as_f64(min) >= as_f64(max) => {
            let message = format!(
                "the least value of `{}` is not below the greatest",
                field.name
            );
            report.error(
                "numeric-range",
                place("properties.min"),
                message,
                "make `min` smaller than `max`",
            );
        }
        FieldKind::Dropdown { items, .. } => {
            check_items(field, items, &place("properties.items"), report)
        }
        FieldKind::File { extensions, .. } => {
            check_extensions(extensions, &place("properties.extensions"), report)
        }
        FieldKind::Other(kind) => {
            let message = format!("`{}` has the unknown type `{kind}`", field.name);
            let help =
                "use section, short-text, text, hidden, uri, boolean, numeric, dropdown or file";
            report.error("field-type", place("type"), message, help);
        }
        _ => {}
    }
}

fn check_items(field: &Field, items: &[Item], place: &str, report: &mut Report) {
    if items.is_empty() {
        let message = format!("there is nothing to choose from in `{}`", field.name);
        report.error("dropdown-items", place, message, "give at least one item");
    }
    let (mut values, mut captions) = (BTreeSet::new(), BTreeSet::new());
    for (index, item) in items.iter().enumerate() {
        let place = |key: &str| format!("{place}[{index}].{key}");
        if item.value.is_empty() {
            let help = "say what is stored when it is chosen";
            report.error(
                "dropdown-items",
                place("value"),
                "the item has no value",
                help,
            );
        } else if !values.insert(item.value.to_lowercase()) {
            let message = format!(
                "the value `{}` is there twice; capital letters do not count",
                item.value
            );
            report.error(
                "dropdown-items",
                place("value"),
                message,
                "remove one of the two",
            );
        } else if !captions.insert(item.caption().to_lowercase()) {
            let message = format!(
                "the label `{}` is there twice; capital letters do not count",
                item.caption()
            );
            report.error(
                "dropdown-items",
                place("label"),
                message,
                "rename one of the two",
            );
        }
    }
}

/// One dot and name, or several: `.json`, `.tar.gz`.
fn is_extension(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric());
    text.strip_prefix('.')
        .is_some_and(|rest| rest.split('.').all(is_part))
}

fn check_extensions(extensions: &[String], place: &str, report: &mut Report) {
    for (index, extension) in extensions.iter().enumerate() {
        let place = format!("{place}[{index}]");
        if !is_extension(extension) {
            let message = format!("`{extension}` is not the end of a file name");
            report.error(
                "extension",
                place,
                message,
                "write it with its dot, such as `.json` or `.tar.gz`",
            );
        } else if extensions[..index].contains(extension) {
            let message = format!("`{extension}` is there twice");
            report.error("extension", place, message, "remove one of the two");
        }
    }
}

fn check_default(field: &Field, default: &Value, place: &str, report: &mut Report) {
    let problem = match (&field.kind, default) {
        (FieldKind::Boolean { .. }, Value::Bool(_)) => None,
        (FieldKind::Boolean { .. }, _) => Some("must be `true` or `false`"),
        (FieldKind::Numeric { min, max, .. }, Value::Number(number)) => {
            let bounds = (min.as_ref(), max.as_ref());
            is_outside(number, bounds).then_some("is outside of `min` and `max`")
        }
        (FieldKind::Numeric { .. }, _) => Some("must be a number"),
        (FieldKind::Dropdown { variant, items }, default) => chosen(*variant, items, default),
        (FieldKind::Uri, Value::String(text)) => {
            Url::parse(text).is_err().then_some("is not a URL")
        }
        (FieldKind::File { .. }, Value::String(text)) => {
            (text.len() > LARGEST_FILE).then_some("is larger than 1 MiB")
        }
        (_, Value::String(_)) => None,
        _ => Some("must be text"),
    };
    if let Some(problem) = problem {
        let message = format!("the default of `{}` {problem}", field.name);
        report.error(
            "default",
            place,
            message,
            "correct the default, or leave it out",
        );
    }
}

fn chosen(variant: Variant, items: &[Item], default: &Value) -> Option<&'static str> {
    let Some(values) = default.as_array() else {
        return Some("must be a list of values, for a single choice too");
    };
    let is_item = |value: &Value| items.iter().any(|item| value.as_str() == Some(&item.value));
    match variant {
        _ if !values.iter().all(is_item) => Some("is not among the items"),
        Variant::Single if values.len() > 1 => Some("has more than one value"),
        _ => None,
    }
}

fn as_f64(number: &Number) -> f64 {
    number.as_f64().unwrap_or_default()
}
