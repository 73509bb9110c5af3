//! What KServe looks for beside a model, from Secret to bundle: `bowline up` makes it all by itself,
//! and takes it away again.

use serde_json::Value;

use super::SOUNDINGS;
use crate::project::Project;

const MODEL: &str = "
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: tide-forecast
  namespace: $PROJECT
  annotations:
    opendatahub.io/connections: soundings
    opendatahub.io/connection-path: llm/tide
spec: {predictor: {model: {modelFormat: {name: onnx}}}}
";
const KEPT: [&str; 3] = [
    "secret/storage-config",
    "serviceaccount/soundings-sa",
    "configmap/odh-kserve-custom-ca-bundle",
];

#[test]
fn a_model_gets_all_that_kserve_looks_for_and_it_goes_with_the_model() {
    let project = Project::new("harbour");
    project.apply(SOUNDINGS);
    project.apply(MODEL);
    for object in KEPT {
        project.run(&format!(
            "timeout 30 sh -c 'until kubectl get {object} >/dev/null 2>&1; do sleep 0.1; done'"
        ));
    }
    let entry: Value = serde_json::from_str(&project.value("storage-config", "soundings"))
        .expect("an entry is JSON");
    assert_eq!(entry["bucket"], "harbour-soundings");
    assert_eq!(entry["access_key_id"], "harbour-key-id");
    let model = project.object("inferenceservice tide-forecast");
    let account = &model["spec"]["predictor"]["serviceAccountName"];
    assert_eq!(account, "soundings-sa");

    project.run("kubectl delete inferenceservice/tide-forecast secret/soundings");
    for object in KEPT {
        // An account stays for a minute, since admission makes it before its first user is stored.
        project.run(&format!(
            "kubectl wait {object} --for=delete --timeout=120s"
        ));
    }
}
