//! What limits workloads, ranks them or leads to them. Nothing acts on these kinds: they are stored,
//! so that manifests and charts which have them can be applied.

use super::{PLAIN, Row};
use crate::validate::{ingress, policy};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: "ResourceQuota",
        plural: "resourcequotas",
        short_names: &["quota"],
        has_status: true,
        check: policy::check_quota,
        ..PLAIN
    },
    Row {
        group: "networking.k8s.io",
        package: "io.k8s.api.networking.v1",
        kind: "Ingress",
        plural: "ingresses",
        short_names: &["ing"],
        has_status: true,
        has_generation: true,
        check: ingress::check,
        ..PLAIN
    },
    Row {
        group: "policy",
        package: "io.k8s.api.policy.v1",
        kind: "PodDisruptionBudget",
        plural: "poddisruptionbudgets",
        short_names: &["pdb"],
        has_status: true,
        has_generation: true,
        check: policy::check_disruption_budget,
        ..PLAIN
    },
    Row {
        group: "scheduling.k8s.io",
        package: "io.k8s.api.scheduling.v1",
        kind: "PriorityClass",
        plural: "priorityclasses",
        short_names: &["pc"],
        is_namespaced: false,
        has_generation: true,
        check: policy::check_priority_class,
        ..PLAIN
    },
];
