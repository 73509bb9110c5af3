//! Rules about Services, Events and Leases.

use super::values::{self, Row, Rule};
use super::{FieldError, metadata, names};
use crate::object;
use crate::schema::list;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::net::IpAddr;

const SERVICE: &[Row] = &[
    ("ports[].protocol", Rule::OneOf(&["SCTP", "TCP", "UDP"])),
    ("ports[].port", Rule::Port),
    ("ports[].targetPort", Rule::Port),
    ("sessionAffinity", Rule::OneOf(&["ClientIP", "None"])),
    (
        "type",
        Rule::OneOf(&["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
    ),
];
const LEASE: &[Row] = &[
    ("leaseDurationSeconds", Rule::Positive),
    ("leaseTransitions", Rule::NotNegative),
];

/// Everything wrong with a Service.
pub(crate) fn check_service(service: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let text = |member: &str| object::text(service, &format!("/spec/{member}")).unwrap_or_default();
    let spec = &service["spec"];
    let is_outside = text("type") == "ExternalName";
    let has_ports = list(spec, "ports").next().is_some();
    if !has_ports && !is_outside && text("clusterIP") != "None" {
        errors.push(FieldError::required("spec.ports", ""));
    }
    let name = text("externalName");
    if is_outside && name.is_empty() {
        errors.push(FieldError::required("spec.externalName", ""));
    } else if is_outside {
        let found = names::subdomain(name.strip_suffix('.').unwrap_or(name)).into_iter();
        errors.extend(found.map(|why| FieldError::invalid("spec.externalName", name, why)));
    }
    check_ports(spec, &mut errors);
    if let Some(labels) = spec.get("selector").and_then(Value::as_object) {
        metadata::check_labels(labels, "spec.selector", &mut errors);
    }
    values::check(spec, "spec", SERVICE, &mut errors);
    check_addresses(spec, &mut errors);
    if let Some(old) = old.filter(|old| old["spec"]["type"] != "ExternalName" && !is_outside) {
        errors.extend(changed_addresses(spec, &old["spec"]));
    }
    errors
}

/// Several ports have names; and no two are the same.
fn check_ports(spec: &Value, errors: &mut Vec<FieldError>) {
    let count = list(spec, "ports").count();
    let mut named = HashSet::new();
    for (index, port) in list(spec, "ports").enumerate() {
        let field = format!("spec.ports[{index}].name");
        match object::text(port, "/name").unwrap_or_default() {
            "" if count > 1 => errors.push(FieldError::required(field, "")),
            "" => {}
            name => {
                let found = names::label(name).into_iter();
                errors.extend(found.map(|why| FieldError::invalid(field.as_str(), name, why)));
                if !named.insert(name) {
                    errors.push(FieldError::duplicate(field, name));
                }
            }
        }
        if let Some(name) = port.get("targetPort").and_then(Value::as_str) {
            let field = format!("spec.ports[{index}].targetPort");
            let found = names::port(name).into_iter();
            errors.extend(found.map(|why| FieldError::invalid(field.as_str(), name, why)));
        }
    }
    let mut seen = HashSet::new();
    for (index, port) in list(spec, "ports").enumerate() {
        let (protocol, number) = (object::text(port, "/protocol"), &port["port"]);
        if !seen.insert((protocol, number)) {
            let found = json!({"protocol": protocol, "port": number});
            errors.push(FieldError::duplicate(format!("spec.ports[{index}]"), found));
        }
    }
}

fn addresses(spec: &Value) -> impl Iterator<Item = &str> {
    let all = list(spec, "clusterIPs").filter_map(Value::as_str);
    all.filter(|address| !address.is_empty())
}

fn check_addresses(spec: &Value, errors: &mut Vec<FieldError>) {
    for (index, address) in addresses(spec).enumerate() {
        if address != "None" && address.parse::<IpAddr>().is_err() {
            let field = format!("spec.clusterIPs[{index}]");
            let why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            errors.push(FieldError::invalid(field, address, why));
        }
    }
}

/// An address that clients know stays.
fn changed_addresses(spec: &Value, old: &Value) -> Option<FieldError> {
    let place = addresses(old)
        .zip(addresses(spec))
        .position(|(old, new)| old != new)?;
    let field = format!("spec.clusterIPs[{place}]");
    let why = "may not change once set";
    Some(FieldError::invalid(field, spec["clusterIPs"].clone(), why))
}

/// Everything wrong with an Event: it is where the object is that it tells of.
pub(crate) fn check_event(event: &Value, _old: Option<&Value>) -> Vec<FieldError> {
    if object::text(event, "/eventTime").is_some() {
        return Vec::new();
    }
    let about = object::text(event, "/involvedObject/namespace").unwrap_or_default();
    let own = object::namespace(event);
    if about == own || (about.is_empty() && own == "default") {
        return Vec::new();
    }
    let (field, why) = ("involvedObject.namespace", "does not match event.namespace");
    vec![FieldError::invalid(field, about, why)]
}

/// Everything wrong with a Lease.
pub(crate) fn check_lease(lease: &Value, _old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    values::check(&lease["spec"], "spec", LEASE, &mut errors);
    errors
}
