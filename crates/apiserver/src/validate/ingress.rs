//! Rules about Ingresses: which hosts and paths there can be, and what they lead to.

use super::values::{self, Row, Rule};
use super::{FieldError, names};
use crate::object;
use serde_json::Value;

const PATH: &[Row] = &[(
    "pathType",
    Rule::OneOf(&["Exact", "ImplementationSpecific", "Prefix"]),
)];
const PORT: &[Row] = &[("number", Rule::Port)];

/// Everything wrong with an Ingress.
pub(crate) fn check(ingress: &Value, _old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = &ingress["spec"];
    let rules = entries(spec, "rules");
    if rules.is_empty() && spec.get("defaultBackend").is_none() {
        let why = "either `defaultBackend` or `rules` must be specified";
        errors.push(FieldError::invalid("spec", Value::Null, why));
    }
    if let Some(backend) = spec.get("defaultBackend") {
        check_backend(backend, "spec.defaultBackend", &mut errors);
    }
    for (index, rule) in rules.iter().enumerate() {
        check_rule(rule, &format!("spec.rules[{index}]"), &mut errors);
    }
    for (index, tls) in entries(spec, "tls").iter().enumerate() {
        for (host_index, host) in entries(tls, "hosts").iter().enumerate() {
            let field = format!("spec.tls[{index}].hosts[{host_index}]");
            check_host(host.as_str().unwrap_or_default(), &field, &mut errors);
        }
    }
    errors
}

fn check_rule(rule: &Value, field: &str, errors: &mut Vec<FieldError>) {
    if let Some(host) = object::text(rule, "/host").filter(|host| !host.is_empty()) {
        check_host(host, &format!("{field}.host"), errors);
    }
    let Some(http) = rule.get("http") else {
        return;
    };
    let paths = entries(http, "paths");
    if paths.is_empty() {
        errors.push(FieldError::required(format!("{field}.http.paths"), ""));
    }
    for (index, path) in paths.iter().enumerate() {
        check_path(path, &format!("{field}.http.paths[{index}]"), errors);
    }
}

/// A host name; its first label may be a star.
fn check_host(host: &str, field: &str, errors: &mut Vec<FieldError>) {
    if host.parse::<std::net::IpAddr>().is_ok() {
        let why = "must be a DNS name, not an IP address";
        errors.push(FieldError::invalid(field, host, why));
    }
    let rest = host.strip_prefix("*.").unwrap_or(host);
    let found = names::subdomain(rest).into_iter();
    errors.extend(found.map(|why| FieldError::invalid(field, host, why)));
}

fn check_path(entry: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let path = object::text(entry, "/path").unwrap_or_default();
    let kind = object::text(entry, "/pathType").unwrap_or_default();
    let is_matched = matches!(kind, "Exact" | "Prefix");
    let mut wrong = |why: String| {
        errors.push(FieldError::invalid(format!("{field}.path"), path, why));
    };
    if (is_matched || !path.is_empty()) && !path.starts_with('/') {
        wrong("must be an absolute path".to_owned());
    }
    if is_matched {
        let odd = ["//", "/./", "/../", "%2f", "%2F"].into_iter();
        odd.filter(|part| path.contains(part))
            .for_each(|part| wrong(format!("must not contain '{part}'")));
        let odd = ["/..", "/."].into_iter();
        odd.filter(|part| path.ends_with(part))
            .for_each(|part| wrong(format!("cannot end with '{part}'")));
    }
    values::check(entry, field, PATH, errors);
    check_backend(&entry["backend"], &format!("{field}.backend"), errors);
}

fn check_backend(backend: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let service = match (backend.get("service"), backend.get("resource")) {
        (Some(service), None) => service,
        (None, Some(_)) => return,
        (Some(_), Some(_)) => {
            let why = "cannot set both resource and service backends";
            errors.push(FieldError::invalid(field, "", why));
            return;
        }
        (None, None) => {
            let why = "resource or service backend is required";
            errors.push(FieldError::invalid(field, "", why));
            return;
        }
    };
    let name = object::text(service, "/name").unwrap_or_default();
    if name.is_empty() {
        errors.push(FieldError::required(format!("{field}.service.name"), ""));
    } else {
        let found = names::label(name).into_iter();
        errors.extend(
            found.map(|why| FieldError::invalid(format!("{field}.service.name"), name, why)),
        );
    }
    let port = &service["port"];
    match (port.get("name").is_some(), port.get("number").is_some()) {
        (true, true) => {
            let why = "cannot set both port name & port number";
            errors.push(FieldError::invalid(field, "", why));
        }
        (false, false) => {
            let why = "port name or number is required";
            errors.push(FieldError::required(field, why));
        }
        _ => {}
    }
    let at = format!("{field}.service.port");
    values::check(port, &at, PORT, errors);
}

/// The entries of a list, none where there is no list.
fn entries<'a>(parent: &'a Value, member: &str) -> &'a [Value] {
    let list = parent.get(member).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}
