//! Rules about pods and the kinds that hold pod templates, as far as a store that never runs them
//! needs: containers have names and images, selectors choose their own template.

use super::{FieldError, metadata, names};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// A check of one kind: its findings about an object, given its state before.
type Check = Vec<FieldError>;

/// Everything wrong with a Pod.
pub(crate) fn check_pod(pod: &Value, old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    check_pod_spec(pod.get("spec"), "spec", &mut errors);
    if let Some(old) = old {
        check_pod_update(pod, old, &mut errors);
    }
    errors
}

/// Everything wrong with a Deployment, `ReplicaSet` or StatefulSet.
pub(crate) fn check_replicated(object: &Value, old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    check_template(object, "/spec/template", "spec.template", &mut errors);
    let selector = object.pointer("/spec/selector");
    let wanted = selector
        .and_then(|s| s.get("matchLabels"))
        .and_then(Value::as_object);
    let expressions = selector
        .and_then(|s| s.get("matchExpressions"))
        .and_then(Value::as_array);
    if wanted.is_none_or(Map::is_empty) && expressions.is_none_or(Vec::is_empty) {
        let why = "empty selector is invalid for deployment";
        errors.push(FieldError::invalid(
            "spec.selector",
            selector.cloned().unwrap_or_default(),
            why,
        ));
    }
    let labels = object
        .pointer("/spec/template/metadata/labels")
        .and_then(Value::as_object);
    let is_chosen = wanted
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.and_then(|l| l.get(key)) == Some(value));
    if !is_chosen {
        let why = "`selector` does not match template `labels`";
        let found = labels.cloned().unwrap_or_default();
        errors.push(FieldError::invalid(
            "spec.template.metadata.labels",
            Value::Object(found),
            why,
        ));
    }
    if let Some(old) = old
        && old.pointer("/spec/selector") != selector
    {
        errors.push(FieldError::invalid(
            "spec.selector",
            selector.cloned().unwrap_or_default(),
            "field is immutable",
        ));
    }
    errors
}

/// Everything wrong with a Job.
pub(crate) fn check_job(job: &Value, old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    check_run_to_end(job, "/spec/template", "spec.template", &mut errors);
    let template = job.pointer("/spec/template/spec");
    if old.is_some_and(|old| old.pointer("/spec/template/spec") != template) {
        errors.push(FieldError::invalid(
            "spec.template",
            "",
            "field is immutable",
        ));
    }
    errors
}

/// Everything wrong with a CronJob.
pub(crate) fn check_cron_job(job: &Value, _old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    let field = "spec.jobTemplate.spec.template";
    check_run_to_end(job, "/spec/jobTemplate/spec/template", field, &mut errors);
    let schedule = job
        .pointer("/spec/schedule")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_schedule = schedule.starts_with('@') || schedule.split_whitespace().count() == 5;
    if !is_schedule {
        errors.push(FieldError::invalid(
            "spec.schedule",
            schedule,
            "expected five fields or a descriptor such as @daily",
        ));
    }
    errors
}

/// Everything wrong with a PersistentVolumeClaim.
pub(crate) fn check_claim(claim: &Value, _old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    if claim
        .pointer("/spec/accessModes")
        .and_then(Value::as_array)
        .is_none_or(Vec::is_empty)
    {
        errors.push(FieldError::required(
            "spec.accessModes",
            "at least 1 access mode is required",
        ));
    }
    if claim.pointer("/spec/resources/requests/storage").is_none() {
        errors.push(FieldError::required("spec.resources[storage]", ""));
    }
    errors
}

fn check_run_to_end(object: &Value, pointer: &str, field: &str, errors: &mut Check) {
    check_template(object, pointer, field, errors);
    let policy = object
        .pointer(&format!("{pointer}/spec/restartPolicy"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !["OnFailure", "Never"].contains(&policy) {
        let field = format!("{field}.spec.restartPolicy");
        errors.push(match policy {
            "" | "Always" => FieldError::required(field, "valid values: \"OnFailure\", \"Never\""),
            other => FieldError::unsupported(field, other, &["OnFailure", "Never"]),
        });
    }
}

fn check_template(object: &Value, pointer: &str, field: &str, errors: &mut Check) {
    let template = object.pointer(pointer);
    let labels = template
        .and_then(|t| t.pointer("/metadata/labels"))
        .and_then(Value::as_object);
    if let Some(labels) = labels {
        metadata::check_labels(labels, &format!("{field}.labels"), errors);
    }
    check_pod_spec(
        template.and_then(|t| t.get("spec")),
        &format!("{field}.spec"),
        errors,
    );
}

fn check_pod_spec(spec: Option<&Value>, field: &str, errors: &mut Check) {
    let list = |member: &str| spec.and_then(|s| s.get(member)).and_then(Value::as_array);
    if list("containers").is_none_or(Vec::is_empty) {
        errors.push(FieldError::required(format!("{field}.containers"), ""));
    }
    let mut seen = HashSet::new();
    for member in ["initContainers", "containers"] {
        for (index, container) in list(member).into_iter().flatten().enumerate() {
            check_container(
                container,
                &format!("{field}.{member}[{index}]"),
                &mut seen,
                errors,
            );
        }
    }
    let mut seen = HashSet::new();
    for (index, volume) in list("volumes").into_iter().flatten().enumerate() {
        check_name(
            volume,
            &format!("{field}.volumes[{index}]"),
            &mut seen,
            errors,
        );
    }
}

fn check_container<'a>(
    container: &'a Value,
    field: &str,
    seen: &mut HashSet<&'a str>,
    errors: &mut Check,
) {
    check_name(container, field, seen, errors);
    if container
        .get("image")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .is_empty()
    {
        errors.push(FieldError::required(format!("{field}.image"), ""));
    }
}

fn check_name<'a>(entry: &'a Value, field: &str, seen: &mut HashSet<&'a str>, errors: &mut Check) {
    let field = format!("{field}.name");
    match entry
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default()
    {
        "" => errors.push(FieldError::required(field, "")),
        name if !seen.insert(name) => errors.push(FieldError::duplicate(field, name)),
        name => {
            errors.extend(
                names::label(name)
                    .into_iter()
                    .map(|why| FieldError::invalid(field.as_str(), name, why)),
            );
        }
    }
}

/// A pod's spec is fixed but for images, tolerations and two deadlines.
fn check_pod_update(pod: &Value, old: &Value, errors: &mut Check) {
    let deadline = "/spec/activeDeadlineSeconds";
    if old.pointer(deadline).is_some() && pod.pointer(deadline).is_none() {
        let why = "must not update from a positive integer to nil value";
        errors.push(FieldError::invalid(
            "spec.activeDeadlineSeconds",
            Value::Null,
            why,
        ));
    }
    if without_changeable(pod) != without_changeable(old) {
        let why = "pod updates may not change fields other than `spec.containers[*].image`,\
            `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
            `spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` \
            (allow it to be set to 1 if it was previously negative)";
        errors.push(FieldError::forbidden("spec", why));
    }
}

fn without_changeable(pod: &Value) -> Value {
    let mut spec = pod.get("spec").cloned().unwrap_or_default();
    if let Some(members) = spec.as_object_mut() {
        for member in [
            "activeDeadlineSeconds",
            "tolerations",
            "terminationGracePeriodSeconds",
        ] {
            members.shift_remove(member);
        }
        for member in ["containers", "initContainers"] {
            let list = members.get_mut(member).and_then(Value::as_array_mut);
            for container in list.into_iter().flatten().filter_map(Value::as_object_mut) {
                container.shift_remove("image");
            }
        }
    }
    spec
}
