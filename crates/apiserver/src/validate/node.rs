//! Rules about Nodes: what a node is told once stays, and what it repels is well formed.

use super::values::{self, Row, Rule};
use super::{FieldError, names};
use crate::object;
use crate::schema::list;
use serde_json::{Value, json};
use std::net::IpAddr;

const TAINT: &[Row] = &[(
    "effect",
    Rule::OneOf(&["NoSchedule", "PreferNoSchedule", "NoExecute"]),
)];

/// The first network of a node's pods is also told alone, and that word counts.
pub(crate) fn prepare(node: &mut Value, _old: Option<&Value>) {
    let all = list(&node["spec"], "podCIDRs").next().cloned();
    let first = object::text(node, "/spec/podCIDR").filter(|first| !first.is_empty());
    match (first.map(str::to_owned), all) {
        (Some(first), of_all) if of_all.as_ref().is_none_or(|other| *other != first) => {
            node["spec"]["podCIDRs"] = json!([first]);
        }
        (None, Some(of_all)) => node["spec"]["podCIDR"] = of_all,
        _ => {}
    }
}

/// Everything wrong with a Node.
pub(crate) fn check(node: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = &node["spec"];
    for (index, taint) in list(spec, "taints").enumerate() {
        let field = format!("metadata.taints[{index}]");
        let mut check = |member: &str, grammar: fn(&str) -> Vec<String>| {
            let text = taint
                .get(member)
                .and_then(Value::as_str)
                .unwrap_or_default();
            let found = grammar(text).into_iter();
            let field = format!("{field}.{member}");
            errors.extend(found.map(|why| FieldError::invalid(field.as_str(), text, why)));
        };
        check("key", names::qualified);
        check("value", names::label_value);
        values::check(taint, &field, TAINT, &mut errors);
    }
    for (index, network) in list(spec, "podCIDRs").enumerate() {
        let text = network.as_str().unwrap_or_default();
        if !is_network(text) {
            let field = format!("spec.podCIDRs[{index}]");
            let why = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
            errors.push(FieldError::invalid(field, text, why));
        }
    }
    let was = |member: &str| old.and_then(|old| old.get("spec")?.get(member));
    for (member, field, what) in [
        ("podCIDRs", "spec.podCIDRs", "podCIDR"),
        ("providerID", "spec.providerID", "providerID"),
    ] {
        if was(member).is_some_and(|was| *was != "" && spec.get(member) != Some(was)) {
            let why = format!("node updates may not change {what} except from \"\" to valid");
            errors.push(FieldError::forbidden(field, why));
        }
    }
    errors
}

fn is_network(text: &str) -> bool {
    let parts = text.split_once('/').and_then(|(address, length)| {
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        Some(length.parse::<u8>().ok()? <= longest)
    });
    parts == Some(true)
}
