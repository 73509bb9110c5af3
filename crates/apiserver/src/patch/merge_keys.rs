//! Which lists of the built-in kinds are merged by a strategic merge patch, and by what. The
//! facts are those of the Kubernetes API types; every list not named here is replaced whole.

use super::ListStrategy::{self, ByKey, Set};
use super::MergeKeys;

/// The merge rules of a built-in kind.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn(&'static Kind);

/// The list at this path (joined by dots) is merged so.
type Rule = (&'static str, ListStrategy);

#[derive(Debug)]
struct Kind {
    group: &'static str,
    kind: &'static str,
    /// Where it has a pod spec.
    pod: Option<&'static str>,
    rules: &'static [Rule],
}

const CONDITIONS: &[Rule] = &[("status.conditions", ByKey("type"))];

const KINDS: &[Kind] = &[
    kind("", "Binding", None, &[]),
    kind("", "ConfigMap", None, &[]),
    kind("", "Endpoints", None, &[]),
    kind("", "Event", None, &[]),
    kind("", "LimitRange", None, &[]),
    kind("", "Namespace", None, CONDITIONS),
    kind(
        "",
        "Node",
        None,
        &[
            ("spec.podCIDRs", Set),
            ("status.addresses", ByKey("type")),
            ("status.conditions", ByKey("type")),
        ],
    ),
    kind("", "PersistentVolume", None, &[]),
    kind("", "PersistentVolumeClaim", None, CONDITIONS),
    kind(
        "",
        "Pod",
        Some("spec"),
        &[
            ("status.conditions", ByKey("type")),
            ("status.hostIPs", ByKey("ip")),
            ("status.podIPs", ByKey("ip")),
            ("status.resourceClaimStatuses", ByKey("name")),
        ],
    ),
    kind("", "PodTemplate", Some("template.spec"), &[]),
    kind(
        "",
        "ReplicationController",
        Some("spec.template.spec"),
        CONDITIONS,
    ),
    kind("", "ResourceQuota", None, &[]),
    kind("", "Secret", None, &[]),
    kind(
        "",
        "Service",
        None,
        &[
            ("spec.ports", ByKey("port")),
            ("status.conditions", ByKey("type")),
        ],
    ),
    kind("", "ServiceAccount", None, &[("secrets", ByKey("name"))]),
    kind(
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        None,
        &[("webhooks", ByKey("name"))],
    ),
    kind(
        "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration",
        None,
        &[("webhooks", ByKey("name"))],
    ),
    kind(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        None,
        &[],
    ),
    kind("apps", "ControllerRevision", None, &[]),
    kind("apps", "DaemonSet", Some("spec.template.spec"), CONDITIONS),
    kind("apps", "Deployment", Some("spec.template.spec"), CONDITIONS),
    kind("apps", "ReplicaSet", Some("spec.template.spec"), CONDITIONS),
    kind(
        "apps",
        "StatefulSet",
        Some("spec.template.spec"),
        CONDITIONS,
    ),
    kind(
        "batch",
        "CronJob",
        Some("spec.jobTemplate.spec.template.spec"),
        &[],
    ),
    kind("batch", "Job", Some("spec.template.spec"), CONDITIONS),
    kind("coordination.k8s.io", "Lease", None, &[]),
    kind("events.k8s.io", "Event", None, &[]),
    kind("networking.k8s.io", "Ingress", None, &[]),
    kind("networking.k8s.io", "NetworkPolicy", None, &[]),
    kind("policy", "PodDisruptionBudget", None, CONDITIONS),
    kind("rbac.authorization.k8s.io", "ClusterRole", None, &[]),
    kind("rbac.authorization.k8s.io", "ClusterRoleBinding", None, &[]),
    kind("rbac.authorization.k8s.io", "Role", None, &[]),
    kind("rbac.authorization.k8s.io", "RoleBinding", None, &[]),
    kind("scheduling.k8s.io", "PriorityClass", None, &[]),
    kind("storage.k8s.io", "StorageClass", None, &[]),
];

/// Of `metadata`, wherever it stands.
const METADATA: &[Rule] = &[("finalizers", Set), ("ownerReferences", ByKey("uid"))];

const POD: &[Rule] = &[
    ("containers", ByKey("name")),
    ("ephemeralContainers", ByKey("name")),
    ("hostAliases", ByKey("ip")),
    ("imagePullSecrets", ByKey("name")),
    ("initContainers", ByKey("name")),
    ("resourceClaims", ByKey("name")),
    ("schedulingGates", ByKey("name")),
    ("topologySpreadConstraints", ByKey("topologyKey")),
    ("volumes", ByKey("name")),
];

const CONTAINER: &[Rule] = &[
    ("env", ByKey("name")),
    ("ports", ByKey("containerPort")),
    ("volumeDevices", ByKey("devicePath")),
    ("volumeMounts", ByKey("mountPath")),
];

const fn kind(
    group: &'static str,
    kind: &'static str,
    pod: Option<&'static str>,
    rules: &'static [Rule],
) -> Kind {
    Kind {
        group,
        kind,
        pod,
        rules,
    }
}

/// The rules of a built-in kind; none for every other, which has no strategic merge patch.
pub fn built_in(group: &str, kind: &str) -> Option<BuiltIn> {
    KINDS
        .iter()
        .find(|known| known.group == group && known.kind == kind)
        .map(BuiltIn)
}

impl MergeKeys for BuiltIn {
    fn of(&self, path: &[&str]) -> Option<ListStrategy> {
        match path {
            [.., "metadata", list] => find(METADATA, list),
            _ => find(self.0.rules, &path.join(".")).or_else(|| in_pod(self.0.pod?, path)),
        }
    }
}

fn in_pod(pod: &str, path: &[&str]) -> Option<ListStrategy> {
    let depth = pod.split('.').count();
    let (start, rest) = path.split_at_checked(depth)?;
    if !start.iter().copied().eq(pod.split('.')) {
        return None;
    }
    match rest {
        [list] => find(POD, list),
        [
            "containers" | "ephemeralContainers" | "initContainers",
            list,
        ] => find(CONTAINER, list),
        _ => None,
    }
}

fn find(rules: &[Rule], path: &str) -> Option<ListStrategy> {
    rules
        .iter()
        .find(|(known, _)| *known == path)
        .map(|(_, strategy)| *strategy)
}
