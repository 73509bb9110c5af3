//! Columns of pods and of what makes them.

use super::{AGE, Definition};
use crate::table::cells::{
    ago, completions, count, is_true, items, job_duration, job_status, labels, number, or_none,
    selector, text, text_or,
};
use crate::table::pod::Summary;
use serde_json::Value;

const CONTAINERS: Definition = Definition(
    "Containers",
    "string",
    1,
    "names of the containers",
    |o, _| of_containers(o, "name"),
);
const IMAGES: Definition = Definition("Images", "string", 1, "images of the containers", |o, _| {
    of_containers(o, "image")
});
const SELECTOR: Definition = Definition(
    "Selector",
    "string",
    1,
    "which pods belong to it",
    |o, _| selector(o.pointer("/spec/selector")).into(),
);

pub(super) const POD: &[Definition] = &[
    Definition(
        "Ready",
        "string",
        0,
        "containers that are ready, of all",
        |o, _| Summary::of(o).ready().into(),
    ),
    Definition("Status", "string", 0, "how far it is", |o, _| {
        Summary::of(o).status.into()
    }),
    Definition(
        "Restarts",
        "string",
        0,
        "restarts of its containers",
        |o, _| Summary::of(o).restarts.to_string().into(),
    ),
    AGE,
    Definition("IP", "string", 1, "its address", |o, _| {
        text_or(o, "/status/podIP", "<none>").into()
    }),
    Definition("Node", "string", 1, "where it runs", |o, _| {
        text_or(o, "/spec/nodeName", "<none>").into()
    }),
    Definition(
        "Nominated Node",
        "string",
        1,
        "where it will run",
        |o, _| text_or(o, "/status/nominatedNodeName", "<none>").into(),
    ),
    Definition(
        "Readiness Gates",
        "string",
        1,
        "conditions met, of all",
        |o, _| {
            let gates = items(o, "/spec/readinessGates");
            let is_met = |gate: &&Value| is_true(o, text(gate, "/conditionType"));
            match gates.len() {
                0 => "<none>".into(),
                all => format!("{}/{all}", gates.iter().filter(is_met).count()).into(),
            }
        },
    ),
];

pub(super) const DEPLOYMENT: &[Definition] = &[
    READY,
    Definition(
        "Up-to-date",
        "string",
        0,
        "pods of the present template",
        |o, _| number(o, "/status/updatedReplicas").into(),
    ),
    Definition("Available", "string", 0, "pods that serve", |o, _| {
        number(o, "/status/availableReplicas").into()
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

const READY: Definition = Definition(
    "Ready",
    "string",
    0,
    "pods that are ready, of all",
    |o, _| {
        format!(
            "{}/{}",
            number(o, "/status/readyReplicas"),
            number(o, "/spec/replicas")
        )
        .into()
    },
);

pub(super) const STATEFUL_SET: &[Definition] = &[READY, AGE, CONTAINERS, IMAGES];

pub(super) const REPLICA_SET: &[Definition] = &[
    Definition("Desired", "integer", 0, "pods wanted", |o, _| {
        number(o, "/spec/replicas").into()
    }),
    Definition("Current", "integer", 0, "pods there are", |o, _| {
        number(o, "/status/replicas").into()
    }),
    Definition("Ready", "integer", 0, "pods that are ready", |o, _| {
        number(o, "/status/readyReplicas").into()
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const DAEMON_SET: &[Definition] = &[
    Definition("Desired", "integer", 0, "pods wanted", |o, _| {
        number(o, "/status/desiredNumberScheduled").into()
    }),
    Definition("Current", "integer", 0, "pods there are", |o, _| {
        number(o, "/status/currentNumberScheduled").into()
    }),
    Definition("Ready", "integer", 0, "pods that are ready", |o, _| {
        number(o, "/status/numberReady").into()
    }),
    Definition(
        "Up-to-date",
        "integer",
        0,
        "pods of the present template",
        |o, _| number(o, "/status/updatedNumberScheduled").into(),
    ),
    Definition("Available", "integer", 0, "pods that serve", |o, _| {
        number(o, "/status/numberAvailable").into()
    }),
    Definition(
        "Node Selector",
        "string",
        0,
        "which nodes run it",
        |o, _| labels(o.pointer("/spec/template/spec/nodeSelector")).into(),
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const JOB: &[Definition] = &[
    Definition("Status", "string", 0, "how far it is", |o, _| {
        job_status(o).into()
    }),
    Definition(
        "Completions",
        "string",
        0,
        "pods that succeeded, of all",
        |o, _| completions(o).into(),
    ),
    Definition("Duration", "string", 0, "how long it has run", |o, now| {
        job_duration(o, now).into()
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const CRON_JOB: &[Definition] = &[
    Definition("Schedule", "string", 0, "when it runs", |o, _| {
        text(o, "/spec/schedule").into()
    }),
    Definition("Timezone", "string", 0, "of the schedule", |o, _| {
        text_or(o, "/spec/timeZone", "<none>").into()
    }),
    Definition("Suspend", "boolean", 0, "whether it is held", |o, _| {
        let is_suspended = o.pointer("/spec/suspend") == Some(&Value::Bool(true));
        if is_suspended {
            "True".into()
        } else {
            "False".into()
        }
    }),
    Definition("Active", "integer", 0, "jobs that run", |o, _| {
        count(o, &["/status/active"])
    }),
    Definition(
        "Last Schedule",
        "string",
        0,
        "time since it last ran",
        |o, now| match text(o, "/status/lastScheduleTime") {
            "" => "<none>".into(),
            _ => ago(o, "/status/lastScheduleTime", now),
        },
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

/// A member of all containers of a pod template, which a `CronJob` holds deeper.
fn of_containers(object: &Value, member: &str) -> Value {
    let specs = [
        "/spec/template/spec",
        "/spec/jobTemplate/spec/template/spec",
    ];
    let spec = specs
        .iter()
        .find_map(|pointer| object.pointer(pointer))
        .unwrap_or(&Value::Null);
    let texts: Vec<_> = items(spec, "/containers")
        .iter()
        .filter_map(|container| container[member].as_str())
        .collect();
    or_none(texts.join(",")).into()
}
