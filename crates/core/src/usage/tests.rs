use rstest::rstest;
use serde_json::{Value, json};

use super::Usage;
use crate::plan::{Account, Found, Operation, Request, plan};
use crate::secret::Secret;
use crate::workload::WorkloadKind::{self, Deployment, InferenceService, Notebook};

fn object(annotations: &Value) -> Value {
    json!({"metadata": {"name": "demo", "annotations": annotations}})
}

fn names(usage: &Usage) -> Vec<&str> {
    usage.connections.iter().map(String::as_str).collect()
}

#[rstest]
#[case::nothing(Notebook, json!({}), &[])]
#[case::list(Notebook, json!({"opendatahub.io/connections": "team-a/x, team-a/y"}), &["x", "y"])]
#[case::foreign(Notebook, json!({"opendatahub.io/connections": "team-b/x"}), &[])]
#[case::bare_on_notebook(Notebook, json!({"opendatahub.io/connections": "x"}), &[])]
#[case::bare_on_others(Deployment, json!({"opendatahub.io/connections": "x"}), &["x"])]
#[case::partly_bad(Notebook, json!({"opendatahub.io/connections": "!!,team-a/y"}), &["y"])]
#[case::single(InferenceService, json!({"opendatahub.io/connections": "x"}), &["x"])]
#[case::alauda(InferenceService, json!({"aml-model-source-connection": "x"}), &["x"])]
#[case::record(Deployment, json!({"bowline.dev/injected": r#"{"connections":[{"name":"z"}]}"#}), &["z"])]
#[case::bad_record(Deployment, json!({"bowline.dev/injected": "{"}), &[])]
fn what_an_object_names_or_got_is_in_use(
    #[case] kind: WorkloadKind,
    #[case] annotations: Value,
    #[case] expected: &[&str],
) {
    assert_eq!(
        names(&Usage::of(kind, "team-a", &object(&annotations))),
        expected
    );
}

#[test]
fn the_record_tells_protocols_and_accounts() {
    let record = json!({"connections": [{
        "name": "models", "protocol": "s3",
        "fields": [{"at": "spec.predictor.serviceAccountName", "value": "models-sa"}],
    }]});
    let usage = Usage::of(
        InferenceService,
        "team-a",
        &object(&json!({"bowline.dev/injected": record.to_string()})),
    );
    let account = Account {
        name: "models-sa".to_owned(),
        secret: "models".to_owned(),
    };
    assert_eq!(usage.accounts, [account].into());
    assert_eq!(usage.protocols["models"], "s3");
}

#[test]
fn an_account_that_the_manifest_names_itself_is_in_use() {
    let secret = json!({
        "metadata": {"name": "models", "annotations": {"opendatahub.io/connection-type-protocol": "s3"}},
        "stringData": {"AWS_S3_BUCKET": "tides"},
    });
    let secret = Secret::from_value(&secret).expect("a Secret");
    let mut object = object(&json!({"opendatahub.io/connections": "models"}));
    object["spec"] = json!({"predictor": {"serviceAccountName": "models-sa", "model": {}}});
    let request = Request {
        kind: InferenceService,
        operation: Operation::Create,
        namespace: "team-a",
        object: &object,
        before: None,
    };
    let lookup = [("models".to_owned(), Found::Secret(secret))].into();
    let plan = plan(&request, &lookup).expect("a plan");
    let stored = plan.object.expect("an object");
    let usage = Usage::of(InferenceService, "team-a", &stored);
    assert_eq!(usage.own_accounts, [Account::of("models")].into());
    assert!(usage.accounts.is_empty());
}

#[test]
fn what_a_controller_made_from_a_workload_uses_nothing_of_its_own() {
    let mut object = object(&json!({"opendatahub.io/connections": "x"}));
    object["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "name": "demo", "uid": "1", "controller": true,
    }]);
    assert!(Usage::of(Deployment, "team-a", &object).is_empty());
}
