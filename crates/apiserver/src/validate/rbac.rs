//! Rules about the objects of `rbac.authorization.k8s.io`. Whether the caller may grant what they
//! grant is left to [`crate::rbac`].

use super::FieldError;
use crate::object;
use serde_json::Value;

/// The group of all of them.
pub(crate) const GROUP: &str = "rbac.authorization.k8s.io";

/// Everything wrong with the rules of a Role.
pub(crate) fn check_role(role: &Value, _old: Option<&Value>) -> Vec<FieldError> {
    check_rules(role, true)
}

/// Everything wrong with the rules of a ClusterRole.
pub(crate) fn check_cluster_role(role: &Value, _old: Option<&Value>) -> Vec<FieldError> {
    check_rules(role, false)
}

fn check_rules(role: &Value, is_namespaced: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let rules = role.get("rules").and_then(Value::as_array);
    for (index, rule) in rules.into_iter().flatten().enumerate() {
        let field = |member: &str| format!("rules[{index}].{member}");
        let count = |member: &str| {
            rule.get(member)
                .and_then(Value::as_array)
                .map_or(0, Vec::len)
        };
        if count("verbs") == 0 {
            errors.push(FieldError::required(
                field("verbs"),
                "verbs must contain at least one value",
            ));
        }
        if count("nonResourceURLs") > 0 {
            if is_namespaced {
                let why = "namespaced rules cannot apply to non-resource URLs";
                errors.push(FieldError::invalid(
                    field("nonResourceURLs"),
                    rule["nonResourceURLs"].clone(),
                    why,
                ));
            }
            if count("resources") + count("apiGroups") + count("resourceNames") > 0 {
                let why = "rules cannot apply to both regular resources and non-resource URLs";
                errors.push(FieldError::invalid(
                    field("nonResourceURLs"),
                    rule["nonResourceURLs"].clone(),
                    why,
                ));
            }
            continue;
        }
        if count("apiGroups") == 0 {
            errors.push(FieldError::required(
                field("apiGroups"),
                "resource rules must supply at least one api group",
            ));
        }
        if count("resources") == 0 {
            errors.push(FieldError::required(
                field("resources"),
                "resource rules must supply at least one resource",
            ));
        }
    }
    errors
}

/// Everything wrong with a RoleBinding or ClusterRoleBinding.
pub(crate) fn check_binding(binding: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let is_namespaced = object::text(binding, "/kind") == Some("RoleBinding");
    let kinds: &[&str] = if is_namespaced {
        &["Role", "ClusterRole"]
    } else {
        &["ClusterRole"]
    };
    let kind = object::text(binding, "/roleRef/kind").unwrap_or_default();
    if !kinds.contains(&kind) {
        errors.push(FieldError::unsupported("roleRef.kind", kind, kinds));
    }
    if object::text(binding, "/roleRef/name")
        .unwrap_or_default()
        .is_empty()
    {
        errors.push(FieldError::required("roleRef.name", ""));
    }
    let group = object::text(binding, "/roleRef/apiGroup").unwrap_or_default();
    if group != GROUP {
        errors.push(FieldError::unsupported("roleRef.apiGroup", group, &[GROUP]));
    }
    if old.is_some_and(|old| old.get("roleRef") != binding.get("roleRef")) {
        errors.push(FieldError::invalid(
            "roleRef",
            binding["roleRef"].clone(),
            "cannot change roleRef",
        ));
    }
    let subjects = binding.get("subjects").and_then(Value::as_array);
    for (index, subject) in subjects.into_iter().flatten().enumerate() {
        check_subject(
            subject,
            &format!("subjects[{index}]"),
            is_namespaced,
            &mut errors,
        );
    }
    errors
}

fn check_subject(subject: &Value, field: &str, is_namespaced: bool, errors: &mut Vec<FieldError>) {
    let text = |member: &str| {
        subject
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    if text("name").is_empty() {
        errors.push(FieldError::required(format!("{field}.name"), ""));
    }
    let group = match text("kind") {
        "ServiceAccount" => "",
        "User" | "Group" => GROUP,
        other => {
            let kinds = ["ServiceAccount", "User", "Group"];
            errors.push(FieldError::unsupported(
                format!("{field}.kind"),
                other,
                &kinds,
            ));
            return;
        }
    };
    if text("apiGroup") != group {
        errors.push(FieldError::unsupported(
            format!("{field}.apiGroup"),
            text("apiGroup"),
            &[group],
        ));
    }
    if text("kind") == "ServiceAccount" && text("namespace").is_empty() && !is_namespaced {
        errors.push(FieldError::required(format!("{field}.namespace"), ""));
    }
}

/// Fills in what Kubernetes fills in for subjects.
pub(crate) fn prepare_binding(binding: &mut Value, _old: Option<&Value>) {
    let namespace = object::namespace(binding).to_owned();
    let subjects = binding.get_mut("subjects").and_then(Value::as_array_mut);
    for subject in subjects
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        let kind = subject
            .get("kind")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        match kind.as_str() {
            "User" | "Group" if !subject.contains_key("apiGroup") => {
                subject.insert("apiGroup".to_owned(), GROUP.into());
            }
            "ServiceAccount" if !subject.contains_key("namespace") && !namespace.is_empty() => {
                subject.insert("namespace".to_owned(), namespace.as_str().into());
            }
            _ => {}
        }
    }
}
