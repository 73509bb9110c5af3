//! Checks a value against a schema. Not evaluated: CEL rules (`x-kubernetes-validations`), which would
//! need an engine of their own.

pub(super) mod number;
pub(super) mod time;

use super::{EMBEDDED, INT_OR_STRING, LIST_KEYS, LIST_TYPE, Path};
use super::{has, list, member, pattern, resolve};
use crate::validate::{FINDINGS_LIMIT, FieldError, base64, type_name};
use serde_json::{Map, Value};

type Errors = Vec<FieldError>;

pub(super) fn check(value: &Value, schema: &Value, path: &mut Path, errors: &mut Errors) {
    let target = resolve(schema);
    let was_built_in = path.is_built_in;
    path.is_built_in |= !std::ptr::eq(target, schema);
    check_resolved(value, target, path, errors);
    path.is_built_in = was_built_in;
}

fn check_resolved(value: &Value, schema: &Value, path: &mut Path, errors: &mut Errors) {
    if errors.len() >= FINDINGS_LIMIT || (value.is_null() && has(schema, "nullable")) {
        return;
    }
    if let Some(wanted) = broken_type(value, schema, path.is_built_in) {
        errors.push(FieldError::wrong_type(path.text(), value, wanted));
        return;
    }
    check_values(value, schema, path, errors);
    match value {
        Value::Object(members) => check_object(members, schema, path, errors),
        Value::Array(entries) => check_array(entries, schema, path, errors),
        Value::String(text) => check_string(text, schema, path, errors),
        Value::Number(_) => check_number(value, schema, path, errors),
        _ => {}
    }
    check_combinations(value, schema, path, errors);
}

/// The type that was wanted, where the value has another.
fn broken_type<'a>(value: &Value, schema: &'a Value, is_built_in: bool) -> Option<&'a str> {
    let wanted = if has(schema, INT_OR_STRING) {
        "integer,string"
    } else {
        schema.get("type").and_then(Value::as_str)?
    };
    let fits = match wanted {
        "integer" | "integer,string" if value.is_number() => {
            let format = schema.get("format").and_then(Value::as_str);
            // Ports and amounts that may be a text are small numbers otherwise.
            let format = format
                .filter(|format| *format == "int64")
                .unwrap_or("int32");
            if is_built_in {
                return (!number::fits(value, format)).then_some(format);
            }
            number::is_integer(value)
        }
        "integer,string" => value.is_string(),
        "number" => value.is_number(),
        other => type_name(value) == other,
    };
    (!fits).then_some(wanted)
}

fn check_values(value: &Value, schema: &Value, path: &Path, errors: &mut Errors) {
    let Some(allowed) = schema.get("enum").and_then(Value::as_array) else {
        return;
    };
    if !allowed.contains(value) {
        let texts: Vec<String> = allowed
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        errors.push(FieldError::unsupported(path.text(), value.clone(), &texts));
    }
}

fn check_object(
    members: &Map<String, Value>,
    schema: &Value,
    path: &mut Path,
    errors: &mut Errors,
) {
    for name in list(schema, "required").filter_map(Value::as_str) {
        if !members.contains_key(name) {
            errors.push(FieldError::required(path.of_member(name), ""));
        }
    }
    if has(schema, EMBEDDED) {
        check_embedded(members, path, errors);
    }
    check_count(
        members.len(),
        schema,
        ("minProperties", "maxProperties"),
        path,
        errors,
    );
    for (name, value) in members {
        let Some(inner) = member(schema, name) else {
            continue;
        };
        if schema.get("properties").is_some() {
            path.at_member(name, |path| check(value, inner, path, errors));
        } else {
            path.at_key(name, |path| check(value, inner, path, errors));
        }
    }
}

/// An object within another one says what it is.
fn check_embedded(members: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    for name in ["apiVersion", "kind"] {
        match members.get(name) {
            None => errors.push(FieldError::required(path.of_member(name), "")),
            Some(text) if text == "" => {
                let why = "must not be empty";
                errors.push(FieldError::invalid(path.of_member(name), "", why));
            }
            Some(_) => {}
        }
    }
}

fn check_array(entries: &[Value], schema: &Value, path: &mut Path, errors: &mut Errors) {
    check_count(
        entries.len(),
        schema,
        ("minItems", "maxItems"),
        path,
        errors,
    );
    // The built-in kinds have rules of their own, and leave some of their lists alone.
    if !path.is_built_in {
        check_unique(entries, schema, path, errors);
    }
    let Some(items) = schema.get("items") else {
        return;
    };
    for (index, entry) in entries.iter().enumerate() {
        path.at_index(index, |path| check(entry, items, path, errors));
    }
}

/// Lists that are sets, or maps by some members, hold each entry once.
fn check_unique(entries: &[Value], schema: &Value, path: &mut Path, errors: &mut Errors) {
    let keys: Vec<&str> = list(schema, LIST_KEYS).filter_map(Value::as_str).collect();
    let identity = |entry: &Value| -> Option<Value> {
        match schema.get(LIST_TYPE).and_then(Value::as_str)? {
            "set" => Some(entry.clone()),
            "map" => Some(
                keys.iter()
                    .filter_map(|key| Some(((*key).to_owned(), entry.get(key)?.clone())))
                    .collect(),
            ),
            _ => None,
        }
    };
    let mut seen = std::collections::HashSet::new();
    for (index, id) in entries.iter().map(identity).enumerate() {
        let Some(id) = id else { return };
        if !seen.insert(id.to_string()) {
            path.at_index(index, |path| {
                errors.push(FieldError::duplicate(path.text(), id))
            });
        }
    }
}

/// A number, and a unit or an exponent.
fn is_quantity(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = unsigned.split_at(end.unwrap_or(unsigned.len()));
    let exponent = unit.strip_prefix(['e', 'E']);
    let is_exponent = exponent.is_some_and(|rest| {
        let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit())
    });
    let units = [
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    number.bytes().any(|c| c.is_ascii_digit())
        && number.matches('.').count() <= 1
        && (units.contains(&unit) || is_exponent)
}

fn check_count(
    count: usize,
    schema: &Value,
    (least, most): (&str, &str),
    path: &Path,
    errors: &mut Errors,
) {
    if let Some(least) = bound(schema, least).filter(|least| count < *least) {
        let why = format!("{} in body should have at least {least} items", path.text());
        errors.push(FieldError::invalid(path.text(), count, why));
    }
    if let Some(most) = bound(schema, most).filter(|most| count > *most) {
        errors.push(FieldError::too_many(path.text(), count, most));
    }
}

fn check_string(text: &str, schema: &Value, path: &Path, errors: &mut Errors) {
    let length = text.chars().count();
    if let Some(least) = bound(schema, "minLength").filter(|least| length < *least) {
        let why = format!(
            "{} in body should be at least {least} chars long",
            path.text()
        );
        errors.push(FieldError::invalid(path.text(), text, why));
    }
    if let Some(most) = bound(schema, "maxLength").filter(|most| length > *most) {
        errors.push(FieldError::too_long(path.text(), most));
    }
    if let Some(wanted) = schema.get("pattern").and_then(Value::as_str)
        && !pattern::fits(wanted, text)
    {
        let why = format!("{} in body should match '{wanted}'", path.text());
        errors.push(FieldError::invalid(path.text(), text, why));
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("quantity") if !is_quantity(text) => {
            let why = "quantities must match the regular expression \
                '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
            errors.push(FieldError::unreadable(path.text(), why));
        }
        Some(time::SECONDS) if !is_time(text, path.is_built_in) => {
            errors.push(FieldError::unreadable(
                path.text(),
                "not a time as in 2006-01-02T15:04:05Z",
            ));
        }
        Some(format @ time::MICROSECONDS)
            if path.is_built_in && time::settled(text, format).is_none() =>
        {
            errors.push(FieldError::unreadable(
                path.text(),
                "not a time as in 2006-01-02T15:04:05.000000Z",
            ));
        }
        Some("byte") if base64::decode(text).is_none() => {
            errors.push(FieldError::unreadable(path.text(), "illegal base64 data"));
        }
        _ => {}
    }
}

/// Custom resources may write times in more forms; no type of a client reads them.
fn is_time(text: &str, is_built_in: bool) -> bool {
    if is_built_in {
        return time::settled(text, time::SECONDS).is_some();
    }
    text.parse::<jiff::Timestamp>().is_ok()
}

fn check_number(value: &Value, schema: &Value, path: &Path, errors: &mut Errors) {
    let Some(number) = value.as_f64() else { return };
    let limit = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let mut fault = |why: String| {
        errors.push(FieldError::invalid(
            path.text(),
            value.clone(),
            format!("{} in body {why}", path.text()),
        ));
    };
    if let Some(least) = limit("minimum") {
        if has(schema, "exclusiveMinimum") && number <= least {
            fault(format!("should be greater than {least}"));
        } else if number < least {
            fault(format!("should be greater than or equal to {least}"));
        }
    }
    if let Some(most) = limit("maximum") {
        if has(schema, "exclusiveMaximum") && number >= most {
            fault(format!("should be less than {most}"));
        } else if number > most {
            fault(format!("should be less than or equal to {most}"));
        }
    }
    if let Some(step) =
        limit("multipleOf").filter(|step| *step > 0.0 && (number / step).fract() != 0.0)
    {
        fault(format!("should be a multiple of {step}"));
    }
    let is_int32 = schema.get("format").is_some_and(|format| format == "int32");
    if is_int32 && !(f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number) {
        fault("should be a 32-bit integer".to_owned());
    }
}

fn check_combinations(value: &Value, schema: &Value, path: &mut Path, errors: &mut Errors) {
    for part in list(schema, "allOf") {
        check(value, part, path, errors);
    }
    let mut fits = |part: &Value| {
        let mut found = Vec::new();
        check(value, part, path, &mut found);
        found.is_empty()
    };
    let any = schema
        .get("anyOf")
        .and_then(Value::as_array)
        .is_none_or(|parts| parts.iter().any(&mut fits));
    let one = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .is_none_or(|parts| parts.iter().filter(|part| fits(part)).count() == 1);
    let not = schema.get("not").is_none_or(|part| !fits(part));
    for (holds, keyword) in [(any, "anyOf"), (one, "oneOf"), (not, "not")] {
        if !holds {
            let why = format!(
                "{} in body must validate the schema ({keyword})",
                path.text()
            );
            errors.push(FieldError::invalid(path.text(), "", why));
        }
    }
}

fn bound(schema: &Value, keyword: &str) -> Option<usize> {
    schema
        .get(keyword)
        .and_then(Value::as_u64)
        .and_then(|limit| usize::try_from(limit).ok())
}
