//! What kubectl prints while people work with connections and workloads: answers, warnings, denials,
//! tables, Events and watches. `kubectl get -o yaml` of a Secret shows its values by request.

use serde_json::json;

use super::{Scene, secrets};

#[test]
fn creating_changing_and_deleting_shows_no_value() {
    let scene = Scene::in_use();
    scene
        .project
        .file("secrets.json", &super::list(&scene.secrets));
    scene.run("kubectl apply -f secrets.json");
    scene.run("kubectl label secrets --all team=pilots");
    scene.run("kubectl annotate secret s3 opendatahub.io/connection-type-protocol=oci --overwrite");
    scene.run(
        "kubectl annotate notebooks,inferenceservices,llminferenceservices --all note=changed",
    );
    scene.run("kubectl delete secrets --all");
    scene.run("kubectl annotate notebooks,inferenceservices,llminferenceservices --all note=again --overwrite");
}

#[test]
fn workloads_and_events_hold_no_value() {
    let scene = Scene::in_use();
    for kinds in [
        "notebooks,inferenceservices,llminferenceservices",
        "events",
        "serviceaccounts",
    ] {
        scene.run(&format!("kubectl get {kinds} -o yaml"));
        scene.run(&format!("kubectl get {kinds} -o wide"));
        scene.run(&format!("kubectl describe {kinds}"));
    }
    scene.run("kubectl get secrets -o wide --show-labels");
    scene.run("kubectl describe secrets");
}

#[test]
fn a_watch_of_workloads_shows_no_value() {
    let scene = Scene::in_use();
    let watch = |path: &str| {
        let path = path.replace("$P", &scene.project.name);
        scene.run(&format!(
            "kubectl get --raw '{path}?watch=true&timeoutSeconds=1'"
        ));
    };
    watch("/apis/kubeflow.org/v1/namespaces/$P/notebooks");
    watch("/apis/serving.kserve.io/v1beta1/namespaces/$P/inferenceservices");
    watch("/api/v1/namespaces/$P/events");
}

/// Tries to serve from every Secret: some are denied, and those that are not hold no secret value.
#[test]
fn serving_from_any_secret_shows_no_value() {
    let scene = Scene::in_use();
    for secret in &scene.secrets {
        let name = secret["metadata"]["name"].as_str().expect("a name");
        let kinds = [
            super::inference_service(name),
            super::llm_inference_service(name),
        ];
        let services = kinds.map(|mut service| {
            service["metadata"]["name"] = format!("tried-{name}").into();
            let is_secret = !secrets::NOT_SECRET.contains(&name);
            service["metadata"]["labels"] = json!({"secret": is_secret.to_string()});
            service
        });
        scene.project.file("services.json", &super::list(&services));
        scene.try_run("kubectl create -f services.json");
    }
    scene.run("kubectl get inferenceservices,llminferenceservices -l secret=true -o yaml");
}

#[test]
fn a_refused_secret_is_not_shown() {
    let scene = Scene::new();
    scene
        .project
        .file("secrets.json", &super::list(&scene.secrets));
    for (change, message) in [
        ("s/\"stringData\":/\"data\":/g", "data"),
        (
            "s/\"type\":\"kubernetes.io.basic-auth\"/\"type\":\"kubernetes.io\\/tls\"/",
            "tls",
        ),
        ("s/\"name\":\"/\"name\":\"_/g", "metadata.name"),
        (
            "s/\"stringData\":{/\"immutable\":\"yes\",\"stringData\":{/g",
            "immutable",
        ),
    ] {
        let create = "kubectl create --validate=false -f -";
        let outcome = scene
            .project
            .fails(&format!("sed '{change}' secrets.json | {create}"));
        scene.search(change, &outcome.stdout);
        scene.search(change, &outcome.stderr);
        outcome.complains(message);
    }
}
