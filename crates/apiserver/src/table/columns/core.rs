//! Columns of the core group, of leases and of role bindings.

use super::{AGE, Definition};
use crate::table::cells::{
    access_modes, ago, count, items, joined, labels, number, phase, ports, subjects, text, text_or,
};
use jiff::Timestamp;
use serde_json::Value;

pub(super) const SECRET: &[Definition] = &[
    Definition("Type", "string", 0, "what its keys mean", |o, _| {
        text(o, "/type").into()
    }),
    Definition("Data", "string", 0, "number of keys", |o, _| {
        count(o, &["/data"])
    }),
    AGE,
];

pub(super) const CONFIG_MAP: &[Definition] = &[
    Definition("Data", "string", 0, "number of keys", |o, _| {
        count(o, &["/data", "/binaryData"])
    }),
    AGE,
];

pub(super) const NAMESPACE: &[Definition] = &[
    Definition("Status", "string", 0, "its phase", |o, _| {
        text(o, "/status/phase").into()
    }),
    AGE,
];

pub(super) const SERVICE_ACCOUNT: &[Definition] = &[AGE];

pub(super) const SERVICE: &[Definition] = &[
    Definition("Type", "string", 0, "how it is reached", |o, _| {
        text(o, "/spec/type").into()
    }),
    Definition(
        "Cluster-IP",
        "string",
        0,
        "address in the cluster",
        |o, _| text_or(o, "/spec/clusterIP", "<none>").into(),
    ),
    Definition("External-IP", "string", 0, "address outside", |o, _| {
        joined(
            items(o, "/spec/externalIPs")
                .iter()
                .filter_map(Value::as_str),
        )
        .into()
    }),
    Definition("Port(s)", "string", 0, "ports and protocols", |o, _| {
        ports(o).into()
    }),
    AGE,
    Definition("Selector", "string", 1, "which pods serve it", |o, _| {
        labels(o.pointer("/spec/selector")).into()
    }),
];

pub(super) const EVENT: &[Definition] = &[
    Definition(
        "Last Seen",
        "string",
        0,
        "time since it last happened",
        |o, now| {
            let times = [
                "/series/lastObservedTime",
                "/lastTimestamp",
                "/deprecatedLastTimestamp",
            ];
            first_time(o, &times, now)
        },
    ),
    Definition("Type", "string", 0, "Normal or Warning", |o, _| {
        text(o, "/type").into()
    }),
    Definition("Reason", "string", 0, "why, in one word", |o, _| {
        text(o, "/reason").into()
    }),
    Definition("Object", "string", 0, "what it is about", |o, _| {
        let about = if o["regarding"].is_object() {
            &o["regarding"]
        } else {
            &o["involvedObject"]
        };
        let (kind, name) = (text(about, "/kind").to_lowercase(), text(about, "/name"));
        if name.is_empty() {
            kind.into()
        } else {
            format!("{kind}/{name}").into()
        }
    }),
    Definition("Subobject", "string", 1, "which part of it", |o, _| {
        text_or(
            o,
            "/regarding/fieldPath",
            text(o, "/involvedObject/fieldPath"),
        )
        .into()
    }),
    Definition("Source", "string", 1, "who says so", |o, _| {
        let old = text_or(
            o,
            "/source/component",
            text(o, "/deprecatedSource/component"),
        );
        let component = text_or(
            o,
            "/reportingComponent",
            text_or(o, "/reportingController", old),
        );
        match text(o, "/reportingInstance") {
            "" => component.into(),
            instance => format!("{component}, {instance}").into(),
        }
    }),
    Definition("Message", "string", 0, "why, in a sentence", |o, _| {
        text_or(o, "/note", text(o, "/message")).trim().into()
    }),
    Definition(
        "First Seen",
        "string",
        1,
        "time since it first happened",
        |o, now| first_time(o, &["/firstTimestamp", "/deprecatedFirstTimestamp"], now),
    ),
    Definition("Count", "string", 1, "how often it happened", |o, _| {
        let counts = ["/series/count", "/count", "/deprecatedCount"];
        counts
            .iter()
            .map(|pointer| number(o, pointer))
            .find(|count| *count > 0)
            .unwrap_or(1)
            .into()
    }),
    Definition("Name", "string", 1, "unique in its namespace", |o, _| {
        text(o, "/metadata/name").into()
    }),
];

/// The first of these times of an event that is set, else the time of the event itself.
fn first_time(event: &Value, pointers: &[&str], now: Timestamp) -> Value {
    let is_set = |pointer: &&&str| !text(event, pointer).is_empty();
    ago(
        event,
        pointers.iter().find(is_set).unwrap_or(&"/eventTime"),
        now,
    )
}

pub(super) const CLAIM: &[Definition] = &[
    Definition("Status", "string", 0, "its phase", |o, _| phase(o).into()),
    Definition(
        "Volume",
        "string",
        0,
        "the volume it is bound to",
        |o, _| text(o, "/spec/volumeName").into(),
    ),
    Definition("Capacity", "string", 0, "size of the volume", |o, _| {
        bound(o, text(o, "/status/capacity/storage").to_owned())
    }),
    Definition("Access Modes", "string", 0, "who may mount it", |o, _| {
        bound(o, access_modes(items(o, "/status/accessModes")))
    }),
    Definition("StorageClass", "string", 0, "kind of storage", |o, _| {
        text(o, "/spec/storageClassName").into()
    }),
    Definition(
        "VolumeAttributesClass",
        "string",
        0,
        "kind of volume",
        |o, _| text_or(o, "/spec/volumeAttributesClassName", "<unset>").into(),
    ),
    AGE,
    Definition(
        "VolumeMode",
        "string",
        1,
        "file system or block device",
        |o, _| text_or(o, "/spec/volumeMode", "<unset>").into(),
    ),
];

/// What is known of a claim only once it has a volume.
fn bound(claim: &Value, text_when_bound: String) -> Value {
    match text(claim, "/spec/volumeName") {
        "" => "".into(),
        _ => text_when_bound.into(),
    }
}

pub(super) const LEASE: &[Definition] = &[
    Definition("Holder", "string", 0, "who holds it", |o, _| {
        text(o, "/spec/holderIdentity").into()
    }),
    AGE,
];

pub(super) const BINDING: &[Definition] = &[
    Definition("Role", "string", 0, "what it grants", |o, _| {
        format!("{}/{}", text(o, "/roleRef/kind"), text(o, "/roleRef/name")).into()
    }),
    AGE,
    Definition("Users", "string", 1, "users it grants to", |o, _| {
        subjects(o, "User").into()
    }),
    Definition("Groups", "string", 1, "groups it grants to", |o, _| {
        subjects(o, "Group").into()
    }),
    Definition(
        "ServiceAccounts",
        "string",
        1,
        "accounts it grants to",
        |o, _| subjects(o, "ServiceAccount").into(),
    ),
];
