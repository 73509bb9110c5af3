//! Rules about pods and the kinds that hold pod templates, as far as a store that never runs them
//! needs: containers have names and images, selectors choose their own template.

use super::values::{self, Row, Rule};
use super::{FieldError, metadata, names, schedule};
use crate::object;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// A check of one kind: its findings about an object, given its state before.
type Check = Vec<FieldError>;

const POD: &[Row] = &[
    (
        "initContainers[].imagePullPolicy",
        Rule::OneOf(&["Always", "IfNotPresent", "Never"]),
    ),
    ("initContainers[].ports[].containerPort", Rule::Port),
    (
        "containers[].imagePullPolicy",
        Rule::OneOf(&["Always", "IfNotPresent", "Never"]),
    ),
    ("containers[].ports[].containerPort", Rule::Port),
    (
        "dnsPolicy",
        Rule::OneOf(&["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]),
    ),
];
const RESTARTED: &[Row] = &[(
    "spec.restartPolicy",
    Rule::OneOf(&["Always", "OnFailure", "Never"]),
)];
const REPLICATED: &[Row] = &[
    ("spec.replicas", Rule::NotNegative),
    ("spec.template.spec.restartPolicy", Rule::OneOf(&["Always"])),
];
const JOB: &[Row] = &[
    ("spec.parallelism", Rule::NotNegative),
    ("spec.completions", Rule::NotNegative),
    ("spec.backoffLimit", Rule::NotNegative),
];
const CRON_JOB: &[Row] = &[(
    "spec.concurrencyPolicy",
    Rule::OneOf(&["Allow", "Forbid", "Replace"]),
)];
const ACCESS_MODES: &[&str] = &[
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];
/// The pods of a CronJob get eleven characters more.
const CRON_JOB_NAME: usize = 52;

/// Everything wrong with a Pod.
pub(crate) fn check_pod(pod: &Value, old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    check_pod_spec(pod.get("spec"), "spec", &mut errors);
    values::check(pod, "", RESTARTED, &mut errors);
    if let Some(old) = old {
        check_pod_update(pod, old, &mut errors);
    }
    errors
}

/// Everything wrong with a Deployment, `ReplicaSet` or StatefulSet.
pub(crate) fn check_replicated(object: &Value, old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    check_strategy(object, &mut errors);
    let selector = object.pointer("/spec/selector");
    let wanted = selector
        .and_then(|s| s.get("matchLabels"))
        .and_then(Value::as_object);
    let expressions = selector
        .and_then(|s| s.get("matchExpressions"))
        .and_then(Value::as_array);
    check_operators(selector, expressions, &mut errors);
    let is_empty = wanted.is_none_or(Map::is_empty) && expressions.is_none_or(Vec::is_empty);
    if selector.is_some() && is_empty {
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
    let is_chosen = selector.is_some()
        && wanted
            .into_iter()
            .flatten()
            .all(|(key, value)| labels.and_then(|l| l.get(key)) == Some(value));
    if !is_chosen {
        let why = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid(
            "spec.template.metadata.labels",
            labels.cloned().map_or(Value::Null, Value::Object),
            why,
        ));
    }
    check_template(object, "/spec/template", "spec.template", &mut errors);
    values::check(object, "", REPLICATED, &mut errors);
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

/// Everything wrong with a StatefulSet.
pub(crate) fn check_stateful_set(set: &Value, old: Option<&Value>) -> Check {
    // Claims are volumes of its pods.
    let mut mounted = set.clone();
    let claims = set
        .pointer("/spec/volumeClaimTemplates")
        .and_then(Value::as_array);
    if let Some(spec) = mounted
        .pointer_mut("/spec/template/spec")
        .filter(|spec| spec.is_object())
    {
        let volumes = spec
            .as_object_mut()
            .map(|spec| spec.entry("volumes").or_insert_with(|| json!([])));
        let volumes = volumes.and_then(Value::as_array_mut);
        let names = claims
            .into_iter()
            .flatten()
            .map(|claim| json!({"name": object::name(claim)}));
        if let Some(volumes) = volumes {
            volumes.extend(names);
        }
    }
    let mut errors = check_replicated(&mounted, old);
    let fixed = |set: &Value| {
        let mut spec = set.get("spec").cloned().unwrap_or_default();
        for member in CHANGEABLE {
            if let Some(members) = spec.as_object_mut() {
                members.shift_remove(*member);
            }
        }
        spec
    };
    if old.is_some_and(|old| fixed(old) != fixed(set)) {
        errors.retain(|error| !error.is_at("spec.selector"));
        let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
            'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        errors.push(FieldError::forbidden("spec", why));
    }
    errors
}

const CHANGEABLE: &[&str] = &[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

fn check_strategy(object: &Value, errors: &mut Check) {
    let Some(strategy) = object.pointer("/spec/strategy") else {
        return;
    };
    let (kind, rolling) = (strategy.get("type"), strategy.get("rollingUpdate"));
    let supported = ["Recreate", "RollingUpdate"];
    if !kind
        .and_then(Value::as_str)
        .is_some_and(|kind| supported.contains(&kind))
    {
        // Shown with the member names that Kubernetes has inside.
        let shown = json!({"Type": kind, "RollingUpdate": rolling});
        errors.push(FieldError::unsupported("spec.strategy", shown, &supported));
    }
}

fn check_operators(selector: Option<&Value>, expressions: Option<&Vec<Value>>, errors: &mut Check) {
    let mut is_odd = false;
    for (index, expression) in expressions.into_iter().flatten().enumerate() {
        let operator = object::text(expression, "/operator").unwrap_or_default();
        if !["In", "NotIn", "Exists", "DoesNotExist"].contains(&operator) {
            is_odd = true;
            let field = format!("spec.selector.matchExpressions[{index}].operator");
            errors.push(FieldError::invalid(
                field,
                operator,
                "not a valid selector operator",
            ));
        }
    }
    if is_odd {
        let selector = selector.cloned().unwrap_or_default();
        errors.push(FieldError::invalid(
            "spec.selector",
            selector,
            "invalid label selector",
        ));
    }
}

/// Everything wrong with a Job.
pub(crate) fn check_job(job: &Value, old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    values::check(job, "", JOB, &mut errors);
    check_run_to_end(job, "/spec/template", "spec.template", &mut errors);
    let completions = job.pointer("/spec/completions");
    if old.is_some_and(|old| old.pointer("/spec/completions") != completions) {
        let found = completions.cloned().unwrap_or_default();
        errors.push(FieldError::invalid(
            "spec.completions",
            found,
            "field is immutable",
        ));
    }
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
    if schedule.is_empty() {
        errors.push(FieldError::required("spec.schedule", ""));
    } else if let Some(why) = schedule::check(schedule) {
        errors.push(FieldError::invalid("spec.schedule", schedule, why));
    }
    if let Some(zone) = object::text(job, "/spec/timeZone")
        && TimeZone::get(zone).is_err()
    {
        let why = format!("unknown time zone {zone}");
        errors.push(FieldError::invalid("spec.timeZone", zone, why));
    }
    values::check(job, "", CRON_JOB, &mut errors);
    let name = object::name(job);
    if name.len() > CRON_JOB_NAME {
        let why = format!("must be no more than {CRON_JOB_NAME} characters");
        errors.push(FieldError::invalid("metadata.name", name, why));
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
    let modes = claim.pointer("/spec/accessModes").and_then(Value::as_array);
    let modes = modes.into_iter().flatten().filter_map(Value::as_str);
    for mode in modes.filter(|mode| !ACCESS_MODES.contains(mode)) {
        errors.push(FieldError::unsupported(
            "spec.accessModes",
            mode,
            ACCESS_MODES,
        ));
    }
    match object::text(claim, "/spec/resources/requests/storage") {
        None => errors.push(FieldError::required("spec.resources[storage]", "")),
        Some(size) if size.starts_with('-') || size == "0" => {
            let why = "must be greater than zero";
            errors.push(FieldError::invalid("spec.resources[storage]", size, why));
        }
        Some(_) => {}
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
    for member in ["initContainers", "containers"] {
        for (index, container) in list(member).into_iter().flatten().enumerate() {
            let field = format!("{field}.{member}[{index}]");
            check_mounts(container, &field, list("volumes"), errors);
        }
    }
    if let Some(spec) = spec {
        values::check(spec, field, POD, errors);
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

/// What is mounted is a volume of the pod.
fn check_mounts(container: &Value, field: &str, volumes: Option<&Vec<Value>>, errors: &mut Check) {
    let mounts = container.get("volumeMounts").and_then(Value::as_array);
    for (index, mount) in mounts.into_iter().flatten().enumerate() {
        let Some(name) = mount.get("name").and_then(Value::as_str) else {
            continue;
        };
        let mut volumes = volumes.into_iter().flatten();
        if !volumes.any(|volume| volume.get("name").and_then(Value::as_str) == Some(name)) {
            let field = format!("{field}.volumeMounts[{index}].name");
            errors.push(FieldError::not_found(field, name));
        }
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
