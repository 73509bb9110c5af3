use rstest::rstest;
use serde_json::json;

use super::*;

struct Used(Vec<String>);

impl Users for Used {
    fn of(&self, namespace: &str, secret: &str) -> Vec<String> {
        assert_eq!((namespace, secret), ("harbour", "soundings"));
        self.0.clone()
    }
}

fn used(count: usize) -> Used {
    Used((0..count).map(|n| format!("Notebook/desk-{n}")).collect())
}

fn secret(annotations: &Value) -> Value {
    let metadata = json!({"name": "soundings", "annotations": annotations});
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
}

fn told(users: &Used) -> Option<String> {
    let told = on_delete(&secret(&json!({})), "harbour", users).unwrap();
    told.map(|warning| warning.to_string())
}

#[rstest]
#[case::nobody(0, None)]
#[case::one(1, Some("Secret `soundings` is still used by Notebook/desk-0"))]
#[case::two(
    2,
    Some("Secret `soundings` is still used by Notebook/desk-0, Notebook/desk-1")
)]
#[case::many(
    50,
    Some(
        "Secret `soundings` is still used by Notebook/desk-0, Notebook/desk-1, Notebook/desk-2, Notebook/desk-3 and 46 more"
    )
)]
fn a_deletion_names_who_uses_the_secret(#[case] users: usize, #[case] wanted: Option<&str>) {
    assert_eq!(told(&used(users)).as_deref(), wanted);
}

#[rstest]
#[case::one(1)]
#[case::many(9_999)]
fn the_longest_names_leave_room_for_what_matters(#[case] users: usize) {
    let user = format!("InferenceService/{}", "x".repeat(253));
    let metadata = json!({"metadata": {"name": "y".repeat(253)}});
    struct Long(Vec<String>);
    impl Users for Long {
        fn of(&self, _: &str, _: &str) -> Vec<String> {
            self.0.clone()
        }
    }
    let told = on_delete(&metadata, "harbour", &Long(vec![user; users]));
    let told = told.unwrap().unwrap().to_string();
    assert!(told.chars().count() <= MAX_CHARS, "{told}");
    assert!(told.contains("InferenceService/xxx"), "{told}");
    let more = users - 1;
    assert!(
        more == 0 || told.ends_with(&format!(" and {more} more")),
        "{told}"
    );
}

#[test]
fn a_vital_secret_is_not_deleted() {
    let vital = secret(&json!({"bowline.dev/vital": "true"}));
    let denial = on_delete(&vital, "harbour", &used(0)).unwrap_err();
    assert_eq!(
        denial,
        Denial::Forbidden(
            "Secret `soundings` is annotated `bowline.dev/vital: \"true\"`, so it is not deleted; remove the annotation first"
                .to_owned()
        )
    );
}

#[rstest]
#[case::capital(json!({"bowline.dev/vital": "True"}))]
#[case::yes(json!({"bowline.dev/vital": "yes"}))]
#[case::boolean(json!({"bowline.dev/vital": true}))]
#[case::empty(json!({"bowline.dev/vital": ""}))]
#[case::none(json!(null))]
fn only_the_text_true_makes_a_secret_vital(#[case] annotations: Value) {
    assert!(on_delete(&secret(&annotations), "harbour", &used(0)).is_ok());
}
