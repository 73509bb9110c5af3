//! The kinds that hold pod templates. They are stored, never run.

use super::{PLAIN, Row};
use crate::object;
use crate::validate::workload;
use serde_json::Value;

const APPS: Row = Row {
    group: "apps",
    package: "io.k8s.api.apps.v1",
    categories: &["all"],
    has_status: true,
    has_generation: true,
    check: workload::check_replicated,
    ..PLAIN
};

const BATCH: Row = Row {
    group: "batch",
    package: "io.k8s.api.batch.v1",
    ..APPS
};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: "Deployment",
        plural: "deployments",
        short_names: &["deploy"],
        has_scale: true,
        ..APPS
    },
    Row {
        kind: "ReplicaSet",
        plural: "replicasets",
        short_names: &["rs"],
        has_scale: true,
        ..APPS
    },
    Row {
        kind: "StatefulSet",
        plural: "statefulsets",
        short_names: &["sts"],
        has_scale: true,
        ..APPS
    },
    Row {
        kind: "Job",
        plural: "jobs",
        prepare: prepare_job,
        check: workload::check_job,
        ..BATCH
    },
    Row {
        kind: "CronJob",
        plural: "cronjobs",
        short_names: &["cj"],
        check: workload::check_cron_job,
        ..BATCH
    },
];

/// Without either number a job runs one pod to its end; with one of them the other follows.
fn prepare_job(job: &mut Value, _old: Option<&Value>) {
    let spec = object::member_mut(job, "spec");
    if !spec.contains_key("parallelism") {
        spec.entry("completions").or_insert_with(|| 1.into());
        spec.insert("parallelism".to_owned(), 1.into());
    }
}
