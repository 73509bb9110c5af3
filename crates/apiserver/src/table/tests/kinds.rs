//! The columns of the built-in kinds.

use super::*;

/// Headings and cells, headings of `-o wide` in parentheses.
fn shown(group: &str, kind: &str, object: &Value) -> Vec<String> {
    let columns = built_in(group, kind);
    let cells = cells(&columns, object);
    let text = |cell: &Value| {
        cell.as_str()
            .map_or_else(|| cell.to_string(), str::to_owned)
    };
    let pair = |(column, cell): (&Column, &Value)| match column.priority {
        0 => format!("{}: {}", column.name, text(cell)),
        _ => format!("({}): {}", column.name, text(cell)),
    };
    columns
        .iter()
        .zip(cells.as_array().unwrap())
        .map(pair)
        .collect()
}

fn metadata() -> Value {
    json!({ "name": "one", "creationTimestamp": "2026-11-20T11:00:00Z" })
}

#[rstest]
#[case::secret("Secret", json!({ "type": "Opaque", "data": { "a": "" } }), &["Type: Opaque", "Data: 1", "Age: 60m"])]
#[case::config_map("ConfigMap", json!({ "data": { "a": "" }, "binaryData": { "b": "" } }), &["Data: 2", "Age: 60m"])]
#[case::namespace("Namespace", json!({ "status": { "phase": "Active" } }), &["Status: Active", "Age: 60m"])]
#[case::account("ServiceAccount", json!({ "secrets": [{ "name": "a" }] }), &["Age: 60m"])]
#[case::unknown("Unknown", json!({}), &["Age: 60m"])]
#[case::claim(
    "PersistentVolumeClaim",
    json!({
        "spec": { "volumeName": "v", "storageClassName": "fast", "volumeMode": "Filesystem" },
        "status": {
            "phase": "Bound",
            "capacity": { "storage": "1Gi" },
            "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
        },
    }),
    &[
        "Status: Bound", "Volume: v", "Capacity: 1Gi", "Access Modes: RWO,ROX", "StorageClass: fast",
        "VolumeAttributesClass: <unset>", "Age: 60m", "(VolumeMode): Filesystem",
    ]
)]
#[case::pending_claim(
    "PersistentVolumeClaim",
    json!({ "status": { "phase": "Pending", "accessModes": ["ReadWriteOnce"] } }),
    &[
        "Status: Pending", "Volume: ", "Capacity: ", "Access Modes: ", "StorageClass: ",
        "VolumeAttributesClass: <unset>", "Age: 60m", "(VolumeMode): <unset>",
    ]
)]
#[case::node(
    "Node",
    json!({
        "spec": { "unschedulable": true },
        "status": {
            "conditions": [{ "type": "DiskPressure", "status": "True" }, { "type": "Ready", "status": "True" }],
            "addresses": [
                { "type": "Hostname", "address": "one" }, { "type": "InternalIP", "address": "10.0.0.1" },
                { "type": "InternalIP", "address": "10.0.0.2" }, { "type": "ExternalIP", "address": "192.0.2.1" },
            ],
            "nodeInfo": {
                "kubeletVersion": "v1.36.0", "osImage": "Debian", "kernelVersion": "6.1",
                "containerRuntimeVersion": "containerd://2",
            },
        },
    }),
    &[
        "Status: Ready,SchedulingDisabled", "Roles: <none>", "Age: 60m", "Version: v1.36.0",
        "(Internal-IP): 10.0.0.1", "(External-IP): 192.0.2.1", "(OS-Image): Debian", "(Kernel-Version): 6.1",
        "(Container-Runtime): containerd://2",
    ]
)]
#[case::node_of_which_nothing_is_known(
    "Node",
    json!({}),
    &[
        "Status: Unknown", "Roles: <none>", "Age: 60m", "Version: ", "(Internal-IP): <none>", "(External-IP): <none>",
        "(OS-Image): <unknown>", "(Kernel-Version): <unknown>", "(Container-Runtime): <unknown>",
    ]
)]
#[case::node_that_is_not_ready(
    "Node",
    json!({ "status": { "conditions": [{ "type": "Ready", "status": "Unknown" }] } }),
    &[
        "Status: NotReady", "Roles: <none>", "Age: 60m", "Version: ", "(Internal-IP): <none>", "(External-IP): <none>",
        "(OS-Image): <unknown>", "(Kernel-Version): <unknown>", "(Container-Runtime): <unknown>",
    ]
)]
#[case::service(
    "Service",
    json!({ "spec": {
        "type": "NodePort", "clusterIP": "10.0.0.1", "selector": { "b": "2", "a": "1" },
        "ports": [{ "port": 80, "protocol": "TCP", "nodePort": 30080 }, { "port": 53, "protocol": "UDP" }],
    } }),
    &[
        "Type: NodePort", "Cluster-IP: 10.0.0.1", "External-IP: <none>", "Port(s): 80:30080/TCP,53/UDP",
        "Age: 60m", "(Selector): a=1,b=2",
    ]
)]
fn core_kinds(#[case] kind: &str, #[case] mut object: Value, #[case] expected: &[&str]) {
    object["metadata"] = metadata();
    assert_eq!(shown("", kind, &object)[0], "Name: one");
    assert_eq!(shown("", kind, &object)[1..], *expected);
}

#[test]
fn the_roles_of_a_node_are_those_that_its_labels_name() {
    let mut node = json!({ "metadata": metadata() });
    node["metadata"]["labels"] = json!({
        "node-role.kubernetes.io/worker": "", "kubernetes.io/role": "mast",
        "node-role.kubernetes.io/control-plane": "", "kubernetes.io/os": "linux",
    });
    let cells = shown("", "Node", &node);
    assert_eq!(cells[2], "Roles: control-plane,mast,worker");
}

fn template() -> Value {
    json!({ "spec": { "containers": [
        { "name": "a", "image": "x:1" }, { "name": "b", "image": "y:2" },
    ] } })
}

#[rstest]
#[case::deployment(
    "apps", "Deployment",
    json!({
        "spec": { "replicas": 3, "selector": { "matchLabels": { "app": "a" } }, "template": template() },
        "status": { "readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1 },
    }),
    &["Ready: 2/3", "Up-to-date: 3", "Available: 1", "Age: 60m", "(Containers): a,b", "(Images): x:1,y:2", "(Selector): app=a"]
)]
#[case::stateful_set(
    "apps", "StatefulSet",
    json!({ "spec": { "replicas": 1, "template": template() } }),
    &["Ready: 0/1", "Age: 60m", "(Containers): a,b", "(Images): x:1,y:2"]
)]
#[case::replica_set(
    "apps", "ReplicaSet",
    json!({
        "spec": { "replicas": 1, "selector": { "matchExpressions": [
            { "key": "a", "operator": "In", "values": ["1", "2"] },
            { "key": "b", "operator": "DoesNotExist" },
        ] } },
        "status": { "replicas": 1 },
    }),
    &["Desired: 1", "Current: 1", "Ready: 0", "Age: 60m", "(Containers): <none>", "(Images): <none>", "(Selector): !b,a in (1,2)"]
)]
#[case::job_that_runs(
    "batch", "Job",
    json!({
        "spec": { "completions": 2, "template": template() },
        "status": { "succeeded": 1, "startTime": "2026-11-20T11:30:00Z" },
    }),
    &["Status: Running", "Completions: 1/2", "Duration: 30m", "Age: 60m", "(Containers): a,b", "(Images): x:1,y:2", "(Selector): <none>"]
)]
#[case::job_that_is_done(
    "batch", "Job",
    json!({
        "spec": { "parallelism": 3 },
        "status": {
            "succeeded": 1,
            "startTime": "2026-11-20T11:30:00Z",
            "completionTime": "2026-11-20T11:31:00Z",
            "conditions": [{ "type": "Complete", "status": "True" }],
        },
    }),
    &["Status: Complete", "Completions: 1/1 of 3", "Duration: 60s", "Age: 60m", "(Containers): <none>", "(Images): <none>", "(Selector): <none>"]
)]
#[case::cron_job(
    "batch", "CronJob",
    json!({
        "spec": { "schedule": "* * * * *", "suspend": true, "jobTemplate": { "spec": { "template": template() } } },
        "status": { "active": [{}] },
    }),
    &[
        "Schedule: * * * * *", "Timezone: <none>", "Suspend: True", "Active: 1", "Last Schedule: <none>",
        "Age: 60m", "(Containers): a,b", "(Images): x:1,y:2", "(Selector): <none>",
    ]
)]
#[case::ingress(
    "networking.k8s.io", "Ingress",
    json!({
        "spec": { "tls": [{}], "rules": [{ "host": "a" }, { "host": "b" }, { "host": "c" }, { "host": "d" }, {}] },
        "status": { "loadBalancer": { "ingress": [{ "hostname": "north.example.com" }, { "ip": "192.0.2.1" }] } },
    }),
    &["Class: <none>", "Hosts: a,b,c + 2 more...", "Address: 192.0.2.1,nor...", "Ports: 80, 443", "Age: 60m"]
)]
#[case::ingress_of_any_host(
    "networking.k8s.io", "Ingress", json!({ "spec": { "ingressClassName": "nginx", "rules": [{}] } }),
    &["Class: nginx", "Hosts: *", "Address: ", "Ports: 80", "Age: 60m"]
)]
#[case::disruption_budget(
    "policy", "PodDisruptionBudget",
    json!({ "spec": { "minAvailable": "50%" }, "status": { "disruptionsAllowed": 2 } }),
    &["Min Available: 50%", "Max Unavailable: N/A", "Allowed Disruptions: 2", "Age: 60m"]
)]
#[case::quota(
    "", "ResourceQuota",
    json!({ "status": { "hard": { "pods": "2", "limits.cpu": "1", "configmaps": "3" }, "used": { "pods": "1" } } }),
    &["Request: configmaps: 0/3, pods: 1/2", "Limit: limits.cpu: 0/1", "Age: 60m"]
)]
#[case::priority_class(
    "scheduling.k8s.io", "PriorityClass",
    json!({ "value": 7, "globalDefault": true, "preemptionPolicy": "Never" }),
    &["Value: 7", "Global-Default: true", "Age: 60m", "PreemptionPolicy: Never"]
)]
#[case::role("rbac.authorization.k8s.io", "Role", json!({}), &["Created At: 2026-11-20T11:00:00Z"])]
#[case::role_binding(
    "rbac.authorization.k8s.io", "RoleBinding",
    json!({
        "roleRef": { "kind": "Role", "name": "reader" },
        "subjects": [
            { "kind": "User", "name": "ann" }, { "kind": "User", "name": "bob" },
            { "kind": "ServiceAccount", "name": "sa", "namespace": "ns" },
        ],
    }),
    &["Role: Role/reader", "Age: 60m", "(Users): ann, bob", "(Groups): ", "(ServiceAccounts): ns/sa"]
)]
#[case::lease("coordination.k8s.io", "Lease", json!({ "spec": { "holderIdentity": "me" } }), &["Holder: me", "Age: 60m"])]
fn kinds_of_other_groups(
    #[case] group: &str,
    #[case] kind: &str,
    #[case] mut object: Value,
    #[case] expected: &[&str],
) {
    object["metadata"] = metadata();
    assert_eq!(shown(group, kind, &object)[1..], *expected);
}

#[rstest]
#[case::of_the_core_group("", json!({
    "metadata": { "name": "e" },
    "involvedObject": { "kind": "Pod", "name": "p", "fieldPath": "spec.x" },
    "type": "Warning", "reason": "Failed", "message": "it failed\n", "count": 3,
    "source": { "component": "kubelet" },
    "firstTimestamp": "2026-11-20T11:00:00Z", "lastTimestamp": "2026-11-20T11:59:00Z",
}))]
#[case::of_its_own_group("events.k8s.io", json!({
    "metadata": { "name": "e" },
    "regarding": { "kind": "Pod", "name": "p", "fieldPath": "spec.x" },
    "type": "Warning", "reason": "Failed", "note": "it failed",
    "reportingController": "kubelet", "eventTime": "2026-11-20T11:00:00.000000Z",
    "series": { "count": 3, "lastObservedTime": "2026-11-20T11:59:00.000000Z" },
}))]
fn events_of_both_groups_look_the_same(#[case] group: &str, #[case] event: Value) {
    let expected = [
        "Last Seen: 60s",
        "Type: Warning",
        "Reason: Failed",
        "Object: pod/p",
        "(Subobject): spec.x",
        "(Source): kubelet",
        "Message: it failed",
        "(First Seen): 60m",
        "(Count): 3",
        "(Name): e",
    ];
    assert_eq!(shown(group, "Event", &event), expected);
}

fn running(ready: bool) -> Value {
    json!({ "ready": ready, "restartCount": 1, "state": { "running": {} } })
}

fn terminated(reason: &str) -> Value {
    json!({ "ready": false, "restartCount": 2, "state": { "terminated": { "reason": reason, "exitCode": 0 } } })
}

fn waiting(reason: &str) -> Value {
    json!({ "ready": false, "restartCount": 0, "state": { "waiting": { "reason": reason } } })
}

#[rstest]
#[case::never_run(json!({ "phase": "Pending" }), "0/2 Pending 0")]
#[case::running(json!({ "phase": "Running", "containerStatuses": [running(true), running(false)] }), "1/2 Running 2")]
#[case::crashing(json!({ "phase": "Running", "containerStatuses": [running(true), waiting("CrashLoopBackOff")] }), "1/2 CrashLoopBackOff 1")]
#[case::completed(json!({ "phase": "Succeeded", "containerStatuses": [terminated("Completed")] }), "0/2 Completed 2")]
#[case::half_completed(json!({
    "phase": "Running",
    "containerStatuses": [terminated("Completed"), running(true)],
    "conditions": [{ "type": "Ready", "status": "True" }],
}), "1/2 Running 3")]
#[case::half_completed_not_ready(json!({
    "phase": "Running", "containerStatuses": [terminated("Completed"), running(true)],
}), "1/2 NotReady 3")]
#[case::killed(json!({ "phase": "Failed", "containerStatuses": [
    { "restartCount": 0, "state": { "terminated": { "signal": 9 } } },
] }), "0/2 Signal:9 0")]
#[case::exited(json!({ "phase": "Failed", "containerStatuses": [
    { "restartCount": 0, "state": { "terminated": { "exitCode": 3 } } },
] }), "0/2 ExitCode:3 0")]
#[case::evicted(json!({ "phase": "Failed", "reason": "Evicted" }), "0/2 Evicted 0")]
#[case::initializing(json!({ "phase": "Pending", "initContainerStatuses": [
    terminated("Completed"), waiting("PodInitializing"),
] }), "0/2 Init:1/3 2")]
#[case::init_fails(json!({ "phase": "Pending", "initContainerStatuses": [waiting("ErrImagePull")] }), "0/2 Init:ErrImagePull 0")]
#[case::init_done(json!({
    "phase": "Running",
    "initContainerStatuses": [terminated("Completed")],
    "containerStatuses": [running(true), running(true)],
}), "2/2 Running 2")]
fn pods_tell_how_far_they_are(#[case] status: Value, #[case] expected: &str) {
    let pod = json!({
        "spec": { "containers": [{}, {}], "initContainers": [{}, {}, {}] },
        "status": status,
    });
    let cells = cells(&built_in("", "Pod")[1..4], &pod);
    let texts: Vec<_> = cells
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c.as_str().unwrap())
        .collect();
    assert_eq!(texts.join(" "), expected);
}

#[rstest]
#[case::on_its_way_out("Running", "", "Terminating")]
#[case::over("Succeeded", "", "Succeeded")]
#[case::lost("Running", "NodeLost", "Unknown")]
fn a_pod_that_is_being_deleted_says_so(
    #[case] phase: &str,
    #[case] reason: &str,
    #[case] expected: &str,
) {
    let pod = json!({
        "metadata": { "deletionTimestamp": "2026-11-20T11:00:00Z" },
        "status": { "phase": phase, "reason": reason },
    });
    assert_eq!(cells(&built_in("", "Pod")[2..3], &pod), json!([expected]));
}

#[rstest]
#[case::null(json!(null))]
#[case::text(json!("x"))]
#[case::wrong_types(json!({ "metadata": [], "spec": "x", "status": { "conditions": {}, "containerStatuses": [1] }, "data": 5 }))]
fn no_object_makes_a_table_panic(#[case] object: Value) {
    let kinds = [
        ("", "Secret"),
        ("", "Pod"),
        ("", "Event"),
        ("", "Service"),
        ("", "PersistentVolumeClaim"),
        ("apps", "Deployment"),
        ("apps", "DaemonSet"),
        ("batch", "Job"),
        ("batch", "CronJob"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
    ];
    for (group, kind) in kinds {
        assert_eq!(
            shown(group, kind, &object).len(),
            built_in(group, kind).len()
        );
    }
}
