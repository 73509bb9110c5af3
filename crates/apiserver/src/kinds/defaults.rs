//! Defaults of built-in kinds that follow from other members, so that no schema can state them.
//! Those that are always the same stand in the schema.

use crate::object;
use crate::validate::names;
use serde_json::{Map, Value, json};

/// The pod spec at this JSON pointer.
pub(super) fn pod_spec(object: &mut Value, pointer: &str) {
    let Some(spec) = object.pointer_mut(pointer).and_then(Value::as_object_mut) else {
        return;
    };
    for member in ["containers", "initContainers", "ephemeralContainers"] {
        each_object(spec, member, container);
    }
    each_object(spec, "volumes", |volume| {
        if volume.len() == 1 {
            volume.insert("emptyDir".to_owned(), json!({}));
        }
    });
    spec.entry("securityContext").or_insert_with(|| json!({}));
    let account = spec
        .get("serviceAccountName")
        .or(spec.get("serviceAccount"));
    if let Some(account) = account.cloned() {
        spec.insert("serviceAccountName".to_owned(), account.clone());
        spec.insert("serviceAccount".to_owned(), account);
    }
}

fn each_object(parent: &mut Map<String, Value>, member: &str, fill: fn(&mut Map<String, Value>)) {
    let list = parent.get_mut(member).and_then(Value::as_array_mut);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
        .for_each(fill);
}

fn container(container: &mut Map<String, Value>) {
    if !container.contains_key("imagePullPolicy") {
        let image = container
            .get("image")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let policy = if is_latest(image) {
            "Always"
        } else {
            "IfNotPresent"
        };
        container.insert("imagePullPolicy".to_owned(), policy.into());
    }
}

/// What a container of a pod may use, it also asks for; a template says so only in its pods.
pub(super) fn requests(pod: &mut Value) {
    let spec = object::member_mut(pod, "spec");
    each_object(spec, "containers", request);
    each_object(spec, "initContainers", request);
}

fn request(container: &mut Map<String, Value>) {
    let Some(resources) = container
        .get_mut("resources")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    if let Some(Value::Object(limits)) = resources.get("limits").cloned() {
        let requests = object::member_in(resources, "requests");
        for (name, limit) in limits {
            requests.entry(name).or_insert(limit);
        }
    }
}

/// An image without a tag or digest is the latest one.
fn is_latest(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or_default();
    !image.contains('@') && last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

/// How far a pod's containers say what they need.
pub(super) fn quality_of_service(pod: &Value) -> &'static str {
    let containers = ["/spec/containers", "/spec/initContainers"].into_iter();
    let mut is_best_effort = true;
    let mut is_guaranteed = true;
    for container in containers
        .flat_map(|at| pod.pointer(at).and_then(Value::as_array))
        .flatten()
    {
        let amount =
            |kind: &str, what: &str| container.pointer(&format!("/resources/{kind}/{what}"));
        for what in ["cpu", "memory"] {
            let (limit, request) = (amount("limits", what), amount("requests", what));
            is_best_effort &= limit.is_none() && request.is_none();
            is_guaranteed &= limit.is_some() && limit == request;
        }
    }
    match (is_best_effort, is_guaranteed) {
        (true, _) => "BestEffort",
        (_, true) => "Guaranteed",
        _ => "Burstable",
    }
}

/// How a service is reached, as far as that does not need an address.
pub(super) fn service(service: &mut Value, old: Option<&Value>) {
    let spec = object::member_mut(service, "spec");
    each_object(spec, "ports", |port| {
        if let Some(number) = port.get("port").cloned() {
            port.entry("targetPort").or_insert(number);
        }
    });
    if spec.get("type").is_some_and(|kind| kind == "ExternalName") {
        return;
    }
    spec.entry("internalTrafficPolicy")
        .or_insert_with(|| "Cluster".into());
    spec.entry("ipFamilies").or_insert_with(|| json!(["IPv4"]));
    spec.entry("ipFamilyPolicy")
        .or_insert_with(|| "SingleStack".into());
    let address = |spec: &Map<String, Value>| {
        let address = spec.get("clusterIP").filter(|address| **address != "");
        address.cloned()
    };
    // A client that names no address keeps what is there, and one that names one alone means it.
    let kept = old.and_then(|old| old.get("spec")?.as_object().and_then(address));
    let wanted = address(spec).or_else(|| spec.get("clusterIPs")?.get(0).cloned());
    if let Some(wanted) = wanted.or(kept) {
        let first = spec.get("clusterIPs").and_then(|all| all.get(0));
        if first != Some(&wanted) {
            spec.insert("clusterIPs".to_owned(), json!([wanted]));
        }
        spec.insert("clusterIP".to_owned(), wanted);
    }
}

/// A job knows its pods by labels that hold its uid.
pub(super) fn job(job: &mut Value, old: Option<&Value>) {
    let has_failure_policy = job.pointer("/spec/podFailurePolicy").is_some();
    let spec = object::member_mut(job, "spec");
    // Without either number a job runs one pod to its end; with one of them the other follows.
    if !spec.contains_key("parallelism") {
        spec.entry("completions").or_insert_with(|| 1.into());
        spec.insert("parallelism".to_owned(), 1.into());
    }
    let replacement = if has_failure_policy {
        "Failed"
    } else {
        "TerminatingOrFailed"
    };
    let always = [
        ("backoffLimit", json!(6)),
        ("completionMode", "NonIndexed".into()),
        ("suspend", false.into()),
        ("manualSelector", false.into()),
        ("podReplacementPolicy", replacement.into()),
    ];
    for (member, value) in always {
        spec.entry(member).or_insert(value);
    }
    let is_manual = spec.get("manualSelector") == Some(&Value::Bool(true));
    if old.is_none() && !is_manual {
        label_job(job);
    }
    // What cannot be a label is told about the template only.
    if object::labels(job).is_none() && names::label_value(object::name(job)).is_empty() {
        let labels = job.pointer("/spec/template/metadata/labels").cloned();
        object::put(object::metadata_mut(job), "labels", labels);
    }
}

fn label_job(job: &mut Value) {
    let (name, uid) = (object::name(job).to_owned(), object::uid(job).to_owned());
    let spec = object::member_mut(job, "spec");
    let selector = object::member_in(spec, "selector");
    object::member_in(selector, "matchLabels").insert(
        "batch.kubernetes.io/controller-uid".to_owned(),
        uid.as_str().into(),
    );
    let template = object::member_in(spec, "template");
    let labels = object::member_in(object::member_in(template, "metadata"), "labels");
    for prefix in ["", "batch.kubernetes.io/"] {
        labels.insert(format!("{prefix}controller-uid"), uid.as_str().into());
        labels.insert(format!("{prefix}job-name"), name.as_str().into());
    }
}

/// A rolling update replaces so many pods at a time.
pub(super) fn deployment(deployment: &mut Value, _old: Option<&Value>) {
    pod_spec(deployment, "/spec/template/spec");
    let Some(strategy) = deployment.pointer_mut("/spec/strategy") else {
        return;
    };
    if strategy["type"] == "RollingUpdate" {
        let rolling = object::member_mut(strategy, "rollingUpdate");
        for member in ["maxUnavailable", "maxSurge"] {
            rolling.entry(member).or_insert_with(|| "25%".into());
        }
    }
}

/// The annotation in which daemon sets have counted the changes of their template since before there
/// were revisions.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// A rolling update takes one pod away at a time; changes of the template are counted.
pub(super) fn daemon_set(set: &mut Value, old: Option<&Value>) {
    pod_spec(set, "/spec/template/spec");
    if let Some(strategy) = set.pointer_mut("/spec/updateStrategy")
        && strategy["type"] == "RollingUpdate"
    {
        let rolling = object::member_mut(strategy, "rollingUpdate");
        rolling.entry("maxUnavailable").or_insert_with(|| 1.into());
        rolling.entry("maxSurge").or_insert_with(|| 0.into());
    }
    let counted = |set: &Value| -> i64 {
        let annotations = set.pointer("/metadata/annotations");
        let count = annotations.and_then(|all| all.get(TEMPLATE_GENERATION)?.as_str());
        count.and_then(|count| count.parse().ok()).unwrap_or(1)
    };
    let template = |set: &Value| set.pointer("/spec/template").cloned();
    let count = match old {
        None => 1,
        Some(old) => counted(old) + i64::from(template(old) != template(set)),
    };
    let annotations = object::member_in(object::metadata_mut(set), "annotations");
    annotations.insert(TEMPLATE_GENERATION.to_owned(), count.to_string().into());
    if old.is_none() {
        set["status"] = json!({
            "currentNumberScheduled": 0, "numberMisscheduled": 0,
            "desiredNumberScheduled": 0, "numberReady": 0,
        });
    }
}

/// Claims of a stateful set are shown with their kind.
pub(super) fn stateful_set(set: &mut Value, _old: Option<&Value>) {
    pod_spec(set, "/spec/template/spec");
    if let Some(strategy) = set.pointer_mut("/spec/updateStrategy")
        && strategy["type"] == "RollingUpdate"
    {
        let rolling = object::member_mut(strategy, "rollingUpdate");
        rolling.entry("partition").or_insert_with(|| 0.into());
    }
    let spec = object::member_mut(set, "spec");
    let retention = object::member_in(spec, "persistentVolumeClaimRetentionPolicy");
    for member in ["whenDeleted", "whenScaled"] {
        retention.entry(member).or_insert_with(|| "Retain".into());
    }
    each_object(
        object::member_mut(set, "spec"),
        "volumeClaimTemplates",
        |claim| {
            claim.insert("kind".to_owned(), "PersistentVolumeClaim".into());
            claim.insert("apiVersion".to_owned(), "v1".into());
            claim
                .entry("status")
                .or_insert_with(|| json!({"phase": "Pending"}));
        },
    );
}
