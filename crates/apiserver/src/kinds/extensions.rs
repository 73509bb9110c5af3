//! Access rules, and definitions of further kinds.

use super::{PLAIN, Row};
use crate::crd;
use crate::validate::names::NameRule;
use crate::validate::rbac::{self, GROUP};

const RULES: Row = Row {
    group: GROUP,
    package: "io.k8s.api.rbac.v1",
    names: NameRule::PathSegment,
    is_created_by_update: true,
    ..PLAIN
};
const BINDING: Row = Row {
    prepare: rbac::prepare_binding,
    check: rbac::check_binding,
    ..RULES
};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: "Role",
        plural: "roles",
        check: rbac::check_role,
        ..RULES
    },
    Row {
        kind: "RoleBinding",
        plural: "rolebindings",
        ..BINDING
    },
    Row {
        kind: "ClusterRole",
        plural: "clusterroles",
        is_namespaced: false,
        check: rbac::check_cluster_role,
        ..RULES
    },
    Row {
        kind: "ClusterRoleBinding",
        plural: "clusterrolebindings",
        is_namespaced: false,
        ..BINDING
    },
    Row {
        group: crd::GROUP,
        package: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
        kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions",
        short_names: &["crd", "crds"],
        categories: &["api-extensions"],
        is_namespaced: false,
        has_status: true,
        has_generation: true,
        prepare: crd::prepare,
        check: crd::check,
        ..PLAIN
    },
];
