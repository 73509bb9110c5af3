//! A connection that is dropped by whoever goes on without it: what they wrote down themselves stays.

use rstest::rstest;

use crate::project::Project;

const LOCATION: &str = "hf://harbour/tides";
const CONNECTION: &str = "
apiVersion: v1
kind: Secret
metadata:
  name: tides
  annotations: {opendatahub.io/connection-type-protocol: uri}
stringData: {URI: 'hf://harbour/tides'}
";
const TIED: &str = "
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: forecast, annotations: {opendatahub.io/connections: tides}}
spec: {predictor: {model: {modelFormat: {name: vllm}}}}
";
const UNTIED: &str = "
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: forecast}
spec: {predictor: {model: {modelFormat: {name: vllm}, storageUri: 'hf://harbour/tides'}}}
";

#[rstest]
#[case::applied("apply")]
#[case::applied_on_the_server("apply --server-side")]
#[case::replaced("replace")]
fn a_location_that_is_written_down_stays_when_its_connection_is_dropped(#[case] how: &str) {
    let project = Project::new("harbour");
    project.file("connection.yaml", CONNECTION);
    project.file("tied.yaml", TIED);
    project.file("untied.yaml", UNTIED);
    let first = how.replace("replace", "create");
    project.run(&format!(
        "kubectl apply -f connection.yaml
         kubectl {first} -f tied.yaml"
    ));
    let model =
        || project.object("inferenceservice forecast")["spec"]["predictor"]["model"].clone();
    assert_eq!(model()["storageUri"], LOCATION);
    project.run(&format!("kubectl {how} -f untied.yaml"));
    assert_eq!(model()["storageUri"], LOCATION);
    assert!(
        !project
            .object("inferenceservice forecast")
            .to_string()
            .contains("bowline.dev/injected")
    );
}

#[test]
fn a_location_goes_with_its_connection_where_only_the_reference_is_dropped() {
    let project = Project::new("harbour");
    project.file("connection.yaml", CONNECTION);
    project.file("tied.yaml", TIED);
    project.run(
        "kubectl apply -f connection.yaml
         kubectl apply -f tied.yaml
         kubectl annotate inferenceservice forecast opendatahub.io/connections-",
    );
    let model = &project.object("inferenceservice forecast")["spec"]["predictor"]["model"];
    assert!(model.get("storageUri").is_none(), "{model}");
}
