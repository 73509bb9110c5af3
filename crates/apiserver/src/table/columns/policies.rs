//! Columns of what limits workloads, ranks them or leads to them.

use super::{AGE, Definition};
use crate::table::cells::{items, number, text, text_or};
use serde_json::Value;

/// So much of an address is shown.
const ADDRESS: usize = 16;
/// So many hosts are shown.
const HOSTS: usize = 3;

pub(super) const QUOTA: &[Definition] = &[
    Definition("Request", "string", 0, "used and allowed", |o, _| {
        amounts(o, false).into()
    }),
    Definition("Limit", "string", 0, "used and allowed limits", |o, _| {
        amounts(o, true).into()
    }),
    AGE,
];

/// Of each resource how much is used and how much may be, as far as somebody has counted it.
fn amounts(quota: &Value, are_limits: bool) -> String {
    let hard = quota.pointer("/status/hard").and_then(Value::as_object);
    let mut amounts: Vec<String> = hard
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.starts_with("limits.") == are_limits)
        .map(|(name, allowed)| {
            let used = &quota["status"]["used"][name];
            let allowed = allowed.as_str().unwrap_or_default();
            format!("{name}: {}/{allowed}", used.as_str().unwrap_or("0"))
        })
        .collect();
    amounts.sort();
    amounts.join(", ")
}

pub(super) const INGRESS: &[Definition] = &[
    Definition("Class", "string", 0, "who serves it", |o, _| {
        text_or(o, "/spec/ingressClassName", "<none>").into()
    }),
    Definition("Hosts", "string", 0, "names it answers to", |o, _| {
        hosts(o).into()
    }),
    Definition("Address", "string", 0, "where it is reached", |o, _| {
        address(o).into()
    }),
    Definition("Ports", "string", 0, "ports it opens", |o, _| {
        let has_tls = !items(o, "/spec/tls").is_empty();
        if has_tls { "80, 443" } else { "80" }.into()
    }),
    AGE,
];

fn hosts(ingress: &Value) -> String {
    let rules = items(ingress, "/spec/rules");
    let named: Vec<&str> = rules
        .iter()
        .map(|rule| text(rule, "/host"))
        .filter(|host| !host.is_empty())
        .take(HOSTS)
        .collect();
    match named.as_slice() {
        [] => "*".to_owned(),
        shown if shown.len() == HOSTS && rules.len() > HOSTS => {
            format!("{} + {} more...", shown.join(","), rules.len() - HOSTS)
        }
        shown => shown.join(","),
    }
}

fn address(ingress: &Value) -> String {
    let mut found: Vec<&str> = items(ingress, "/status/loadBalancer/ingress")
        .iter()
        .map(|point| text_or(point, "/ip", text(point, "/hostname")))
        .filter(|address| !address.is_empty())
        .collect();
    found.sort_unstable();
    found.dedup();
    let all = found.join(",");
    match all.get(..ADDRESS - 3) {
        Some(start) if all.len() > ADDRESS => format!("{start}..."),
        _ => all,
    }
}

pub(super) const BUDGET: &[Definition] = &[
    Definition("Min Available", "string", 0, "pods that must be", |o, _| {
        limit(o, "/spec/minAvailable").into()
    }),
    Definition(
        "Max Unavailable",
        "string",
        0,
        "pods that may not be",
        |o, _| limit(o, "/spec/maxUnavailable").into(),
    ),
    Definition(
        "Allowed Disruptions",
        "integer",
        0,
        "pods that may go",
        |o, _| number(o, "/status/disruptionsAllowed").into(),
    ),
    AGE,
];

fn limit(budget: &Value, pointer: &str) -> String {
    match budget.pointer(pointer) {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(percent)) => percent.clone(),
        _ => "N/A".to_owned(),
    }
}

pub(super) const PRIORITY: &[Definition] = &[
    Definition("Value", "integer", 0, "higher goes first", |o, _| {
        number(o, "/value").into()
    }),
    Definition(
        "Global-Default",
        "boolean",
        0,
        "whether pods without have it",
        |o, _| o["globalDefault"].as_bool().unwrap_or_default().into(),
    ),
    AGE,
    Definition(
        "PreemptionPolicy",
        "string",
        1,
        "whether others make way",
        |o, _| text(o, "/preemptionPolicy").into(),
    ),
];
