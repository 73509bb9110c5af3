//! Rules about single values, as tables: which texts are allowed, how small or large a number may
//! be. What follows from several members is left to the rules of each kind.

use super::FieldError;
use serde_json::Value;

const PORT: &str = "must be between 1 and 65535, inclusive";

/// What a value must be.
pub(super) enum Rule {
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Not negative.
    NotNegative,
    /// More than nothing.
    Positive,
    /// The number of a port.
    Port,
    /// The number of a port, or zero for none.
    OptionalPort,
    /// Who may do what with a file.
    FileMode,
}

/// A place below an object, and its rule; `containers[].name` is that of every entry.
pub(super) type Row = (&'static str, Rule);

/// Everything that breaks a rule below `value`, which stands at `field`.
pub(super) fn check(value: &Value, field: &str, rows: &[Row], errors: &mut Vec<FieldError>) {
    for (path, rule) in rows {
        let segments: Vec<&str> = path.split('.').collect();
        walk(value, field.to_owned(), &segments, rule, errors);
    }
}

fn walk(value: &Value, field: String, path: &[&str], rule: &Rule, errors: &mut Vec<FieldError>) {
    let Some((segment, rest)) = path.split_first() else {
        errors.extend(judge(value, field, rule));
        return;
    };
    let dot = if field.is_empty() { "" } else { "." };
    match segment.strip_suffix("[]") {
        Some(list) => {
            let entries = value.get(list).and_then(Value::as_array);
            for (index, entry) in entries.into_iter().flatten().enumerate() {
                walk(
                    entry,
                    format!("{field}{dot}{list}[{index}]"),
                    rest,
                    rule,
                    errors,
                );
            }
        }
        None => {
            if let Some(inner) = value.get(segment) {
                walk(inner, format!("{field}{dot}{segment}"), rest, rule, errors);
            }
        }
    }
}

fn judge(value: &Value, field: String, rule: &Rule) -> Option<FieldError> {
    let number = value.as_i64();
    let why = match rule {
        Rule::OneOf(allowed) => {
            let text = value.as_str()?;
            let error = || FieldError::unsupported(field, text, allowed);
            return (!allowed.contains(&text)).then(error);
        }
        Rule::NotNegative if number? < 0 => "must be greater than or equal to 0",
        Rule::Positive if number? <= 0 => "must be greater than 0",
        Rule::Port if !(1..=65535).contains(&number?) => PORT,
        Rule::OptionalPort if !(0..=65535).contains(&number?) => PORT,
        Rule::FileMode if !(0..=0o777).contains(&number?) => {
            "must be a number between 0 and 0777 (octal), both inclusive"
        }
        _ => return None,
    };
    Some(FieldError::invalid(field, value.clone(), why))
}
