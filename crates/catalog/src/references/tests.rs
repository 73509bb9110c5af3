use rstest::rstest;
use serde_json::json;

use super::*;

/// `secret at how` for each use of an object, in order.
fn shown(object: &Value) -> Vec<String> {
    let kind = Kind::of_object(object).expect("a kind that can use connections");
    let line = |used: Use| format!("{} {} {:?}", used.secret, used.at, used.how);
    uses(kind, object).into_iter().map(line).collect()
}

fn object(api_version: &str, kind: &str, rest: &Value) -> Value {
    let mut object = json!({
        "apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "harbour"},
    });
    for (key, value) in rest.as_object().expect("an object") {
        match object.get_mut(key).and_then(Value::as_object_mut) {
            Some(map) => map.extend(value.as_object().expect("an object").clone()),
            None => object[key] = value.clone(),
        }
    }
    object
}

/// A pod specification that uses a Secret in every way there is.
fn pod_spec() -> Value {
    json!({
        "containers": [{
            "name": "a",
            "envFrom": [{"configMapRef": {"name": "no"}}, {"secretRef": {"name": "env-from"}}],
            "env": [
                {"name": "PLAIN", "value": "no"},
                {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "env", "key": "k"}}},
            ],
        }],
        "initContainers": [{"name": "i", "envFrom": [{"secretRef": {"name": "init"}}]}],
        "ephemeralContainers": [{"name": "e", "envFrom": [{"secretRef": {"name": "ephemeral"}}]}],
        "volumes": [
            {"name": "v", "secret": {"secretName": "volume"}},
            {"name": "p", "projected": {"sources": [
                {"configMap": {"name": "no"}}, {"secret": {"name": "projected"}},
            ]}},
            {"name": "c", "csi": {"nodePublishSecretRef": {"name": "csi"}}},
            {"name": "f", "azureFile": {"secretName": "azure-file"}},
        ],
        "imagePullSecrets": [{"name": "pull"}],
    })
}

const POD_USES: [(&str, &str); 9] = [
    (
        "env-from",
        ".containers[0].envFrom[1].secretRef.name EnvFrom",
    ),
    (
        "env",
        ".containers[0].env[1].valueFrom.secretKeyRef.name Env",
    ),
    (
        "init",
        ".initContainers[0].envFrom[0].secretRef.name EnvFrom",
    ),
    (
        "ephemeral",
        ".ephemeralContainers[0].envFrom[0].secretRef.name EnvFrom",
    ),
    ("volume", ".volumes[0].secret.secretName Volume"),
    (
        "projected",
        ".volumes[1].projected.sources[1].secret.name Volume",
    ),
    ("csi", ".volumes[2].csi.nodePublishSecretRef.name Volume"),
    ("azure-file", ".volumes[3].azureFile.secretName Volume"),
    ("pull", ".imagePullSecrets[0].name PullSecret"),
];

#[rstest]
#[case::pod("v1", "Pod", "spec")]
#[case::notebook("kubeflow.org/v1", "Notebook", "spec.template.spec")]
#[case::deployment("apps/v1", "Deployment", "spec.template.spec")]
#[case::stateful_set("apps/v1", "StatefulSet", "spec.template.spec")]
#[case::daemon_set("apps/v1", "DaemonSet", "spec.template.spec")]
#[case::replica_set("apps/v1", "ReplicaSet", "spec.template.spec")]
#[case::job("batch/v1", "Job", "spec.template.spec")]
#[case::cron_job("batch/v1", "CronJob", "spec.jobTemplate.spec.template.spec")]
#[case::ray_head("ray.io/v1", "RayCluster", "spec.headGroupSpec.template.spec")]
#[case::ray_job(
    "ray.io/v1",
    "RayJob",
    "spec.rayClusterSpec.headGroupSpec.template.spec"
)]
#[case::predictor("serving.kserve.io/v1beta1", "InferenceService", "spec.predictor")]
#[case::transformer("serving.kserve.io/v1beta1", "InferenceService", "spec.transformer")]
#[case::explainer("serving.kserve.io/v1beta1", "InferenceService", "spec.explainer")]
#[case::worker(
    "serving.kserve.io/v1beta1",
    "InferenceService",
    "spec.predictor.workerSpec"
)]
#[case::llm("serving.kserve.io/v1alpha2", "LLMInferenceService", "spec.template")]
#[case::llm_prefill(
    "serving.kserve.io/v1alpha1",
    "LLMInferenceService",
    "spec.prefill.worker"
)]
#[case::llm_router(
    "serving.kserve.io/v1alpha2",
    "LLMInferenceService",
    "spec.router.scheduler.template"
)]
fn every_use_of_a_pod_specification_is_found(
    #[case] api_version: &str,
    #[case] kind: &str,
    #[case] place: &str,
) {
    let spec = place
        .rsplit('.')
        .fold(pod_spec(), |inner, key| json!({key: inner}));
    let expected: Vec<_> = POD_USES
        .iter()
        .map(|(secret, at)| format!("{secret} {place}{at}"))
        .collect();
    assert_eq!(shown(&object(api_version, kind, &spec)), expected);
}

#[rstest]
#[case::notebook(
    "kubeflow.org/v1", "Notebook", "opendatahub.io/connections", "harbour/a, harbour/b, inland/c, d",
    &["a", "b"],
)]
#[case::deployment(
    "apps/v1", "Deployment", "opendatahub.io/connections", "a,harbour/b,inland/c", &["a", "b"],
)]
#[case::bad_part("apps/v1", "Deployment", "opendatahub.io/connections", "A B,b", &["b"])]
#[case::model("serving.kserve.io/v1beta1", "InferenceService", "opendatahub.io/connections", "a", &["a"])]
#[case::model_of_alauda(
    "serving.kserve.io/v1beta1", "InferenceService", "aml-model-source-connection", "a", &["a"],
)]
#[case::model_with_a_list(
    "serving.kserve.io/v1beta1", "InferenceService", "opendatahub.io/connections", "a,b", &[],
)]
#[case::account("v1", "ServiceAccount", "opendatahub.io/connections", "a", &[])]
fn an_annotation_names_connections(
    #[case] api_version: &str,
    #[case] kind: &str,
    #[case] key: &str,
    #[case] text: &str,
    #[case] secrets: &[&str],
) {
    let annotated = object(
        api_version,
        kind,
        &json!({"metadata": {"annotations": {key: text}}}),
    );
    let line = |secret| format!("{secret} metadata.annotations[{key}] Annotation");
    let expected: Vec<_> = secrets.iter().map(line).collect();
    assert_eq!(shown(&annotated), expected);
}

#[test]
fn a_pod_template_names_connections_itself() {
    let template =
        json!({"metadata": {"annotations": {"opendatahub.io/connections": "a"}}, "spec": {}});
    let deployment = object(
        "apps/v1",
        "Deployment",
        &json!({"spec": {"template": template}}),
    );
    let at = "spec.template.metadata.annotations[opendatahub.io/connections]";
    assert_eq!(shown(&deployment), [format!("a {at} Annotation")]);
}

#[test]
fn a_model_server_of_any_name_is_looked_at() {
    let server = json!({
        "storage": {"key": "stored", "path": "x"},
        "env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "env", "key": "k"}}}],
        "storageUri": "s3://no/reference",
    });
    let spec = json!({"predictor": {"onnx": server}});
    let model = object(
        "serving.kserve.io/v1beta1",
        "InferenceService",
        &json!({"spec": spec}),
    );
    assert_eq!(
        shown(&model),
        [
            "env spec.predictor.onnx.env[0].valueFrom.secretKeyRef.name Env",
            "stored spec.predictor.onnx.storage.key StorageKey",
        ]
    );
}

#[test]
fn every_worker_group_of_ray_is_looked_at() {
    let group = |name| json!({"template": {"spec": {"imagePullSecrets": [{"name": name}]}}});
    let spec = json!({"workerGroupSpecs": [group("a"), group("b")]});
    let cluster = object("ray.io/v1", "RayCluster", &json!({"spec": spec}));
    let at =
        |index| format!("spec.workerGroupSpecs[{index}].template.spec.imagePullSecrets[0].name");
    assert_eq!(
        shown(&cluster),
        [
            format!("a {} PullSecret", at(0)),
            format!("b {} PullSecret", at(1))
        ]
    );
}

#[test]
fn an_account_lends_secrets() {
    let rest = json!({"secrets": [{"name": "a"}], "imagePullSecrets": [{"name": "b"}]});
    assert_eq!(
        shown(&object("v1", "ServiceAccount", &rest)),
        [
            "a secrets[0].name ServiceAccount",
            "b imagePullSecrets[0].name PullSecret"
        ]
    );
}

#[test]
fn keys_of_storage_config_are_copies_that_nobody_needs() {
    let mut config = object("v1", "Secret", &json!({"data": {"tides": null}}));
    config["metadata"]["name"] = "storage-config".into();
    let uses = uses(Kind::of_object(&config).unwrap(), &config);
    assert_eq!(
        (uses[0].secret.as_str(), uses[0].at.as_str()),
        ("tides", "data.tides")
    );
    assert!(uses[0].is_derived);
}

#[test]
fn keys_of_other_secrets_are_no_uses() {
    assert_eq!(
        shown(&object("v1", "Secret", &json!({"data": {"tides": null}}))),
        [""; 0]
    );
}

#[test]
fn an_account_of_ours_needs_nothing_by_itself() {
    let labels = json!({"app.kubernetes.io/managed-by": "bowline"});
    let rest = json!({"metadata": {"labels": labels}, "secrets": [{"name": "a"}]});
    let account = object("v1", "ServiceAccount", &rest);
    assert!(uses(Kind::of_object(&account).unwrap(), &account)[0].is_derived);
}

#[test]
fn a_pipeline_server_names_its_storage_and_its_database() {
    let spec = json!({
        "objectStorage": {"externalStorage": {"s3CredentialsSecret": {"secretName": "files"}}},
        "database": {"externalDB": {"passwordSecret": {"name": "rows", "key": "k"}}},
    });
    let api = "datasciencepipelinesapplications.opendatahub.io/v1";
    let server = object(
        api,
        "DataSciencePipelinesApplication",
        &json!({"spec": spec}),
    );
    assert_eq!(
        shown(&server),
        [
            "files spec.objectStorage.externalStorage.s3CredentialsSecret.secretName Pipelines",
            "rows spec.database.externalDB.passwordSecret.name Pipelines",
        ]
    );
}

const PROVIDERS: &str = "
s3:
  Default: {credentials: {fromEnv: false, secretRef: {secretName: files, accessKeyKey: a, secretKeyKey: b}}}
  overrides: [{bucketName: other, credentials: {secretref: {SecretName: others}}}]
gs: {default: {credentials: {secretRef: {secretName: files}}}}
";

#[test]
fn the_launcher_of_pipelines_names_the_secrets_of_its_providers() {
    let mut launcher = object(
        "v1",
        "ConfigMap",
        &json!({"data": {"providers": PROVIDERS}}),
    );
    assert_eq!(shown(&launcher), [""; 0], "another name is another thing");
    launcher["metadata"]["name"] = "kfp-launcher".into();
    assert_eq!(
        shown(&launcher),
        [
            "files data.providers Pipelines",
            "others data.providers Pipelines"
        ]
    );
}

const STORE: &str = "
apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
metadata: {namespace: harbour}
spec:
  connection: shared
  ca: {secretName: authority}
  auth: {type: KeyPerProfile, secretTemplate: 'pipelines-{profile_name}'}
  profiles:
  - {name: team-a, secret: {name: elsewhere}}
  - {name: team-b, secret: {name: here, namespace: harbour}}
";

#[test]
fn the_document_of_a_store_names_the_secrets_of_its_own_namespace() {
    let labels = json!({"bowline.dev/pipelines": "store"});
    let rest = json!({"metadata": {"labels": labels}, "data": {"store.yaml": STORE}});
    let secrets = [
        "shared",
        "authority",
        "pipelines-team-a",
        "here",
        "pipelines-team-b",
    ];
    assert_eq!(
        shown(&object("v1", "ConfigMap", &rest)),
        secrets.map(|secret| format!("{secret} data.store.yaml Pipelines"))
    );
    let rest = json!({"data": {"store.yaml": STORE}});
    assert_eq!(shown(&object("v1", "ConfigMap", &rest)), [""; 0]);
}

#[test]
fn a_runtime_names_secrets_for_its_servers_and_their_workers() {
    let container = |secret| json!([{"name": "a", "envFrom": [{"secretRef": {"name": secret}}]}]);
    let spec = json!({
        "containers": container("served"), "imagePullSecrets": [{"name": "pulled"}],
        "workerSpec": {"containers": container("worked")},
    });
    assert_eq!(
        shown(&object(
            "serving.kserve.io/v1alpha1",
            "ServingRuntime",
            &json!({"spec": spec})
        )),
        [
            "served spec.containers[0].envFrom[0].secretRef.name EnvFrom",
            "pulled spec.imagePullSecrets[0].name PullSecret",
            "worked spec.workerSpec.containers[0].envFrom[0].secretRef.name EnvFrom",
        ]
    );
}

#[rstest]
#[case::pod_template("PodTemplate", json!({"template": {"spec": pull()}}), "template.spec")]
#[case::controller("ReplicationController", json!({"spec": {"template": {"spec": pull()}}}), "spec.template.spec")]
fn templates_of_the_core_name_secrets(#[case] kind: &str, #[case] rest: Value, #[case] at: &str) {
    assert_eq!(
        shown(&object("v1", kind, &rest)),
        [format!("pulled {at}.imagePullSecrets[0].name PullSecret")]
    );
}

fn pull() -> Value {
    json!({"imagePullSecrets": [{"name": "pulled"}]})
}

#[test]
fn what_kubeflow_adds_to_pods_names_secrets() {
    let spec = json!({
        "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "one", "key": "a"}}}],
        "envFrom": [{"secretRef": {"name": "all"}}],
        "volumes": [{"name": "v", "secret": {"secretName": "file"}}],
        "sidecars": [{"name": "s", "envFrom": [{"secretRef": {"name": "beside"}}]}],
    });
    let mut names = shown(&object(
        "kubeflow.org/v1alpha1",
        "PodDefault",
        &json!({"spec": spec}),
    ));
    names.sort();
    assert_eq!(
        names,
        [
            "all spec.envFrom[0].secretRef.name EnvFrom",
            "beside spec.sidecars[0].envFrom[0].secretRef.name EnvFrom",
            "file spec.volumes[0].secret.secretName Volume",
            "one spec.env[0].valueFrom.secretKeyRef.name Env",
        ]
    );
}

#[rstest]
#[case::pod("v1", "Pod", json!({"spec": pod_spec(), "status": {"phase": "Succeeded"}}))]
#[case::job("batch/v1", "Job", json!({
    "spec": {"template": {"spec": pod_spec()}},
    "status": {"conditions": [{"type": "Failed", "status": "True"}]},
}))]
fn what_has_come_to_its_end_uses_nothing(
    #[case] api_version: &str,
    #[case] kind: &str,
    #[case] rest: Value,
) {
    assert_eq!(shown(&object(api_version, kind, &rest)), [""; 0]);
}

#[rstest]
#[case(json!({"spec": {"containers": "no"}}))]
#[case(json!({"spec": {"containers": [null, 1, {"env": {}}]}}))]
#[case(json!({"spec": {"volumes": [{"secret": []}], "imagePullSecrets": [{"name": 1}]}}))]
#[case(json!({"spec": null}))]
fn odd_shapes_hold_no_uses(#[case] rest: Value) {
    assert_eq!(shown(&object("v1", "Pod", &rest)), [""; 0]);
}
