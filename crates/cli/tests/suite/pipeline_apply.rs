//! `bowline pipelines diff` and `apply` on a Kubernetes API, from nothing to a profile that goes.

use std::sync::Arc;

use crate::project::{Project, Shared};

const VALUES: &str = "\
deploykf_core:
  deploykf_profiles_generator:
    profileDefaults:
      tools: {kubeflowPipelines: {objectStoreAuth: {existingSecret: 'keys-{profile_name}'}}}
    profiles: [{name: pier-1}, {name: pier-2}]
kubeflow_tools:
  pipelines:
    bucket: {name: soundings, region: eu-west-1}
    objectStore: {useExternal: true, host: s3.eu-west-1.amazonaws.com, auth: {existingSecret: keys}}
";

/// What Kubeflow Pipelines brings, as far as it matters here.
const INSTALLED: &str = "\
for namespace in kubeflow kubeflow-argo-workflows pier-1 pier-2; do
  kubectl create namespace $namespace > /dev/null 2>&1 || true
done
for name in ml-pipeline:ml-pipeline-api-server ml-pipeline-ui:ml-pipeline-ui; do
  kubectl apply -f - > /dev/null << END
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name%%:*}, namespace: kubeflow}
spec:
  selector: {matchLabels: {app: ${name%%:*}}}
  template:
    metadata: {labels: {app: ${name%%:*}}}
    spec: {containers: [{name: ${name##*:}, image: example.com/it:1, env: [{name: OTHER, value: kept}]}]}
END
done
for name in keys keys-pier-1 keys-pier-2; do
  printf 'apiVersion: v1\\nkind: Secret\\nmetadata: {name: %s, namespace: kubeflow}\\n' $name
  if [ $name = keys ]; then a=AWS_ACCESS_KEY_ID s=AWS_SECRET_ACCESS_KEY; else a=access_key s=secret_key; fi
  printf 'stringData: {%s: reader, %s: \"%s\"}\\n---\\n' $a $s \"$CANARY\"
done > secrets.yaml
";

#[test]
fn a_store_is_applied_compared_and_pruned() {
    let project = Project::new("quay");
    if !project.has_kubectl(28) {
        return;
    }
    project.file("values.yaml", VALUES);
    project.run(INSTALLED);
    let with = "-f values.yaml --secrets secrets.yaml --kfp 2.16";
    project
        .fails(&format!("bowline pipelines diff {with}"))
        .prints("+ ConfigMap pier-1/kfp-launcher")
        .prints("~ Deployment kubeflow/ml-pipeline");
    project
        .run(&format!("bowline pipelines apply {with}"))
        .prints("ConfigMap pier-1/kfp-launcher created")
        .prints("Deployment kubeflow/ml-pipeline changed");
    project
        .run(&format!("bowline pipelines diff {with}"))
        .is("Nothing would change.");
    project
        .run(&format!("bowline pipelines apply {with}"))
        .prints("Secret pier-2/pipelines-object-store unchanged");
    project
        .run("kubectl get deployment ml-pipeline -n kubeflow -o yaml")
        .prints("value: kept");
    project.run("kubectl patch configmap kfp-launcher -n pier-1 --type merge -p '{\"data\":{\"defaultPipelineRoot\":\"s3://elsewhere\"}}'");
    project
        .fails(&format!("bowline pipelines diff {with}"))
        .prints("data.defaultPipelineRoot: s3://elsewhere -> s3://soundings/v2/artifacts/pier-1");
    project
        .fails(&format!("bowline pipelines apply {with}"))
        .complains("--force-conflicts");
    project.run(&format!("bowline pipelines apply {with} --force-conflicts"));
    project.file("values.yaml", &VALUES.replace(", {name: pier-2}", ""));
    project
        .fails(&format!("bowline pipelines diff {with}"))
        .prints("- Secret pier-2/pipelines-object-store");
    project
        .run(&format!("bowline pipelines apply {with} --prune"))
        .prints("Secret pier-2/pipelines-object-store deleted");
    project
        .run("kubectl get configmaps,secrets -n pier-1 -o name")
        .prints("configmap/kfp-launcher")
        .prints("secret/pipelines-object-store");
}

/// Two descriptions in one cluster leave each other's objects alone.
#[test]
fn pruning_ends_at_the_installation_that_is_described() {
    let project = Project::new("prune");
    if !project.has_kubectl(28) {
        return;
    }
    project.run("for n in prune-1 prune-2 prune-shared; do kubectl create namespace $n; done");
    let store = |name: &str, profiles: &str| {
        format!(
            "apiVersion: bowline.dev/v1alpha1\nkind: PipelineStore\nmetadata: {{name: {name}, namespace: $PROJECT}}\n\
             spec:\n  connection: soundings\n  namespaces: {{kubeflow: $PROJECT}}\n  profiles: [{profiles}]\n---\n\
             apiVersion: v1\nkind: Secret\nmetadata: {{name: soundings, namespace: $PROJECT}}\n\
             stringData: {{AWS_ACCESS_KEY_ID: reader, AWS_SECRET_ACCESS_KEY: $CANARY, AWS_S3_ENDPOINT: 'https://s3.wharf.example', AWS_S3_BUCKET: soundings}}\n"
        )
    };
    deployments(&project);
    project.file("one.yaml", &store("one", "{name: prune-1}"));
    project.file(
        "two.yaml",
        &store("two", "{name: prune-2}, {name: prune-shared}"),
    );
    project.run("bowline pipelines apply --store one.yaml");
    project.run("bowline pipelines apply --store two.yaml --force-conflicts");
    project
        .run("kubectl get configmap kfp-launcher -n prune-2 --show-labels")
        .prints(&format!("bowline.dev/pipelines-of={}.two", project.name));
    project.file("two.yaml", &store("two", "{name: prune-2}"));
    project
        .run("bowline pipelines apply --store two.yaml --force-conflicts --prune")
        .prints("ConfigMap prune-shared/kfp-launcher deleted");
    for (namespace, is_there) in [
        ("prune-1", true),
        ("prune-2", true),
        ("prune-shared", false),
    ] {
        let left = project.run(&format!(
            "kubectl get configmap kfp-launcher -n {namespace} --ignore-not-found -o name"
        ));
        assert_eq!(!left.stdout.is_empty(), is_there, "{namespace}");
    }
}

const STORE: &str = "\
apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
metadata: {name: kfp, namespace: kubeflow}
spec:
  connection: keys
  endpoint: https://s3.eu-west-1.amazonaws.com
  bucket: soundings
  region: eu-west-1
  namespaces: {argo: kubeflow-argo-workflows}
  profiles: [{name: pier-1}]
";

/// A profile as Kubeflow's controller makes it.
const PROFILE: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: pier-1
  labels: {app.kubernetes.io/part-of: kubeflow-profile}
  ownerReferences:
    - {apiVersion: kubeflow.org/v1, kind: Profile, name: pier-1, uid: pier-1, controller: true}
";

#[test]
fn one_apply_is_all_that_profiles_need_for_their_copies() {
    let server = Shared::start_in(&[("BOWLINE_PIPELINES_NAMESPACE", "kubeflow")]);
    let project = Project::on(Arc::new(server), "quay");
    project.apply(PROFILE);
    project.run(INSTALLED);
    project.run("kubectl apply -f secrets.yaml");
    project.file("store.yaml", STORE);
    project
        .run("bowline pipelines apply --store store.yaml --opt-in")
        .prints("ConfigMap kubeflow/pipelines-object-store created")
        .prints("Secret kubeflow/keys agrees to be copied")
        .prints("Namespace pier-1 opted in");
    for namespace in ["pier-1", "kubeflow", "kubeflow-argo-workflows"] {
        project.run(&until_secret(namespace, "kubeflow/keys"));
    }
    // What they are pointed at is there.
    project
        .run("kubectl get deployment ml-pipeline -n kubeflow -o yaml")
        .prints("name: pipelines-object-store");
    // A change of the keys reaches the shared parts too.
    let key = "kubectl get secret pipelines-object-store -n $namespace -o jsonpath={.data.AWS_ACCESS_KEY_ID} | base64 -d";
    project.run("kubectl patch secret keys -n kubeflow --type merge -p '{\"stringData\":{\"AWS_ACCESS_KEY_ID\":\"rotated\"}}'");
    for namespace in ["pier-1", "kubeflow", "kubeflow-argo-workflows"] {
        project.run(&format!("export namespace={namespace}; timeout 20 sh -c 'until {key} | grep -q rotated; do sleep 0.1; done'"));
    }
    // What the operator keeps is neither applied nor pruned, whatever is rendered.
    project
        .run("bowline pipelines apply --store store.yaml --secrets secrets.yaml --prune")
        .prints("Secret pier-1/pipelines-object-store unchanged")
        .prints("Secret kubeflow/pipelines-object-store unchanged");
    project.run("bowline pipelines apply --store store.yaml --prune");
    project
        .run("kubectl get secret pipelines-object-store -n pier-1 -o yaml")
        .prints("bowline.dev/pipelines: copy");
    // Statuses are written together, once it is calm.
    project.run("timeout 20 sh -c 'until kubectl get configmap pipelines-object-store-status -n kubeflow -o yaml | grep -q \"copied from kubeflow/keys\"; do sleep 0.1; done'");
}

/// Waits until the operator has made the copy.
fn until_secret(namespace: &str, source: &str) -> String {
    let made = format!(
        "kubectl get secret pipelines-object-store -n {namespace} -o yaml 2> /dev/null | grep -q \"copied-from: {source}\""
    );
    format!("timeout 20 sh -c 'until {made}; do sleep 0.1; done'")
}

/// What runs goes on running with the keys that it has.
#[test]
fn no_deployment_is_pointed_at_a_secret_that_is_not_there() {
    let project = Project::new("harbour");
    if !project.has_kubectl(28) {
        return;
    }
    deployments(&project);
    project.file(
        "store.yaml",
        "apiVersion: bowline.dev/v1alpha1\nkind: PipelineStore\nmetadata: {name: kfp, namespace: $PROJECT}\n\
         spec:\n  connection: soundings\n  endpoint: https://s3.wharf.example\n  bucket: soundings\n  \
         vendor: minio\n  region: eu-west-1\n  namespaces: {kubeflow: $PROJECT}\n",
    );
    project.file(
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: soundings, namespace: $PROJECT}\n\
         stringData: {AWS_ACCESS_KEY_ID: reader, AWS_SECRET_ACCESS_KEY: $CANARY}\n",
    );
    project.run("kubectl apply -f secret.yaml");
    let before = project.object("deployment/ml-pipeline")["spec"].clone();
    let missing = format!("Secret `{}/pipelines-object-store`", project.name);
    project
        .fails("bowline pipelines apply --store store.yaml")
        .prints(&format!(
            "ConfigMap {}/pipeline-install-config",
            project.name
        ))
        .complains(&missing)
        .complains("--secrets")
        .complains("--opt-in");
    // Nobody here keeps copies of this project's store.
    project
        .fails("bowline pipelines apply --store store.yaml --opt-in")
        .complains(&missing)
        .complains("the operator has not made it");
    assert_eq!(project.object("deployment/ml-pipeline")["spec"], before);
    project.run("bowline pipelines apply --store store.yaml --secrets secret.yaml");
    assert_ne!(project.object("deployment/ml-pipeline")["spec"], before);
}

/// What Kubeflow Pipelines brings, in the project's namespace.
fn deployments(project: &Project) {
    for name in [
        "ml-pipeline:ml-pipeline-api-server",
        "ml-pipeline-ui:ml-pipeline-ui",
    ] {
        let (deployment, container) = name.split_once(':').expect("two names");
        project.apply(&format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {deployment}, namespace: $PROJECT}}\n\
             spec:\n  selector: {{matchLabels: {{app: it}}}}\n  template:\n    metadata: {{labels: {{app: it}}}}\n    \
             spec: {{containers: [{{name: {container}, image: 'example.com/it:1'}}]}}\n"
        ));
    }
}

/// Of what deployKF's layout needs, only that there are such kinds.
const KINDS: &str = "\
for kind in ClusterPolicy:clusterpolicies:kyverno.io:v1:Cluster Profile:profiles:kubeflow.org:v1:Cluster \
    DestinationRule:destinationrules:networking.istio.io:v1alpha3:Namespaced \
    AuthorizationPolicy:authorizationpolicies:security.istio.io:v1beta1:Namespaced; do
  IFS=: read -r name plural group version scope << END
$kind
END
  kubectl apply -f - > /dev/null << END
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: $plural.$group}
spec:
  group: $group
  scope: $scope
  names: {kind: $name, plural: $plural}
  versions:
    - name: $version
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
END
  kubectl wait --for=condition=Established crd/$plural.$group --timeout=20s > /dev/null
done
";

#[test]
fn what_the_layout_of_deploykf_made_for_a_profile_goes_with_it() {
    let project = Project::on(Arc::new(Shared::start()), "quay");
    if !project.has_kubectl(28) {
        return;
    }
    project.file("values.yaml", VALUES);
    project.run(INSTALLED);
    project.run(KINDS);
    let with = "-f values.yaml --secrets secrets.yaml --layout deploykf";
    project
        .run(&format!("bowline pipelines apply {with}"))
        .prints("Deployment pier-2/ml-pipeline-ui-artifact created")
        .prints("Secret pier-2/cloned--pipelines-object-store-auth created");
    project
        .run(&format!("bowline pipelines diff {with}"))
        .is("Nothing would change.");
    project.file("values.yaml", &VALUES.replace(", {name: pier-2}", ""));
    project
        .fails(&format!("bowline pipelines diff {with}"))
        .prints("- Secret pier-2/cloned--pipelines-object-store-auth")
        .prints("- ClusterPolicy ");
    project.run(&format!("bowline pipelines apply {with} --prune"));
    let kinds = "configmaps,secrets,services,deployments,rolebindings,destinationrules,authorizationpolicies";
    let left = |namespace: &str| {
        let get = format!("kubectl get {kinds} -n {namespace} -l bowline.dev/pipelines-of -o name");
        project.run(&get).stdout
    };
    assert_eq!(left("pier-2"), "");
    assert!(left("pier-1").contains("secret/cloned--pipelines-object-store-auth"));
    // A profile is more than its store, and its namespace would go with it.
    project
        .run("kubectl get profiles -o name")
        .prints("profile.kubeflow.org/pier-2");
    let policies = project.run("kubectl get clusterpolicies -o name").stdout;
    assert!(
        policies.contains("pier-1") && !policies.contains("pier-2"),
        "{policies}"
    );
    project
        .run(&format!("bowline pipelines diff {with}"))
        .is("Nothing would change.");
}
