//! The columns of nodes.

use super::{AGE, Definition};
use crate::table::cells::{is_true, items, joined, text, text_or};
use serde_json::Value;

const UNKNOWN: &str = "<unknown>";
const ROLE: &str = "kubernetes.io/role";
const ROLE_PREFIX: &str = "node-role.kubernetes.io/";

pub(super) const NODE: &[Definition] = &[
    Definition("Status", "string", 0, "whether it takes pods", |o, _| {
        status(o).into()
    }),
    Definition("Roles", "string", 0, "what it is for", |o, _| {
        joined(roles(o).into_iter()).into()
    }),
    AGE,
    Definition("Version", "string", 0, "of its kubelet", |o, _| {
        text(o, "/status/nodeInfo/kubeletVersion").into()
    }),
    Definition("Internal-IP", "string", 1, "address inside", |o, _| {
        address(o, "InternalIP").into()
    }),
    Definition("External-IP", "string", 1, "address outside", |o, _| {
        address(o, "ExternalIP").into()
    }),
    Definition("OS-Image", "string", 1, "its system", |o, _| {
        text_or(o, "/status/nodeInfo/osImage", UNKNOWN).into()
    }),
    Definition("Kernel-Version", "string", 1, "its kernel", |o, _| {
        text_or(o, "/status/nodeInfo/kernelVersion", UNKNOWN).into()
    }),
    Definition(
        "Container-Runtime",
        "string",
        1,
        "what runs its containers",
        |o, _| text_or(o, "/status/nodeInfo/containerRuntimeVersion", UNKNOWN).into(),
    ),
];

/// Whether it is ready, as far as somebody said so, and closed to new pods.
fn status(node: &Value) -> String {
    let is_told = items(node, "/status/conditions")
        .iter()
        .any(|condition| condition["type"] == "Ready");
    let ready = match (is_told, is_true(node, "Ready")) {
        (false, _) => "Unknown",
        (true, true) => "Ready",
        (true, false) => "NotReady",
    };
    let is_closed = node.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    let closed = if is_closed { ",SchedulingDisabled" } else { "" };
    format!("{ready}{closed}")
}

/// The roles that its labels name, each once and in order.
fn roles(node: &Value) -> Vec<&str> {
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
    let named = labels.into_iter().flatten().filter_map(|(key, value)| {
        let role = match key.as_str() {
            ROLE => value.as_str(),
            key => key.strip_prefix(ROLE_PREFIX),
        };
        role.filter(|role| !role.is_empty())
    });
    let mut roles: Vec<&str> = named.collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// The first address of this kind, else `<none>`.
fn address<'a>(node: &'a Value, kind: &str) -> &'a str {
    let addresses = items(node, "/status/addresses").iter();
    let mut of_kind = addresses.filter(|address| address["type"] == kind);
    of_kind
        .next()
        .map_or("<none>", |address| text(address, "/address"))
}
