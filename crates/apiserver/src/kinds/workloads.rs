//! The kinds that hold pod templates. They are stored, never run.

use super::{PLAIN, Row, defaults};
use crate::validate::names::NameRule;
use crate::validate::workload;

const APPS: Row = Row {
    group: "apps",
    package: "io.k8s.api.apps.v1",
    categories: &["all"],
    has_status: true,
    has_generation: true,
    ..PLAIN
};

const BATCH: Row = Row {
    group: "batch",
    package: "io.k8s.api.batch.v1",
    ..APPS
};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: "DaemonSet",
        plural: "daemonsets",
        short_names: &["ds"],
        prepare: defaults::daemon_set,
        check: workload::check_daemon_set,
        ..APPS
    },
    Row {
        kind: "Deployment",
        plural: "deployments",
        short_names: &["deploy"],
        prepare: defaults::deployment,
        check: workload::check_deployment,
        has_scale: true,
        ..APPS
    },
    Row {
        kind: "ReplicaSet",
        plural: "replicasets",
        short_names: &["rs"],
        prepare: |set, _| defaults::pod_spec(set, "/spec/template/spec"),
        check: workload::check_replica_set,
        has_scale: true,
        ..APPS
    },
    Row {
        kind: "StatefulSet",
        plural: "statefulsets",
        names: NameRule::Label,
        short_names: &["sts"],
        prepare: defaults::stateful_set,
        check: workload::check_stateful_set,
        has_scale: true,
        ..APPS
    },
    Row {
        kind: "Job",
        plural: "jobs",
        selectable: &["status.successful:status.succeeded=0"],
        prepare: |job, old| {
            defaults::job(job, old);
            defaults::pod_spec(job, "/spec/template/spec");
        },
        check: workload::check_job,
        ..BATCH
    },
    Row {
        kind: "CronJob",
        plural: "cronjobs",
        short_names: &["cj"],
        prepare: |job, _| defaults::pod_spec(job, "/spec/jobTemplate/spec/template/spec"),
        check: workload::check_cron_job,
        ..BATCH
    },
];
