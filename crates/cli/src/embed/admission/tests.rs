use bowline_apiserver::Admission as _;
use bowline_testkit::memory::Memory;
use serde_json::json;

use super::*;

struct Desk;

impl Users for Desk {
    fn of(&self, namespace: &str, secret: &str) -> Vec<String> {
        vec![format!("Notebook/{namespace}-{secret}")]
    }
}

async fn delete(annotations: &Value) -> api::Verdict {
    let embedded = Embedded {
        admission: Arc::new(Admission::new(Memory::default())),
        users: Arc::new(Desk),
    };
    let metadata = json!({"name": "soundings", "annotations": annotations});
    let request = api::AdmissionRequest {
        uid: "1".to_owned(),
        resource: api::GroupVersionResource {
            group: String::new(),
            version: "v1".to_owned(),
            plural: "secrets".to_owned(),
        },
        kind: api::GroupVersionKind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "Secret".to_owned(),
        },
        operation: api::Operation::Delete,
        namespace: "harbour".to_owned(),
        name: "soundings".to_owned(),
        user: api::UserInfo::administrator("ada"),
        object: Value::Null,
        old_object: Some(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})),
        dry_run: false,
        subresource: None,
    };
    embedded.admit(request).await
}

#[tokio::test]
async fn deleting_a_secret_in_use_warns() {
    let api::Verdict::Allow { warnings, .. } = delete(&Value::Null).await else {
        panic!("denied");
    };
    assert_eq!(
        warnings,
        ["Secret `soundings` is still used by Notebook/harbour-soundings"]
    );
}

#[tokio::test]
async fn deleting_a_vital_secret_is_denied() {
    let vital = json!({"bowline.dev/vital": "true"});
    let api::Verdict::Deny(denial) = delete(&vital).await else {
        panic!("allowed");
    };
    assert_eq!((denial.code, denial.reason.as_str()), (403, "Forbidden"));
    assert!(
        denial.message.contains("remove the annotation"),
        "{}",
        denial.message
    );
}
