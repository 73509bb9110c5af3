//! The kinds of the core group, events and leases.

use super::{PLAIN, Row, defaults};
use crate::object;
use crate::validate::names::NameRule;
use crate::validate::{base64, claim, node, pod, secret, service};
use serde_json::{Value, json};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: "Namespace",
        plural: "namespaces",
        short_names: &["ns"],
        is_namespaced: false,
        has_status: true,
        names: NameRule::Label,
        selectable: &["status.phase"],
        prepare: prepare_namespace,
        ..PLAIN
    },
    Row {
        kind: "Secret",
        plural: "secrets",
        selectable: &["type"],
        prepare: prepare_secret,
        check: secret::check_secret,
        ..PLAIN
    },
    Row {
        kind: "ConfigMap",
        plural: "configmaps",
        short_names: &["cm"],
        check: secret::check_config_map,
        ..PLAIN
    },
    Row {
        kind: "ServiceAccount",
        plural: "serviceaccounts",
        short_names: &["sa"],
        ..PLAIN
    },
    Row {
        kind: "Event",
        plural: "events",
        short_names: &["ev"],
        names: NameRule::PathSegment,
        is_created_by_update: true,
        selectable: EVENT_FIELDS,
        check: service::check_event,
        ..PLAIN
    },
    Row {
        group: "events.k8s.io",
        package: "io.k8s.api.events.v1",
        kind: "Event",
        plural: "events",
        short_names: &["ev"],
        stored_as: Some("/events"),
        is_created_by_update: true,
        renames: EVENT_RENAMES,
        selectable: &["reason", "type", "reportingController"],
        ..PLAIN
    },
    Row {
        kind: "Pod",
        plural: "pods",
        short_names: &["po"],
        categories: &["all"],
        has_status: true,
        has_generation: true,
        selectable: &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork=false",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        prepare: prepare_pod,
        check: pod::check_pod,
        ..PLAIN
    },
    Row {
        kind: "Node",
        plural: "nodes",
        short_names: &["no"],
        is_namespaced: false,
        has_status: true,
        selectable: &["spec.unschedulable=false"],
        prepare: node::prepare,
        check: node::check,
        ..PLAIN
    },
    Row {
        kind: "PersistentVolumeClaim",
        plural: "persistentvolumeclaims",
        short_names: &["pvc"],
        has_status: true,
        prepare: |claim, old| start_phase(claim, old, "Pending"),
        check: claim::check_claim,
        ..PLAIN
    },
    Row {
        kind: "Service",
        plural: "services",
        short_names: &["svc"],
        categories: &["all"],
        has_status: true,
        names: NameRule::Label,
        selectable: &["spec.clusterIP", "spec.type"],
        is_created_by_update: true,
        prepare: defaults::service,
        check: service::check_service,
        ..PLAIN
    },
    Row {
        group: "coordination.k8s.io",
        package: "io.k8s.api.coordination.v1",
        kind: "Lease",
        plural: "leases",
        check: service::check_lease,
        is_created_by_update: true,
        ..PLAIN
    },
];

const EVENT_FIELDS: &[&str] = &[
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source:source.component",
    "type",
];

/// Both groups of events show the same objects; these members differ.
const EVENT_RENAMES: &[(&str, &str)] = &[
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("reportingController", "reportingComponent"),
];

fn prepare_namespace(namespace: &mut Value, old: Option<&Value>) {
    if old.is_none() {
        namespace["spec"] = json!({"finalizers": ["kubernetes"]});
        namespace["status"] = json!({"phase": "Active"});
    }
    let name = object::name(namespace).to_owned();
    let labels = object::metadata_mut(namespace)
        .entry("labels")
        .or_insert_with(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.into());
    }
}

/// `stringData` is a way of writing, never of reading; `data` is stored in its one proper form.
fn prepare_secret(secret: &mut Value, _old: Option<&Value>) {
    let Some(members) = secret.as_object_mut() else {
        return;
    };
    let texts = members.shift_remove("stringData");
    if let Some(data) = members.get_mut("data").and_then(Value::as_object_mut) {
        for value in data.values_mut() {
            if let Some(bytes) = value.as_str().and_then(base64::decode) {
                *value = base64::encode(bytes).into();
            }
        }
    }
    if let Some(Value::Object(texts)) = texts {
        let data = object::member_mut(secret, "data");
        for (key, text) in texts {
            data.insert(
                key,
                base64::encode(text.as_str().unwrap_or_default()).into(),
            );
        }
    }
    if object::text(secret, "/type").unwrap_or_default().is_empty() {
        secret["type"] = "Opaque".into();
    }
}

fn prepare_pod(pod: &mut Value, old: Option<&Value>) {
    start_phase(pod, old, "Pending");
    if old.is_none() {
        pod["status"]["qosClass"] = defaults::quality_of_service(pod).into();
    }
    let spec = object::member_mut(pod, "spec");
    spec.entry("serviceAccountName")
        .or_insert_with(|| "default".into());
    spec.entry("enableServiceLinks")
        .or_insert_with(|| true.into());
    defaults::pod_spec(pod, "/spec");
    defaults::requests(pod);
}

fn start_phase(object: &mut Value, old: Option<&Value>, phase: &str) {
    if old.is_none() {
        object["status"] = json!({ "phase": phase });
    }
}
