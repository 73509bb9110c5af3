//! The columns of the built-in kinds, as `kubectl get` shows them.

mod core;
mod nodes;
mod policies;
mod workloads;

use super::cells::{age, text};
use super::{Column, Source};
use jiff::Timestamp;
use serde_json::Value;

/// A column as data: heading, type, priority, meaning, cell.
struct Definition(
    &'static str,
    &'static str,
    i64,
    &'static str,
    fn(&Value, Timestamp) -> Value,
);

const AGE: Definition = Definition("Age", "string", 0, "time since it was created", age);
const CREATED: Definition = Definition("Created At", "date", 0, "when it was created", |o, _| {
    text(o, "/metadata/creationTimestamp").into()
});

/// The columns of a built-in kind after its name.
fn definitions(group: &str, kind: &str) -> &'static [Definition] {
    match (group, kind) {
        ("", "ConfigMap") => core::CONFIG_MAP,
        ("" | "events.k8s.io", "Event") => core::EVENT,
        ("", "Namespace") => core::NAMESPACE,
        ("", "Node") => nodes::NODE,
        ("", "PersistentVolumeClaim") => core::CLAIM,
        ("", "Pod") => workloads::POD,
        ("", "ResourceQuota") => policies::QUOTA,
        ("", "Secret") => core::SECRET,
        ("", "Service") => core::SERVICE,
        ("", "ServiceAccount") => core::SERVICE_ACCOUNT,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => &[CREATED],
        ("apps", "DaemonSet") => workloads::DAEMON_SET,
        ("apps", "Deployment") => workloads::DEPLOYMENT,
        ("apps", "ReplicaSet") => workloads::REPLICA_SET,
        ("apps", "StatefulSet") => workloads::STATEFUL_SET,
        ("batch", "CronJob") => workloads::CRON_JOB,
        ("batch", "Job") => workloads::JOB,
        ("coordination.k8s.io", "Lease") => core::LEASE,
        ("networking.k8s.io", "Ingress") => policies::INGRESS,
        ("policy", "PodDisruptionBudget") => policies::BUDGET,
        ("rbac.authorization.k8s.io", "ClusterRole" | "Role") => &[CREATED],
        ("rbac.authorization.k8s.io", "ClusterRoleBinding" | "RoleBinding") => core::BINDING,
        ("scheduling.k8s.io", "PriorityClass") => policies::PRIORITY,
        _ => &[AGE],
    }
}

/// The columns of a built-in kind; name and age for a kind without its own.
pub fn built_in(group: &str, kind: &str) -> Vec<Column> {
    // Events are told apart by what they say; their name comes last, and only when asked for.
    let name = Some(name()).filter(|_| kind != "Event");
    name.into_iter()
        .chain(definitions(group, kind).iter().map(column))
        .collect()
}

/// The columns of a kind of which nothing is known.
pub(super) fn name_and_age() -> Vec<Column> {
    vec![name(), column(&AGE)]
}

pub(super) fn name() -> Column {
    column(&Definition(
        "Name",
        "string",
        0,
        "unique in its namespace",
        |o, _| text(o, "/metadata/name").into(),
    ))
}

fn column(Definition(name, kind, priority, description, cell): &Definition) -> Column {
    Column {
        name: (*name).to_owned(),
        r#type: (*kind).to_owned(),
        format: if *name == "Name" { "name" } else { "" }.to_owned(),
        description: (*description).to_owned(),
        priority: *priority,
        source: Source::Computed(*cell),
    }
}
