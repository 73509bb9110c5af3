//! Cells that are computed rather than read. Every function takes any JSON: what is missing or of
//! another type shows as empty, none or zero.

use super::duration;
use jiff::Timestamp;
use serde_json::Value;

/// What a path found, as a column of this type shows it; null where it is of another type.
pub(super) fn of_type(kind: &str, value: &Value, now: Timestamp) -> Value {
    match (kind, value) {
        ("string", Value::Null) => "".into(),
        ("string", Value::String(_)) => value.clone(),
        ("string", other) => other.to_string().into(),
        ("integer", Value::Number(number)) => {
            // A fraction is cut off, as a conversion to an integer does.
            let whole = number
                .as_i64()
                .or_else(|| number.as_f64().map(|number| number as i64));
            whole.into()
        }
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => value.clone(),
        ("date", Value::String(time)) => duration::since(Some(time), now).into(),
        _ => Value::Null,
    }
}

/// The text at a pointer, else empty.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The text at a pointer, else `none`.
pub(super) fn text_or<'a>(object: &'a Value, pointer: &str, none: &'a str) -> &'a str {
    match text(object, pointer) {
        "" => none,
        text => text,
    }
}

/// The number at a pointer, else zero.
pub(super) fn number(object: &Value, pointer: &str) -> i64 {
    object
        .pointer(pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

/// The elements of the list at a pointer.
pub(super) fn items<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// How many members or elements the values at these pointers have.
pub(super) fn count(object: &Value, pointers: &[&str]) -> Value {
    let size = |pointer: &&str| match object.pointer(pointer) {
        Some(Value::Object(members)) => members.len(),
        Some(Value::Array(items)) => items.len(),
        _ => 0,
    };
    pointers.iter().map(size).sum::<usize>().into()
}

/// Texts with commas between, else `<none>`.
pub(super) fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    or_none(texts.collect::<Vec<_>>().join(","))
}

pub(super) fn or_none(text: String) -> String {
    if text.is_empty() {
        "<none>".to_owned()
    } else {
        text
    }
}

/// The age of the object.
pub(super) fn age(object: &Value, now: Timestamp) -> Value {
    ago(object, "/metadata/creationTimestamp", now)
}

/// How long ago the time at a pointer was.
pub(super) fn ago(object: &Value, pointer: &str, now: Timestamp) -> Value {
    duration::since(object.pointer(pointer).and_then(Value::as_str), now).into()
}

/// Whether the condition of that type is true.
pub(super) fn is_true(object: &Value, condition: &str) -> bool {
    items(object, "/status/conditions")
        .iter()
        .any(|found| found["type"] == condition && found["status"] == "True")
}

/// A label selector as text, else `<none>`.
pub(super) fn selector(selector: Option<&Value>) -> String {
    let Some(selector) = selector else {
        return "<none>".to_owned();
    };
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let mut terms: Vec<_> = labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    for expression in items(selector, "/matchExpressions") {
        let key = text(expression, "/key");
        let values: Vec<_> = items(expression, "/values")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        terms.push(match text(expression, "/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    terms.sort();
    or_none(terms.join(","))
}

/// The labels of a plain map as text, else `<none>`.
pub(super) fn labels(labels: Option<&Value>) -> String {
    let labels = labels.and_then(Value::as_object).into_iter().flatten();
    let mut terms: Vec<_> = labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    terms.sort();
    or_none(terms.join(","))
}

/// The phase, or that the object is on its way out.
pub(super) fn phase(object: &Value) -> &str {
    match object.pointer("/metadata/deletionTimestamp") {
        Some(time) if !time.is_null() => "Terminating",
        _ => text(object, "/status/phase"),
    }
}

/// The ports of a Service, else `<none>`.
pub(super) fn ports(service: &Value) -> String {
    let port = |port: &Value| {
        let (number, node) = (number(port, "/port"), number(port, "/nodePort"));
        let protocol = text_or(port, "/protocol", "TCP");
        match node {
            0 => format!("{number}/{protocol}"),
            node => format!("{number}:{node}/{protocol}"),
        }
    };
    let ports: Vec<_> = items(service, "/spec/ports").iter().map(port).collect();
    or_none(ports.join(","))
}

/// Access modes by their initials, as in `RWO,ROX`.
pub(super) fn access_modes(modes: &[Value]) -> String {
    let short = |mode: &Value| match mode.as_str() {
        Some("ReadWriteOnce") => "RWO",
        Some("ReadOnlyMany") => "ROX",
        Some("ReadWriteMany") => "RWX",
        Some("ReadWriteOncePod") => "RWOP",
        _ => "",
    };
    modes
        .iter()
        .map(short)
        .filter(|mode| !mode.is_empty())
        .collect::<Vec<_>>()
        .join(",")
}

/// The subjects of a role binding of one kind, accounts with their namespace.
pub(super) fn subjects(binding: &Value, kind: &str) -> String {
    let of_kind = items(binding, "/subjects")
        .iter()
        .filter(|subject| subject["kind"] == kind);
    let names = of_kind.map(|subject| match (kind, text(subject, "/name")) {
        ("ServiceAccount", name) => format!("{}/{name}", text(subject, "/namespace")),
        (_, name) => name.to_owned(),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// How far a Job has come.
pub(super) fn job_status(job: &Value) -> &'static str {
    let conditions = [
        ("Complete", "Complete"),
        ("Failed", "Failed"),
        ("Suspended", "Suspended"),
        ("FailureTarget", "FailureTarget"),
        ("SuccessCriteriaMet", "SuccessCriteriaMet"),
    ];
    let reached = conditions
        .into_iter()
        .find(|(condition, _)| is_true(job, condition));
    match (reached, phase(job)) {
        (Some((_, status)), _) => status,
        (None, "Terminating") => "Terminating",
        (None, _) => "Running",
    }
}

/// How many pods of a Job have succeeded, of how many.
pub(super) fn completions(job: &Value) -> String {
    let succeeded = number(job, "/status/succeeded");
    match (
        number(job, "/spec/completions"),
        number(job, "/spec/parallelism"),
    ) {
        (0, parallelism) if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        (0, _) => format!("{succeeded}/1"),
        (wanted, _) => format!("{succeeded}/{wanted}"),
    }
}

/// How long a Job has run.
pub(super) fn job_duration(job: &Value, now: Timestamp) -> String {
    match text(job, "/status/startTime") {
        "" => String::new(),
        start => {
            let end = job
                .pointer("/status/completionTime")
                .and_then(Value::as_str);
            duration::between(start, end, now)
        }
    }
}
