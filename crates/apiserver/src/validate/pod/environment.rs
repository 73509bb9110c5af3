//! Rules about the variables of a container, each alone or all of a Secret or ConfigMap: their
//! names, and that each value comes from one place.

use super::{FieldErrors, invalid, required_text};
use crate::object;
use crate::schema::list;
use crate::validate::{FieldError, names};
use serde_json::Value;

const TWO_SOURCES: &str = "may not have more than one field specified at a time";
/// What a variable can have of its pod.
const FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// What a pod has to refer to, whoever may do so.
const KNOWN_FIELDS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.host",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.phase",
    "status.podIP",
    "status.podIPs",
];
const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const HUGE_PAGES: [&str; 2] = ["limits.hugepages-", "requests.hugepages-"];

/// Everything wrong with the variables of a container.
pub(super) fn check(container: &Value, field: &str, errors: &mut FieldErrors) {
    for (index, variable) in list(container, "env").enumerate() {
        let field = format!("{field}.env[{index}]");
        let name = format!("{field}.name");
        match object::text(variable, "/name").unwrap_or_default() {
            "" => errors.push(FieldError::required(name, "")),
            text => errors.extend(invalid(&name, text, names::variable(text))),
        }
        if let Some(from) = variable.get("valueFrom") {
            let has_value = object::text(variable, "/value").is_some_and(|text| !text.is_empty());
            check_value_from(from, has_value, &format!("{field}.valueFrom"), errors);
        }
    }
    for (index, source) in list(container, "envFrom").enumerate() {
        check_all_from(source, &format!("{field}.envFrom"), index, errors);
    }
}

fn check_value_from(from: &Value, has_value: bool, field: &str, errors: &mut FieldErrors) {
    let mut count = 0;
    let mut source = |name: &str| {
        let found = from.get(name)?;
        count += 1;
        Some((found, format!("{field}.{name}")))
    };
    if let Some((selector, field)) = source("fieldRef") {
        check_field(selector, FIELDS, &field, errors);
    }
    if let Some((selector, field)) = source("resourceFieldRef") {
        check_resource(selector, false, &field, errors);
    }
    for name in ["configMapKeyRef", "secretKeyRef"] {
        if let Some((selector, field)) = source(name) {
            check_key(selector, &field, errors);
        }
    }
    // Needs a feature that no cluster has switched on by default, and is looked at there.
    source("fileKeyRef");
    let why = match count {
        0 => {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        }
        _ if has_value => "may not be specified when `value` is not empty",
        1 => return,
        _ => TWO_SOURCES,
    };
    errors.push(FieldError::invalid(field, "", why));
}

fn check_key(selector: &Value, field: &str, errors: &mut FieldErrors) {
    for (member, grammar) in [
        ("name", names::subdomain as fn(&str) -> _),
        ("key", names::config_key),
    ] {
        let field = format!("{field}.{member}");
        if let Some(text) = required_text(selector, member, &field, errors) {
            errors.extend(invalid(&field, text, grammar(text)));
        }
    }
}

/// A reference to a field of the pod, which must be one of those allowed here.
pub(super) fn check_field(
    selector: &Value,
    allowed: &[&str],
    field: &str,
    errors: &mut FieldErrors,
) {
    let path_field = format!("{field}.fieldPath");
    let Some(path) = required_text(selector, "fieldPath", &path_field, errors) else {
        return;
    };
    let (base, key) = subscripted(path);
    let is_known = match key {
        Some(_) => ["metadata.annotations", "metadata.labels"].contains(&base),
        None => KNOWN_FIELDS.contains(&path),
    };
    match (object::text(selector, "/apiVersion"), key) {
        (Some(version), _) if !["", "v1"].contains(&version) => {
            let why = format!("error converting fieldPath: unsupported pod version: {version}");
            errors.push(FieldError::invalid(path_field, path, why));
        }
        _ if !is_known => {
            let why = format!("error converting fieldPath: field label not supported: {base}");
            errors.push(FieldError::invalid(path_field, path, why));
        }
        (_, Some(key)) if base == "metadata.annotations" => {
            errors.extend(invalid(field, key, names::qualified(&key.to_lowercase())));
        }
        (_, Some(key)) => errors.extend(invalid(field, key, names::qualified(key))),
        (_, None) if !allowed.contains(&path) && path != "spec.host" => {
            errors.push(FieldError::unsupported(path_field, path, allowed));
        }
        (_, None) => {}
    }
}

/// `metadata.labels['app']` is that label.
fn subscripted(path: &str) -> (&str, Option<&str>) {
    let parts = path
        .strip_suffix("']")
        .and_then(|rest| rest.split_once("['"));
    match parts {
        Some((base, key)) if !base.is_empty() && !key.is_empty() => (base, Some(key)),
        _ => (path, None),
    }
}

/// A reference to what a container may use; in a volume it must say which container.
pub(super) fn check_resource(
    selector: &Value,
    is_in_volume: bool,
    field: &str,
    errors: &mut FieldErrors,
) {
    if is_in_volume {
        let container = format!("{field}.containerName");
        if required_text(selector, "containerName", &container, errors).is_none() {
            return;
        }
    }
    let field = format!("{field}.resource");
    let Some(resource) = required_text(selector, "resource", &field, errors) else {
        return;
    };
    let is_huge = HUGE_PAGES.iter().any(|start| resource.starts_with(start));
    if !RESOURCES.contains(&resource) && !is_huge {
        errors.push(FieldError::unsupported(field, resource, RESOURCES));
    }
}

/// All of a Secret or a ConfigMap.
fn check_all_from(source: &Value, field: &str, index: usize, errors: &mut FieldErrors) {
    let entry = format!("{field}[{index}]");
    let prefix = object::text(source, "/prefix").unwrap_or_default();
    if !prefix.is_empty() {
        let field = format!("{entry}.prefix");
        errors.extend(invalid(&field, prefix, names::variable(prefix)));
    }
    let mut count = 0;
    for name in ["configMapRef", "secretRef"] {
        let Some(found) = source.get(name) else {
            continue;
        };
        count += 1;
        let field = format!("{entry}.{name}.name");
        if let Some(name) = required_text(found, "name", &field, errors) {
            errors.extend(invalid(&field, name, names::subdomain(name)));
        }
    }
    let why = match count {
        0 => "must specify one of: `configMapRef` or `secretRef`",
        1 => return,
        _ => TWO_SOURCES,
    };
    errors.push(FieldError::invalid(field, "", why));
}
