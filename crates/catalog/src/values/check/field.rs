//! Judging what is given for one field.

use bowline_core::{Finding, Sensitive, Severity};
use serde::de::IgnoredAny;
use serde_json::Number;
use url::Url;

use super::{LARGEST_FILE, LOGIN, Purpose, error, is_outside, is_same};
use crate::types::{Field, FieldKind, Item, Variant};
use crate::values::Given;
use crate::values::encode::{self, Outcome, chosen, parse_number, shortest};

pub(super) fn check(
    field: &Field,
    given: Option<&Given>,
    stored: Option<&Sensitive>,
    purpose: &Purpose<'_>,
    findings: &mut Vec<Finding>,
) {
    let key = &field.env_var;
    let is_unchanged = |given| stored.is_some_and(|stored| is_same(Some(field), given, stored));
    let outcome = match given {
        Some(given) if !is_unchanged(given) => encode::outcome(Some(field), given),
        _ => Ok(Outcome::Kept),
    };
    match &outcome {
        Err(expected) => {
            let message = format!("`{}` must be {expected}", field.name);
            findings.push(error("value-form", key, message, "correct the value"));
            return;
        }
        Ok(outcome) if field.is_fixed() && !is_default(field, outcome) => {
            let message = format!("`{}` is read-only", field.name);
            findings.push(error(
                "read-only",
                key,
                message,
                "leave it out; the type says its value",
            ));
            return;
        }
        Ok(Outcome::Set(value)) => check_value(field, given, value, findings),
        Ok(_) => {}
    }
    if let Ok(outcome) = outcome {
        check_required(field, &outcome, stored, purpose, findings);
    }
}

fn is_default(field: &Field, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Kept => true,
        Outcome::Cleared => false,
        Outcome::Set(value) => {
            encode::default(field).is_some_and(|default| default.expose() == value.expose())
        }
    }
}

/// A check box is given either way, and a read-only field by its type.
fn check_required(
    field: &Field,
    outcome: &Outcome,
    stored: Option<&Sensitive>,
    purpose: &Purpose<'_>,
    findings: &mut Vec<Finding>,
) {
    if !field.is_required || field.is_fixed() || matches!(field.kind, FieldKind::Boolean { .. }) {
        return;
    }
    let is_given = |value: &Sensitive| {
        let is_empty_list = matches!(field.kind, FieldKind::Dropdown { .. })
            && chosen(value).iter().all(Sensitive::is_empty);
        !value.expose().trim_ascii().is_empty() && !is_empty_list
    };
    let was_given = stored.is_some_and(is_given);
    let has_value = match (outcome, purpose) {
        (Outcome::Set(value), _) => is_given(value),
        (Outcome::Cleared, _) => false,
        (Outcome::Kept, Purpose::Create) => encode::default(field).as_ref().is_some_and(is_given),
        (Outcome::Kept, Purpose::Edit(_)) => was_given,
    };
    if has_value {
        return;
    }
    // Who edits a description is not made to fill in what was missing all the time.
    let is_old = matches!((outcome, purpose), (Outcome::Kept, Purpose::Edit(_)));
    let message = format!("`{}` is required", field.name);
    let mut finding = error("required", &field.env_var, message, "give it a value");
    if is_old {
        finding.severity = Severity::Warning;
    }
    findings.push(finding);
}

fn check_value(
    field: &Field,
    given: Option<&Given>,
    value: &Sensitive,
    findings: &mut Vec<Finding>,
) {
    let key = &field.env_var;
    let mut say = |rule, problem: String, help: &str| {
        findings.push(error(
            rule,
            key,
            format!("`{}` {problem}", field.name),
            help,
        ));
    };
    match &field.kind {
        FieldKind::Uri => {
            let is_url = value
                .expose_str()
                .is_some_and(|text| Url::parse(text.trim()).is_ok());
            if !is_url {
                say(
                    "uri",
                    "is not a URI".to_owned(),
                    "write it with its scheme, such as `https://host/path`",
                );
            }
        }
        FieldKind::Numeric { min, max, .. } => {
            let number = value.expose_str().and_then(parse_number);
            let bounds = (min.as_ref(), max.as_ref());
            if number.is_some_and(|number| is_outside(&number, bounds)) {
                say(
                    "numeric-range",
                    format!("is outside the valid range{}", range(bounds)),
                    "choose a number inside",
                );
            }
        }
        FieldKind::Dropdown { variant, items } => check_choice(*variant, items, value, &mut say),
        FieldKind::File { extensions, .. } => {
            if value.len() > LARGEST_FILE {
                say(
                    "file-size",
                    "is larger than 1 MiB".to_owned(),
                    "choose a smaller file",
                );
            }
            check_extension(extensions, given, &mut say);
        }
        _ => {}
    }
    if key == LOGIN && serde_json::from_slice::<IgnoredAny>(value.expose()).is_err() {
        let help = "give the file that `docker login` writes";
        say(
            "docker-config",
            "is not JSON, and Kubernetes refuses it".to_owned(),
            help,
        );
    }
}

fn range(bounds: (Option<&Number>, Option<&Number>)) -> String {
    match bounds {
        (Some(min), Some(max)) => format!(" ({}-{})", shortest(min), shortest(max)),
        (Some(min), None) => format!(" (at least {})", shortest(min)),
        (None, Some(max)) => format!(" (at most {})", shortest(max)),
        (None, None) => String::new(),
    }
}

fn check_choice(
    variant: Variant,
    items: &[Item],
    value: &Sensitive,
    say: &mut impl FnMut(&'static str, String, &str),
) {
    let chosen = chosen(value);
    let is_item = |value: &Sensitive| {
        items
            .iter()
            .any(|item| value.expose() == item.value.as_bytes())
    };
    if variant == Variant::Single && chosen.len() > 1 {
        say("choice", "takes one value".to_owned(), "choose one");
    } else if !chosen.iter().all(is_item) {
        let values: Vec<_> = items
            .iter()
            .map(|item| format!("`{}`", item.value))
            .collect();
        let help = format!("choose from {}", values.join(", "));
        say(
            "choice",
            "has a value that is not offered".to_owned(),
            &help,
        );
    } else if (1..chosen.len()).any(|index| {
        chosen[..index]
            .iter()
            .any(|other| other.expose() == chosen[index].expose())
    }) {
        say("choice", "has a value twice".to_owned(), "choose each once");
    }
}

fn check_extension(
    extensions: &[String],
    given: Option<&Given>,
    say: &mut impl FnMut(&'static str, String, &str),
) {
    let Some(Given::File {
        name: Some(name), ..
    }) = given
    else {
        return;
    };
    let name = name.to_lowercase();
    if !extensions.is_empty() && !extensions.iter().any(|end| name.ends_with(end.as_str())) {
        let ends = match extensions {
            [one] => one.clone(),
            [first, second] => format!("{first} or {second}"),
            [some @ .., last] => format!("{}, or {last}", some.join(", ")),
            [] => String::new(),
        };
        say(
            "file-extension",
            format!("must be a file that ends in {ends}"),
            "choose another file",
        );
    }
}
