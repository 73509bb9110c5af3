//! Rules about the kinds that hold pod templates, as far as a store that never runs them needs:
//! selectors choose their own template, and what is fixed stays. Pods are left to [`super::pod`].

use super::values::{self, Row, Rule};
use super::{FieldError, metadata, pod, schedule, selector};
use crate::object;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// A check of one kind: its findings about an object, given its state before.
type Check = Vec<FieldError>;

const REPLICAS: &[Row] = &[("spec.replicas", Rule::NotNegative)];
const RESTARTED: &[Row] = &[("spec.template.spec.restartPolicy", Rule::OneOf(&["Always"]))];
const DEPLOYMENT: &[Row] = &[
    ("spec.minReadySeconds", Rule::NotNegative),
    ("spec.revisionHistoryLimit", Rule::NotNegative),
    ("spec.progressDeadlineSeconds", Rule::NotNegative),
];
const REPLICA_SET: &[Row] = &[
    ("spec.replicas", Rule::NotNegative),
    ("spec.minReadySeconds", Rule::NotNegative),
];
const DAEMON_SET: &[Row] = &[("spec.minReadySeconds", Rule::NotNegative)];
const HISTORY: &[Row] = &[("spec.revisionHistoryLimit", Rule::NotNegative)];
const STATEFUL_SET: &[Row] = &[
    (
        "spec.updateStrategy.rollingUpdate.partition",
        Rule::NotNegative,
    ),
    ("spec.replicas", Rule::NotNegative),
    ("spec.minReadySeconds", Rule::NotNegative),
    ("spec.revisionHistoryLimit", Rule::NotNegative),
];
const JOB: &[Row] = &[
    ("parallelism", Rule::NotNegative),
    ("completions", Rule::NotNegative),
    ("activeDeadlineSeconds", Rule::NotNegative),
    ("backoffLimit", Rule::NotNegative),
    ("ttlSecondsAfterFinished", Rule::NotNegative),
    ("completionMode", Rule::OneOf(&["NonIndexed", "Indexed"])),
];
const CRON_JOB: &[Row] = &[
    ("spec.startingDeadlineSeconds", Rule::NotNegative),
    (
        "spec.concurrencyPolicy",
        Rule::OneOf(&["Allow", "Forbid", "Replace"]),
    ),
];
const CRON_HISTORY: &[Row] = &[
    ("spec.successfulJobsHistoryLimit", Rule::NotNegative),
    ("spec.failedJobsHistoryLimit", Rule::NotNegative),
];
const IMMUTABLE: &str = "field is immutable";
/// The pods of a CronJob get eleven characters more.
const CRON_JOB_NAME: usize = 52;

/// Everything wrong with a Deployment.
pub(crate) fn check_deployment(object: &Value, old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    values::check(object, "", REPLICAS, &mut errors);
    check_selected(object, "deployment", "ReplicaSet", &mut errors);
    check_strategy(object, &mut errors);
    values::check(object, "", DEPLOYMENT, &mut errors);
    let seconds = |member: &str| object["spec"].get(member).and_then(Value::as_i64);
    let ready = seconds("minReadySeconds").unwrap_or(0);
    if let Some(deadline) = seconds("progressDeadlineSeconds").filter(|limit| *limit <= ready) {
        let why = "must be greater than minReadySeconds";
        errors.push(FieldError::invalid(
            "spec.progressDeadlineSeconds",
            deadline,
            why,
        ));
    }
    errors.extend(changed(object, old, "selector"));
    errors
}

/// Everything wrong with a `ReplicaSet`.
pub(crate) fn check_replica_set(object: &Value, old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    values::check(object, "", REPLICA_SET, &mut errors);
    check_selected(object, "deployment", "ReplicaSet", &mut errors);
    errors.extend(changed(object, old, "selector"));
    errors
}

/// Everything wrong with a DaemonSet.
pub(crate) fn check_daemon_set(object: &Value, old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    check_selected(object, "daemonset", "DaemonSet", &mut errors);
    values::check(object, "", DAEMON_SET, &mut errors);
    check_one_by_one(object, &mut errors);
    values::check(object, "", HISTORY, &mut errors);
    errors.extend(changed(object, old, "selector"));
    errors
}

/// Everything wrong with a StatefulSet.
pub(crate) fn check_stateful_set(set: &Value, old: Option<&Value>) -> Check {
    let mut errors = check_order(set);
    values::check(set, "", STATEFUL_SET, &mut errors);
    check_selected(&with_claims(set), "statefulset", "StatefulSet", &mut errors);
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

/// A StatefulSet whose claims are volumes of its pods.
fn with_claims(set: &Value) -> Value {
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
    mounted
}

/// In which order the pods of a StatefulSet come and go.
fn check_order(set: &Value) -> Check {
    let spec = &set["spec"];
    let mut errors = Vec::new();
    let policy = object::text(spec, "/podManagementPolicy").unwrap_or("OrderedReady");
    if !["OrderedReady", "Parallel"].contains(&policy) {
        let why = "must be 'OrderedReady' or 'Parallel'";
        errors.push(FieldError::invalid("spec.podManagementPolicy", policy, why));
    }
    let strategy = &spec["updateStrategy"];
    let kind = object::text(strategy, "/type").unwrap_or("RollingUpdate");
    let rolling = strategy.get("rollingUpdate");
    if !["RollingUpdate", "OnDelete"].contains(&kind) {
        let why = "must be 'RollingUpdate' or 'OnDelete'";
        let found = as_written(strategy);
        errors.push(FieldError::invalid("spec.updateStrategy", found, why));
    } else if let Some(rolling) = rolling.filter(|_| kind == "OnDelete") {
        let field = "spec.updateStrategy.rollingUpdate";
        let why = "only allowed for updateStrategy 'RollingUpdate'";
        errors.push(FieldError::invalid(field, rolling.clone(), why));
    }
    errors
}

/// A strategy is shown with the member names that Kubernetes has inside.
fn as_written(strategy: &Value) -> Value {
    json!({"Type": strategy.get("type"), "RollingUpdate": strategy.get("rollingUpdate")})
}

/// How many pods of a DaemonSet are replaced at a time: by taking away, or by adding.
fn check_one_by_one(object: &Value, errors: &mut Check) {
    let strategy = &object["spec"]["updateStrategy"];
    let kind = object::text(strategy, "/type").unwrap_or("RollingUpdate");
    let supported = ["RollingUpdate", "OnDelete"];
    let field = "spec.updateStrategy";
    if !supported.contains(&kind) {
        let found = as_written(strategy);
        errors.push(FieldError::unsupported(field, found, &supported));
    }
    let Some(rolling) = strategy.get("rollingUpdate") else {
        return;
    };
    let field = format!("{field}.rollingUpdate");
    let taken = amount(rolling, "maxUnavailable", &field, errors);
    let added = amount(rolling, "maxSurge", &field, errors);
    match (taken, added) {
        (Some(0), Some(0)) => errors.push(FieldError::required(
            format!("{field}.maxUnavailable"),
            "cannot be 0 when maxSurge is 0",
        )),
        (Some(1..), Some(1..)) => errors.push(FieldError::invalid(
            format!("{field}.maxSurge"),
            rolling["maxSurge"].clone(),
            "may not be set when maxUnavailable is non-zero",
        )),
        _ => {}
    }
    errors.extend(beyond_all(rolling, "maxUnavailable", &field));
    errors.extend(beyond_all(rolling, "maxSurge", &field));
}

fn check_strategy(object: &Value, errors: &mut Check) {
    let Some(strategy) = object.pointer("/spec/strategy") else {
        return;
    };
    let rolling = strategy.get("rollingUpdate");
    let field = "spec.strategy.rollingUpdate";
    match (object::text(strategy, "/type"), rolling) {
        (Some("RollingUpdate"), Some(rolling)) => {
            let taken = amount(rolling, "maxUnavailable", field, errors);
            let added = amount(rolling, "maxSurge", field, errors);
            if (taken, added) == (Some(0), Some(0)) {
                let field = format!("{field}.maxUnavailable");
                let why = "may not be 0 when `maxSurge` is 0";
                errors.push(FieldError::invalid(
                    field,
                    rolling["maxUnavailable"].clone(),
                    why,
                ));
            }
            errors.extend(beyond_all(rolling, "maxUnavailable", field));
        }
        (Some("RollingUpdate"), None) | (Some("Recreate"), None) => {}
        (Some("Recreate"), Some(_)) => {
            let why = "may not be specified when strategy `type` is 'Recreate'";
            errors.push(FieldError::forbidden(field, why));
        }
        _ => errors.push(FieldError::unsupported(
            "spec.strategy",
            as_written(strategy),
            &["Recreate", "RollingUpdate"],
        )),
    }
}

/// A number of pods, or a percentage of them as it is written; says so where it is neither.
fn amount(rolling: &Value, member: &str, field: &str, errors: &mut Check) -> Option<u64> {
    let value = rolling.get(member)?;
    let number = match value.as_str() {
        None => value.as_u64(),
        Some(text) => percent(text),
    };
    if number.is_none() {
        let why = match value {
            Value::String(_) => {
                "a valid percent string must be a numeric string followed by an ending '%' \
                 (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
            }
            _ => "must be greater than or equal to 0",
        };
        let field = format!("{field}.{member}");
        errors.push(FieldError::invalid(field, value.clone(), why));
    }
    number
}

fn beyond_all(rolling: &Value, member: &str, field: &str) -> Option<FieldError> {
    let text = rolling.get(member)?.as_str()?;
    let why = "must not be greater than 100%";
    let found = || FieldError::invalid(format!("{field}.{member}"), text, why);
    (percent(text)? > 100).then(found)
}

fn percent(text: &str) -> Option<u64> {
    let digits = text.strip_suffix('%')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than fit are more than enough.
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// A selector, and the template that it must choose.
fn check_selected(object: &Value, kind: &str, owner: &str, errors: &mut Check) {
    let selector = object.pointer("/spec/selector");
    let found = selector.cloned().unwrap_or_default();
    if let Some(selector) = selector {
        let before = errors.len();
        selector::check(selector, "spec.selector", errors);
        let is_broken = errors.len() > before;
        if selector::is_empty(selector) {
            let why = format!("empty selector is invalid for {kind}");
            errors.push(FieldError::invalid("spec.selector", found, why));
        } else if is_broken {
            let why = "invalid label selector";
            errors.push(FieldError::invalid("spec.selector", found, why));
            return;
        }
    }
    check_chosen(object, errors);
    check_template(object, "/spec/template", "spec.template", errors);
    values::check(object, "", RESTARTED, errors);
    let deadline = "/spec/template/spec/activeDeadlineSeconds";
    if object.pointer(deadline).is_some() {
        let field = "spec.template.spec.activeDeadlineSeconds";
        let why = format!("activeDeadlineSeconds in {owner} is not Supported");
        errors.push(FieldError::forbidden(field, why));
    }
}

/// The labels of the template are those that the selector chooses.
fn check_chosen(object: &Value, errors: &mut Check) {
    let selector = object.pointer("/spec/selector");
    let labels = object
        .pointer("/spec/template/metadata/labels")
        .and_then(Value::as_object);
    if !selector.is_some_and(|selector| selector::chooses(selector, labels)) {
        let why = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid(
            "spec.template.metadata.labels",
            labels.cloned().map_or(Value::Null, Value::Object),
            why,
        ));
    }
}

/// A member of the spec that must stay, where it did not.
fn changed(object: &Value, old: Option<&Value>, member: &str) -> Option<FieldError> {
    let now = object["spec"].get(member);
    let field = format!("spec.{member}");
    let found = || FieldError::invalid(field, now.cloned().unwrap_or_default(), IMMUTABLE);
    (old?["spec"].get(member) != now).then(found)
}

/// Everything wrong with a Job.
pub(crate) fn check_job(job: &Value, old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
    values::check(&job["spec"], "spec", JOB, &mut errors);
    check_job_selector(job, old, &mut errors);
    check_run_to_end(job, "/spec/template", "spec.template", &mut errors);
    errors.extend(changed(job, old, "completions"));
    errors.extend(changed(job, old, "selector"));
    let template = job.pointer("/spec/template/spec");
    if old.is_some_and(|old| old.pointer("/spec/template/spec") != template) {
        errors.push(FieldError::invalid("spec.template", "", IMMUTABLE));
    }
    errors.extend(changed(job, old, "completionMode"));
    errors
}

/// A job is given its selector, unless it says that it brings one.
fn check_job_selector(job: &Value, old: Option<&Value>, errors: &mut Check) {
    let is_manual = job.pointer("/spec/manualSelector") == Some(&Value::Bool(true));
    let Some(selector) = job.pointer("/spec/selector") else {
        errors.push(FieldError::required("spec.selector", ""));
        return check_chosen(job, errors);
    };
    selector::check(selector, "spec.selector", errors);
    let given = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": object::uid(job)}});
    if old.is_none() && !is_manual && *selector != given {
        let why = "`selector` not auto-generated";
        errors.push(FieldError::invalid("spec.selector", selector.clone(), why));
    }
    check_chosen(job, errors);
}

/// Everything wrong with a CronJob.
pub(crate) fn check_cron_job(job: &Value, _old: Option<&Value>) -> Check {
    let mut errors = Vec::new();
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
    check_each_job(job, &mut errors);
    values::check(job, "", CRON_HISTORY, &mut errors);
    let name = object::name(job);
    if name.len() > CRON_JOB_NAME {
        let why = format!("must be no more than {CRON_JOB_NAME} characters");
        errors.push(FieldError::invalid("metadata.name", name, why));
    }
    errors
}

/// The job that a CronJob starts each time.
fn check_each_job(job: &Value, errors: &mut Check) {
    let (pointer, field) = ("/spec/jobTemplate/spec", "spec.jobTemplate.spec");
    let spec = job.pointer(pointer).unwrap_or(&Value::Null);
    values::check(spec, field, JOB, errors);
    if let Some(selector) = spec.get("selector") {
        let why = "`selector` will be auto-generated";
        let field = format!("{field}.selector");
        errors.push(FieldError::invalid(field, selector.clone(), why));
    }
    let pointer = format!("{pointer}/template");
    check_run_to_end(job, &pointer, &format!("{field}.template"), errors);
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
    pod::check_spec(
        template.and_then(|t| t.get("spec")),
        &format!("{field}.spec"),
        errors,
    );
}
