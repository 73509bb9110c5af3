//! Rules about what limits workloads or ranks them: quotas, disruption budgets, priorities.

use super::values::{self, Row, Rule};
use super::{FieldError, selector};
use crate::object;
use serde_json::Value;

/// What the server itself may rank higher.
const HIGHEST_PRIORITY: i64 = 1_000_000_000;
const SYSTEM_PRIORITIES: &[(&str, i64)] = &[
    ("system-cluster-critical", 2_000_000_000),
    ("system-node-critical", 2_000_001_000),
];
const PRIORITY: &[Row] = &[(
    "preemptionPolicy",
    Rule::OneOf(&["Never", "PreemptLowerPriority"]),
)];
const BUDGET: &[Row] = &[
    ("minAvailable", Rule::NotNegative),
    ("maxUnavailable", Rule::NotNegative),
    (
        "unhealthyPodEvictionPolicy",
        Rule::OneOf(&["AlwaysAllow", "IfHealthyBudget"]),
    ),
];
/// What a quota can count without naming a group.
const QUOTA: &[&str] = &[
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];
const SCOPES: &[&str] = &[
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];

/// Everything wrong with a ResourceQuota.
pub(crate) fn check_quota(quota: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let hard = quota.pointer("/spec/hard").and_then(Value::as_object);
    for (name, amount) in hard.into_iter().flatten() {
        let field = format!("spec.hard[{name}]");
        let is_known = name.contains('/')
            || QUOTA.contains(&name.as_str())
            || name.starts_with("hugepages-")
            || name.starts_with("requests.hugepages-");
        if !is_known {
            let general = "must be a standard resource type or fully qualified";
            let own = "must be a standard resource for quota";
            // Claims ask for storage; a quota can only limit what is asked for.
            let general = Some(general).filter(|_| name != "storage");
            let wrong = |why| FieldError::invalid(field.as_str(), name.as_str(), why);
            errors.extend(general.into_iter().chain([own]).map(wrong));
        } else if amount.as_str().is_some_and(|text| text.starts_with('-')) {
            let why = "must be greater than or equal to 0";
            errors.push(FieldError::invalid(field, amount.clone(), why));
        }
    }
    let scopes = |quota: &Value| quota.pointer("/spec/scopes").cloned().unwrap_or_default();
    let own = scopes(quota);
    let mut texts = own.as_array().into_iter().flatten().map(Value::as_str);
    if texts.any(|scope| !SCOPES.contains(&scope.unwrap_or_default())) {
        let why = "unsupported scope";
        errors.push(FieldError::invalid("spec.scopes", own.clone(), why));
    }
    if old.is_some_and(|old| scopes(old) != own) {
        let why = "field is immutable";
        errors.push(FieldError::invalid("spec.scopes", own, why));
    }
    errors
}

/// Everything wrong with a PodDisruptionBudget.
pub(crate) fn check_disruption_budget(budget: &Value, _old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = &budget["spec"];
    let limits = ["minAvailable", "maxUnavailable"];
    if limits.iter().all(|limit| spec.get(limit).is_some()) {
        let why = "minAvailable and maxUnavailable cannot be both set";
        errors.push(FieldError::invalid("spec", spec.clone(), why));
    }
    for limit in limits {
        let Some(text) = spec.get(limit).and_then(Value::as_str) else {
            continue;
        };
        let percent = text
            .strip_suffix('%')
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let why = match percent.and_then(|digits| digits.parse::<u32>().ok()) {
            None => {
                "a valid percent string must be a numeric string followed by an ending '%' \
                 (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
            }
            Some(101..) => "must not be greater than 100%",
            Some(_) => continue,
        };
        errors.push(FieldError::invalid(format!("spec.{limit}"), text, why));
    }
    values::check(spec, "spec", BUDGET, &mut errors);
    if let Some(chosen) = spec.get("selector") {
        selector::check(chosen, "spec.selector", &mut errors);
    }
    errors
}

/// Everything wrong with a PriorityClass.
pub(crate) fn check_priority_class(class: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (name, value) = (object::name(class), class["value"].as_i64().unwrap_or(0));
    if let Some(old) = old {
        if old["value"] != class["value"] {
            let why = "may not be changed in an update.";
            errors.push(FieldError::forbidden("value", why));
        }
        let policy = class["preemptionPolicy"].clone();
        if old["preemptionPolicy"] != policy {
            let why = "field is immutable";
            errors.push(FieldError::invalid("preemptionPolicy", policy, why));
        }
        return errors;
    }
    if name.starts_with("system-") {
        let known = SYSTEM_PRIORITIES.iter().find(|(known, _)| *known == name);
        let why = match known {
            Some((_, wanted)) if *wanted == value => None,
            Some((_, wanted)) => Some(format!("value of {name} PriorityClass must be {wanted}")),
            None => Some(format!("{name} is not a known system priority class")),
        };
        errors.extend(why.map(|why| {
            let head =
                "priority class names with 'system-' prefix are reserved for system use only";
            FieldError::forbidden("metadata.name", format!("{head}. error: {why}"))
        }));
    } else if value > HIGHEST_PRIORITY {
        let why = format!("maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}");
        errors.push(FieldError::forbidden("value", why));
    }
    values::check(class, "", PRIORITY, &mut errors);
    errors
}
