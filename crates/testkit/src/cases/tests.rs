//! The runner itself: it must notice worlds that do the wrong thing.

use std::collections::BTreeMap;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::format::{check, parse};
use super::{Case, File, Reach, World, run};

/// A world whose answers are written down.
struct Scripted {
    /// From the request to the response.
    answer: fn(&Value) -> Value,
    accounts: BTreeMap<String, Vec<String>>,
    secrets: Vec<Value>,
}

impl World for Scripted {
    fn reach(&self) -> Reach {
        Reach::Api
    }

    async fn reset(&mut self) -> Result<()> {
        Ok(())
    }

    async fn put_secret(&mut self, secret: &Value) -> Result<()> {
        self.secrets.push(secret.clone());
        Ok(())
    }

    async fn delete_secret(&mut self, _name: &str) -> Result<()> {
        Ok(())
    }

    async fn put_account(&mut self, _name: &str, _links: &[String]) -> Result<()> {
        Ok(())
    }

    async fn forbid(&mut self, _names: &[String]) -> Result<()> {
        Ok(())
    }

    async fn disconnect(&mut self, _names: &[String]) -> Result<()> {
        Ok(())
    }

    async fn post(&mut self, review: &Value) -> Result<String> {
        let mut response = (self.answer)(&review["request"]);
        if response.get("uid").is_none() {
            response["uid"] = review["request"]["uid"].clone();
        }
        if response["status"]["message"] == "LEAK" {
            response["status"]["message"] = self.secrets[0]["data"]["TOKEN"].clone();
        }
        if response["makes"] == "an account" {
            self.accounts.insert("left-behind".to_owned(), Vec::new());
        }
        let (api_version, kind) = ("admission.k8s.io/v1", "AdmissionReview");
        Ok(json!({"apiVersion": api_version, "kind": kind, "response": response}).to_string())
    }

    async fn accounts(&mut self) -> Result<BTreeMap<String, Vec<String>>> {
        Ok(self.accounts.clone())
    }
}

async fn failures(case: &str, answer: fn(&Value) -> Value) -> String {
    let fixtures = parse("plain: {data: {TOKEN: $canary}}").expect("a fixture");
    let cases: Vec<Case> = parse(case).expect("cases");
    let file = File {
        theme: "test".to_owned(),
        cases,
        fixtures,
    };
    let mut world = Scripted {
        answer,
        accounts: BTreeMap::new(),
        secrets: Vec::new(),
    };
    run(&mut world, &file).await.failures.join("\n")
}

const SAME: &str = "[{name: a, kind: Pod, steps: [{create: {spec: {a: 1}}, then: {same: true}}]}]";
const DENIED: &str = "
- name: a
  kind: Pod
  steps: [{secrets: {s: plain}, create: {spec: {a: 1}}, then: {denied: [spec]}}]";

fn patch(operations: &Value) -> Value {
    let patch = STANDARD.encode(operations.to_string());
    json!({"allowed": true, "patchType": "JSONPatch", "patch": patch})
}

fn deny(message: &str) -> Value {
    json!({"allowed": false, "status": {"code": 403, "message": message}})
}

#[tokio::test]
async fn a_world_that_does_the_right_thing_passes() {
    assert_eq!(failures(SAME, |_| json!({"allowed": true})).await, "");
    assert_eq!(failures(DENIED, |_| deny("the spec is wrong")).await, "");
}

#[tokio::test]
async fn a_wrong_verdict_is_noticed() {
    assert!(
        failures(SAME, |_| deny("no"))
            .await
            .contains("the request is denied: no")
    );
    assert!(
        failures(DENIED, |_| json!({"allowed": true}))
            .await
            .contains("should be denied")
    );
}

#[tokio::test]
async fn a_denial_that_says_something_else_is_noticed() {
    assert!(
        failures(DENIED, |_| deny("no"))
            .await
            .contains("the denial lacks")
    );
}

#[tokio::test]
async fn an_object_that_differs_is_shown() {
    let found = failures(SAME, |request| match &request["object"]["spec"]["b"] {
        Value::Null => patch(&json!([{"op": "add", "path": "/spec/b", "value": 2}])),
        _ => json!({"allowed": true}),
    });
    let found = found.await;
    assert!(
        found.contains("the object differs") && found.contains("+    \"b\": 2"),
        "{found}"
    );
}

#[tokio::test]
async fn a_patch_outside_of_the_specification_is_noticed() {
    let found = failures(SAME, |_| {
        patch(&json!([{"op": "remove", "path": "/metadata/name"}]))
    });
    assert!(found.await.contains("the patch touches `/metadata/name`"));
}

#[tokio::test]
async fn an_object_that_changes_when_posted_again_is_noticed() {
    let case = "[{name: a, kind: Pod, steps: [{create: {spec: {a: [1]}}, then: {changes: {spec: {a: [1, 1]}}}}]}]";
    let found = failures(case, |_| {
        patch(&json!([{"op": "add", "path": "/spec/a/-", "value": 1}]))
    });
    assert!(found.await.contains("posted again it changes"));
}

#[tokio::test]
async fn a_foreign_uid_is_noticed() {
    let found = failures(SAME, |_| json!({"allowed": true, "uid": "another"})).await;
    assert!(found.contains("does not repeat the uid"), "{found}");
}

#[tokio::test]
async fn a_leaked_value_is_noticed_and_not_repeated() {
    let found = failures(DENIED, |_| deny("LEAK")).await;
    assert!(
        found.contains("planted in Secret `s`, key `TOKEN` leaked (base64)"),
        "{found}"
    );
    assert!(!found.contains("Canary"), "{found}");
}

#[tokio::test]
async fn a_dry_run_that_leaves_something_behind_is_noticed() {
    let found = failures(SAME, |_| json!({"allowed": true, "makes": "an account"})).await;
    assert!(
        found.contains("a dry run has touched ServiceAccounts"),
        "{found}"
    );
}

#[tokio::test]
async fn a_denial_that_leaves_something_behind_is_noticed() {
    let found = failures(DENIED, |request| {
        let makes = if request["dryRun"] == true {
            "nothing"
        } else {
            "an account"
        };
        json!({"allowed": false, "makes": makes, "status": {"code": 403, "message": "the spec"}})
    });
    assert!(
        found
            .await
            .contains("a denied request has touched ServiceAccounts")
    );
}

#[tokio::test]
async fn a_dry_run_with_another_answer_is_noticed() {
    let found = failures(SAME, |request| {
        let warnings = if request["dryRun"] == true {
            json!([])
        } else {
            json!(["only now"])
        };
        json!({"allowed": true, "warnings": warnings})
    });
    assert!(found.await.contains("a dry run gives another answer"));
}

#[tokio::test]
async fn a_warning_that_nobody_expects_is_noticed() {
    let found = failures(SAME, |_| json!({"allowed": true, "warnings": ["look"]})).await;
    assert!(found.contains("unexpected warning: look"), "{found}");
}

#[test]
fn a_misspelt_expectation_is_an_error() {
    let case = "[{name: a, kind: Pod, steps: [{create: {}, then: {sane: true}}]}]";
    let error = parse::<Vec<Case>>(case).expect_err("must fail");
    assert!(format!("{error:#}").contains("sane"), "{error:#}");
}

#[test]
fn a_step_without_an_expectation_is_an_error() {
    let cases: Vec<Case> = parse("[{name: a, kind: Pod, steps: [{create: {}}]}]").expect("cases");
    let error = check(&cases[0], &BTreeMap::new()).expect_err("must fail");
    assert!(
        format!("{error:#}").contains("nothing is expected"),
        "{error:#}"
    );
}
