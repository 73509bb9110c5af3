//! `bowline pipelines render -o kustomize` through kustomize itself, over manifests like those of Kubeflow
//! Pipelines.

use bowline_core::manifest;
use serde_json::Value;

use crate::project::Project;

const VALUES: &str = "\
deploykf_core:
  deploykf_profiles_generator:
    profileDefaults:
      tools: {kubeflowPipelines: {objectStoreAuth: {existingSecret: 'keys-{profile_name}'}}}
    profiles:
      - {name: pier-1}
      - {name: pier-2, plugins: [{kind: AwsIamForServiceAccount, spec: {awsIamRole: 'arn:aws:iam::1:role/pier'}}]}
kubeflow_dependencies: {kubeflow_argo_workflows: {namespace: kubeflow}}
kubeflow_tools:
  pipelines:
    bucket: {name: soundings, region: eu-west-1}
    objectStore: {useExternal: true, host: s3.eu-west-1.amazonaws.com, auth: {existingSecret: keys}}
";

const SECRETS: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: kubeflow}
stringData: {AWS_ACCESS_KEY_ID: reader, AWS_SECRET_ACCESS_KEY: $CANARY}
---
apiVersion: v1
kind: Secret
metadata: {name: keys-pier-1, namespace: kubeflow}
stringData: {access_key: reader, secret_key: $CANARY}
---
apiVersion: v1
kind: Secret
metadata: {name: keys-pier-2, namespace: kubeflow}
data: {access_key: cmVhZGVy, secret_key: /w==}
";

const BASE: &str = "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: kubeflow
resources: [installed.yaml]
";

const INSTALLED: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: ml-pipeline}
spec: {template: {spec: {containers: [{name: ml-pipeline-api-server, image: it, env: [{name: OTHER, value: kept}]}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ml-pipeline-ui}
spec: {template: {spec: {containers: [{name: ml-pipeline-ui, image: it}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: pipeline-install-config}
data: {bucketName: mlpipeline, dbHost: mysql}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ml-pipeline-ui-configmap}
data: {viewer-pod-template.json: '{}'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: workflow-controller-configmap}
data: {executor: 'imagePullPolicy: IfNotPresent'}
";

fn key(object: &Value) -> String {
    let text = |pointer| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let place = [
        text("/kind"),
        text("/metadata/namespace"),
        text("/metadata/name"),
    ];
    place.join(" ")
}

/// What is rendered is in what is built; lists of an installation may have more.
fn is_in(rendered: &Value, built: &Value) -> bool {
    match (rendered, built) {
        (Value::Object(rendered), Value::Object(built)) => rendered
            .iter()
            .all(|(key, value)| built.get(key).is_some_and(|built| is_in(value, built))),
        (Value::Array(rendered), Value::Array(built)) => rendered
            .iter()
            .all(|value| built.iter().any(|built| is_in(value, built))),
        _ => rendered == built,
    }
}

#[test]
fn a_kustomization_over_manifests_gives_every_object() {
    let project = Project::new("overlay");
    if !project.has_kubectl(28) {
        return;
    }
    for (name, text) in [
        ("values.yaml", VALUES),
        ("secrets.yaml", SECRETS),
        ("base/kustomization.yaml", BASE),
        ("base/installed.yaml", INSTALLED),
    ] {
        project.file(name, text);
    }
    let render = "bowline pipelines render -f values.yaml --secrets secrets.yaml --kfp 2.16";
    project.run(&format!(
        "{render} -o kustomize --base ../base --into overlay"
    ));
    let built = project.run("kubectl kustomize overlay").stdout;
    let built = manifest::parse(built.as_bytes()).expect("manifests");
    let rendered = project.run(&format!("{render} -o yaml")).stdout;
    let rendered = manifest::parse(rendered.as_bytes()).expect("manifests");
    for object in &rendered {
        let name = key(object);
        let found = built.iter().find(|built| key(built) == name);
        let found = found.unwrap_or_else(|| panic!("there is no {name}"));
        assert!(is_in(object, found), "{name} is another: {found:#}");
    }
    assert_eq!(
        built.len(),
        rendered.len(),
        "nothing stands twice, and there is nothing else"
    );
    let object = |name: &str| built.iter().find(|it| key(it) == name).expect("an object");
    let config = &object("ConfigMap kubeflow pipeline-install-config")["data"];
    assert_eq!(
        (&config["bucketName"], &config["dbHost"]),
        (&"soundings".into(), &"mysql".into())
    );
    let server = object("Deployment kubeflow ml-pipeline").to_string();
    assert!(
        server.contains("OBJECTSTORECONFIG_HOST") && server.contains("kept"),
        "{server}"
    );
    // Files that may hold keys are their owner's alone.
    project
        .run("stat -c %a overlay/kustomization.yaml overlay/objects.yaml")
        .is("600\n600");
}
