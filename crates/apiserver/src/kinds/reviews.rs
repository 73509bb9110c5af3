//! Questions about access, answered and not stored.

use super::{PLAIN, Row};
use crate::resource::Nature;

const ACCESS: Row = Row {
    group: "authorization.k8s.io",
    package: "io.k8s.api.authorization.v1",
    is_namespaced: false,
    nature: Nature::Review,
    ..PLAIN
};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: "SubjectAccessReview",
        plural: "subjectaccessreviews",
        ..ACCESS
    },
    Row {
        kind: "LocalSubjectAccessReview",
        plural: "localsubjectaccessreviews",
        is_namespaced: true,
        ..ACCESS
    },
    Row {
        kind: "SelfSubjectAccessReview",
        plural: "selfsubjectaccessreviews",
        ..ACCESS
    },
    Row {
        kind: "SelfSubjectRulesReview",
        plural: "selfsubjectrulesreviews",
        ..ACCESS
    },
    Row {
        group: "authentication.k8s.io",
        package: "io.k8s.api.authentication.v1",
        kind: "TokenReview",
        plural: "tokenreviews",
        ..ACCESS
    },
    Row {
        group: "authentication.k8s.io",
        package: "io.k8s.api.authentication.v1",
        kind: "SelfSubjectReview",
        plural: "selfsubjectreviews",
        ..ACCESS
    },
];
