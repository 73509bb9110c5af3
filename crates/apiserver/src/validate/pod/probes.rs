//! Rules about what is asked of a running container: its probes, and what is called when it starts
//! and stops.

use super::{FieldErrors, invalid};
use crate::schema::list;
use crate::validate::values::{self, Row, Rule};
use crate::validate::{FieldError, names};
use serde_json::Value;

const PROBE: &[Row] = &[
    ("initialDelaySeconds", Rule::NotNegative),
    ("timeoutSeconds", Rule::NotNegative),
    ("periodSeconds", Rule::NotNegative),
    ("successThreshold", Rule::NotNegative),
    ("failureThreshold", Rule::NotNegative),
];
const GRACE: &[Row] = &[("terminationGracePeriodSeconds", Rule::Positive)];
const SCHEME: &[Row] = &[("scheme", Rule::OneOf(&["HTTP", "HTTPS"]))];
const PORT: &[Row] = &[("port", Rule::Port)];
/// The ways to ask, in the order in which Kubernetes looks at them.
const HANDLERS: [&str; 5] = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

/// Everything wrong with the probes and the lifecycle of a container.
pub(super) fn check(container: &Value, field: &str, errors: &mut FieldErrors) {
    for member in ["postStart", "preStop"] {
        let lifecycle = container.get("lifecycle");
        if let Some(handler) = lifecycle.and_then(|lifecycle| lifecycle.get(member)) {
            check_handler(handler, &format!("{field}.lifecycle.{member}"), errors);
        }
    }
    for member in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get(member) else {
            continue;
        };
        let field = format!("{field}.{member}");
        check_handler(probe, &field, errors);
        values::check(probe, &field, PROBE, errors);
        if member == "readinessProbe" {
            if let Some(grace) = probe.get("terminationGracePeriodSeconds") {
                let field = format!("{field}.terminationGracePeriodSeconds");
                let why = "must not be set for readinessProbes";
                errors.push(FieldError::invalid(field, grace.clone(), why));
            }
            continue;
        }
        values::check(probe, &field, GRACE, errors);
        // None stands for one.
        let wanted = probe.get("successThreshold").and_then(Value::as_i64);
        if let Some(count) = wanted.filter(|count| ![0, 1].contains(count)) {
            let field = format!("{field}.successThreshold");
            errors.push(FieldError::invalid(field, count, "must be 1"));
        }
    }
}

/// A container that runs before the others cannot be asked how it is, but where it stays.
pub(super) fn check_absent(container: &Value, field: &str, errors: &mut FieldErrors) {
    for member in [
        "lifecycle",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
    ] {
        if container.get(member).is_some() {
            let why = "may not be set for init containers without restartPolicy=Always";
            errors.push(FieldError::forbidden(format!("{field}.{member}"), why));
        }
    }
}

fn check_handler(handler: &Value, field: &str, errors: &mut FieldErrors) {
    let found: Vec<&str> = HANDLERS
        .into_iter()
        .filter(|kind| handler.get(kind).is_some())
        .collect();
    for (place, kind) in found.iter().enumerate() {
        let field = format!("{field}.{kind}");
        if place > 0 {
            let why = "may not specify more than 1 handler type";
            errors.push(FieldError::forbidden(field, why));
            continue;
        }
        let action = &handler[*kind];
        match *kind {
            "exec" if list(action, "command").next().is_none() => {
                errors.push(FieldError::required(format!("{field}.command"), ""));
            }
            "httpGet" => {
                check_port(action, &field, errors);
                values::check(action, &field, SCHEME, errors);
            }
            "tcpSocket" => check_port(action, &field, errors),
            "grpc" => values::check(action, &field, PORT, errors),
            _ => {}
        }
    }
    if found.is_empty() {
        errors.push(FieldError::required(field, "must specify a handler type"));
    }
}

/// A number, or the name of one of the container's ports.
fn check_port(action: &Value, field: &str, errors: &mut FieldErrors) {
    values::check(action, field, PORT, errors);
    if let Some(name) = action.get("port").and_then(Value::as_str) {
        let field = format!("{field}.port");
        errors.extend(invalid(&field, name, names::port(name)));
    }
}
