//! Rules about Services, Events and Leases.

use super::FieldError;
use super::values::{self, Row, Rule};
use crate::object;
use serde_json::Value;

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
pub(crate) fn check_service(service: &Value, _old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let text = |member: &str| object::text(service, &format!("/spec/{member}")).unwrap_or_default();
    let ports = service.pointer("/spec/ports").and_then(Value::as_array);
    let ports: &[Value] = ports.map_or(&[], Vec::as_slice);
    let is_outside = text("type") == "ExternalName";
    if ports.is_empty() && !is_outside && text("clusterIP") != "None" {
        errors.push(FieldError::required("spec.ports", ""));
    }
    if ports.len() > 1 {
        let nameless = ports.iter().enumerate();
        let nameless = nameless.filter(|(_, port)| port.get("name").is_none());
        errors.extend(
            nameless
                .map(|(index, _)| FieldError::required(format!("spec.ports[{index}].name"), "")),
        );
    }
    if is_outside && text("externalName").is_empty() {
        errors.push(FieldError::required("spec.externalName", ""));
    }
    values::check(&service["spec"], "spec", SERVICE, &mut errors);
    errors
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
