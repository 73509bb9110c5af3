//! Rules about pods and the templates of pods, as far as a store that never runs them needs: what a
//! cluster would refuse is refused, and above all what Secrets give to containers.

mod environment;
mod probes;
#[cfg(test)]
mod tests;
mod volumes;

use super::values::{self, Row, Rule};
use super::{FieldError, metadata, names};
use crate::object;
use crate::schema::list;
use serde_json::Value;
use std::collections::HashSet;

type FieldErrors = Vec<FieldError>;
/// A member whose text follows a grammar.
type Named = (&'static str, fn(&str) -> Vec<String>);

const CONTAINER: &[Row] = &[(
    "imagePullPolicy",
    Rule::OneOf(&["Always", "IfNotPresent", "Never"]),
)];
const PORT: &[Row] = &[
    ("containerPort", Rule::Port),
    ("hostPort", Rule::OptionalPort),
    ("protocol", Rule::OneOf(&["SCTP", "TCP", "UDP"])),
];
const SPEC: &[Row] = &[(
    "dnsPolicy",
    Rule::OneOf(&["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]),
)];
const RESTARTED: &[Row] = &[(
    "spec.restartPolicy",
    Rule::OneOf(&["Always", "OnFailure", "Never"]),
)];

/// Everything wrong with a Pod.
pub(crate) fn check_pod(pod: &Value, old: Option<&Value>) -> FieldErrors {
    let mut errors = Vec::new();
    check_spec(pod.get("spec"), "spec", &mut errors);
    values::check(pod, "", RESTARTED, &mut errors);
    if let Some(old) = old {
        check_update(pod, old, &mut errors);
    }
    errors
}

/// Everything wrong with the spec of a pod, or of a template of pods.
pub(super) fn check_spec(spec: Option<&Value>, field: &str, errors: &mut FieldErrors) {
    let spec = spec.unwrap_or(&Value::Null);
    volumes::check(spec, field, errors);
    if list(spec, "containers").next().is_none() {
        errors.push(FieldError::required(format!("{field}.containers"), ""));
    }
    let volumes: HashSet<&str> = list(spec, "volumes")
        .filter_map(|volume| object::text(volume, "/name"))
        .collect();
    let mut seen = HashSet::new();
    for member in ["initContainers", "containers"] {
        for (index, container) in list(spec, member).enumerate() {
            let field = format!("{field}.{member}[{index}]");
            check_name(container, &field, &mut seen, errors);
            check_container(container, &field, &volumes, errors);
            let is_passing = object::text(container, "/restartPolicy") != Some("Always");
            if member == "initContainers" && is_passing {
                probes::check_absent(container, &field, errors);
            } else {
                probes::check(container, &field, errors);
            }
        }
    }
    values::check(spec, field, SPEC, errors);
    if let Some(labels) = spec.get("nodeSelector").and_then(Value::as_object) {
        metadata::check_labels(labels, &format!("{field}.nodeSelector"), errors);
    }
    let grammars: [Named; 5] = [
        ("serviceAccountName", names::subdomain),
        ("nodeName", names::subdomain),
        ("hostname", names::label),
        ("subdomain", names::label),
        ("priorityClassName", names::subdomain),
    ];
    let (last, first) = (&grammars[2..], &grammars[..2]);
    check_texts(spec, field, first, errors);
    let deadline = spec.get("activeDeadlineSeconds").and_then(Value::as_i64);
    if let Some(seconds) = deadline.filter(|seconds| !(1..=i64::from(i32::MAX)).contains(seconds)) {
        let field = format!("{field}.activeDeadlineSeconds");
        let why = "must be between 1 and 2147483647, inclusive";
        errors.push(FieldError::invalid(field, seconds, why));
    }
    check_texts(spec, field, last, errors);
}

fn check_texts(spec: &Value, field: &str, grammars: &[Named], errors: &mut FieldErrors) {
    for (member, grammar) in grammars {
        let text = spec.get(member).and_then(Value::as_str).unwrap_or_default();
        if !text.is_empty() {
            errors.extend(invalid(&format!("{field}.{member}"), text, grammar(text)));
        }
    }
}

fn check_container(
    container: &Value,
    field: &str,
    volumes: &HashSet<&str>,
    errors: &mut FieldErrors,
) {
    required_text(container, "image", &format!("{field}.image"), errors);
    let mut seen = HashSet::new();
    for (index, port) in list(container, "ports").enumerate() {
        check_port(port, &format!("{field}.ports[{index}]"), &mut seen, errors);
    }
    environment::check(container, field, errors);
    volumes::check_mounts(container, field, volumes, errors);
    values::check(container, field, CONTAINER, errors);
}

fn check_port<'a>(
    port: &'a Value,
    field: &str,
    seen: &mut HashSet<&'a str>,
    errors: &mut FieldErrors,
) {
    let name = object::text(port, "/name").unwrap_or_default();
    if !name.is_empty() {
        let field = format!("{field}.name");
        let found = names::port(name);
        if found.is_empty() && !seen.insert(name) {
            errors.push(FieldError::duplicate(field.as_str(), name));
        }
        errors.extend(invalid(&field, name, found));
    }
    if port.get("containerPort").and_then(Value::as_i64) == Some(0) {
        let field = format!("{field}.containerPort");
        errors.push(FieldError::required(field, ""));
        return;
    }
    values::check(port, field, PORT, errors);
}

/// The name of one of several: an RFC 1123 label that no other has.
fn check_name<'a>(
    entry: &'a Value,
    field: &str,
    seen: &mut HashSet<&'a str>,
    errors: &mut FieldErrors,
) {
    let field = format!("{field}.name");
    let Some(name) = required_text(entry, "name", &field, errors) else {
        return;
    };
    if seen.insert(name) {
        errors.extend(invalid(&field, name, names::label(name)));
    } else {
        errors.push(FieldError::duplicate(field, name));
    }
}

/// The text of a member that must have one; says so where it has none.
fn required_text<'a>(
    value: &'a Value,
    member: &str,
    field: &str,
    errors: &mut FieldErrors,
) -> Option<&'a str> {
    let text = value
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default();
    if text.is_empty() {
        errors.push(FieldError::required(field, ""));
        return None;
    }
    Some(text)
}

fn invalid(field: &str, value: &str, found: impl IntoIterator<Item = String>) -> FieldErrors {
    let found = found.into_iter();
    found
        .map(|why| FieldError::invalid(field, value, why))
        .collect()
}

/// A pod's spec is fixed but for images, tolerations and two deadlines.
fn check_update(pod: &Value, old: &Value, errors: &mut FieldErrors) {
    let deadline = "/spec/activeDeadlineSeconds";
    if old.pointer(deadline).is_some() && pod.pointer(deadline).is_none() {
        let why = "must not update from a positive integer to nil value";
        errors.push(FieldError::invalid(
            "spec.activeDeadlineSeconds",
            Value::Null,
            why,
        ));
    }
    if without_changeable(pod) != without_changeable(old) {
        let why = "pod updates may not change fields other than `spec.containers[*].image`,\
            `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
            `spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` \
            (allow it to be set to 1 if it was previously negative)";
        errors.push(FieldError::forbidden("spec", why));
    }
}

fn without_changeable(pod: &Value) -> Value {
    let mut spec = pod.get("spec").cloned().unwrap_or_default();
    if let Some(members) = spec.as_object_mut() {
        for member in [
            "activeDeadlineSeconds",
            "tolerations",
            "terminationGracePeriodSeconds",
        ] {
            members.shift_remove(member);
        }
        for member in ["containers", "initContainers"] {
            let list = members.get_mut(member).and_then(Value::as_array_mut);
            for container in list.into_iter().flatten().filter_map(Value::as_object_mut) {
                container.shift_remove("image");
            }
        }
    }
    spec
}
